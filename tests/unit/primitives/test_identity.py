"""Node ids as text."""

from __future__ import annotations

import pytest

from hansa.primitives import node_id_from_hex, node_id_to_hex


def test_text_form_is_lower_case_without_prefix() -> None:
    node_id = node_id_from_hex("AB" * 64)
    assert node_id == b"\xab" * 64
    assert node_id_to_hex(node_id) == "ab" * 64


@pytest.mark.parametrize("text", ["", "ab" * 63, "ab" * 65, "zz" * 64, "0x" + "ab" * 63])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal"):
        node_id_from_hex(text)
