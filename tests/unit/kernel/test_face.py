"""The compiled module is what its stub says, and every name of it is there to be imported."""

import subprocess
import sys

import pytest

import hansa._kernel
import hansa.kernel


def test_the_stub_matches_the_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "hansa._kernel"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_export_can_be_imported() -> None:
    compiled = {name for name in dir(hansa._kernel) if not name.startswith("_")}
    assert compiled == set(hansa.kernel.__all__)
    for name in hansa.kernel.__all__:
        assert getattr(hansa.kernel, name) is getattr(hansa._kernel, name)


def test_classes_name_their_home_and_objects_do_not_change() -> None:
    classes = [getattr(hansa.kernel, name) for name in hansa.kernel.__all__]
    assert {cls.__module__ for cls in classes if isinstance(cls, type)} == {"hansa._kernel"}
    header = hansa.kernel.Header(number=1, timestamp=2)
    with pytest.raises(AttributeError):
        header.number = 2  # type: ignore[misc]
