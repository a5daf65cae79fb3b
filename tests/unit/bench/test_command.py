"""`hansa bench`, as far as it needs no chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hansa.bench.command import bench
from tests.unit.bench.samples import sample_report


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


def test_compare_prints_ratios(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(sample_report().to_json())
    result = invoke("compare", path, path)
    assert result.exit_code == 0
    assert "1.00" in result.output


def test_a_page_is_made_of_a_report(tmp_path: Path) -> None:
    path, page = tmp_path / "a.json", tmp_path / "a.html"
    path.write_bytes(sample_report().to_json())
    assert invoke("page", path, page).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")


def test_other_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}")
    result = invoke("compare", path, path)
    assert result.exit_code == 1
    assert "other.json: not a report" in result.output


@pytest.mark.parametrize("endpoint", ["127.0.0.1", "host:", ":1", "host:0", "host:65536", "host:x"])
def test_an_endpoint_has_host_and_port(tmp_path: Path, endpoint: str) -> None:
    result = invoke("run", "--sdk", tmp_path, "--endpoint", endpoint)
    assert result.exit_code == 2
    assert "is not HOST:PORT" in result.output


def test_a_folder_without_certificates_is_told_in_words(tmp_path: Path) -> None:
    result = invoke("run", "--sdk", tmp_path, "--endpoint", "127.0.0.1:1")
    assert result.exit_code == 1
    assert str(tmp_path) in result.output


def test_an_account_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("no key")
    result = invoke("run", "--sdk", tmp_path, "--endpoint", "127.0.0.1:1", "--account", path)
    assert result.exit_code == 2
    assert "key.pem" in result.output
