"""The `hansa` command: what it answers, with which status, and never with a traceback."""

import importlib
import sys
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hansa import __version__
from hansa.chain import BuiltChain, ChainPlan, build_chain, parse_hosts
from hansa.cli import hansa
from hansa.codec.ini import SettingsError


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> BuiltChain:
    """One node, not started."""
    return build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path_factory.mktemp("chain") / "nodes"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(hansa, [str(argument) for argument in arguments], prog_name="hansa")


def test_versions() -> None:
    assert run("--version").output == f"hansa, version {__version__}\n"
    assert run("node", "-v").output == f"FISCO-BCOS Version : 2.9.1\nHansa Version      : {__version__}\n"


def test_help_names_all_parts_without_importing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.cli.import_module", lambda name: pytest.fail(f"imported {name}"))
    result = run("--help")
    assert result.exit_code == 0
    for name in ("bench", "chain", "node"):
        assert f"\n  {name} " in result.output


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("fly").exit_code == 2


def test_build(tmp_path: Path) -> None:
    output = tmp_path / "nodes"
    result = run("chain", "build", "-l", "127.0.0.1:1", "-o", output, "-p", "40300,40200,40545", "-R", "-T")
    assert result.exit_code == 0
    assert f"All completed. Files in {output}" in result.output
    assert f"bash {output}/127.0.0.1/start_all.sh" in result.output
    config = (output / "127.0.0.1/node0/config.ini").read_text()
    for line in ("channel_listen_port=40200", "level=debug", "rsa_crypto_channel=false"):
        assert f"    {line}\n" in config


def test_build_from_a_file(tmp_path: Path) -> None:
    deployment = tmp_path / "deployment"
    deployment.write_text("127.0.0.1:1 bank 2\n")
    assert run("chain", "build", "-f", deployment, "-o", tmp_path / "nodes").exit_code == 0
    assert (tmp_path / "nodes/127.0.0.1/node0/conf/group.2.genesis").exists()


def test_a_failure_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    result = run("chain", "build", "-l", "127.0.0.1:1", "-o", tmp_path)
    assert result.exit_code == 1
    assert result.output == (
        f"Error: {tmp_path} exists already. Choose another folder with -o, or move this one away.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either with -l or with -f"),
        (("-l", "127.0.0.1:1", "-f", __file__), "either with -l or with -f"),
        (("-l", "127.0.0.1:1", "-v", "2.8.0"), "before 2.9.0"),
        (("-l", "127.0.0.1:1", "-C", "-1"), "-1 is not in the range"),
        (("-l", "127.0.0.1:1", "-c", "poa"), "'poa' is not one of"),
        (("-l", "127.0.0.1:1", "-g"), "leave -g out"),
        (("-l", "127.0.0.1:1", "-G"), "leave -G out"),
        (("-l", "127.0.0.1:1", "-d"), "hansa node -c config.ini"),
        (("-q",), "no binaries to list"),
        (("-l", "127.0.0.1:1", "-K", "x"), "leave -K out"),
        (("-l", "127.0.0.1:1", "-t", "x"), "leave -t out"),
        (("-l", "127.0.0.1:1", "-N"), "leave -N out"),
        (("-l", "127.0.0.1:1", "-Z"), "leave -Z out"),
    ],
)
def test_wrong_use_is_told_with_status_2(arguments: tuple[str, ...], words: str) -> None:
    result = run("chain", "build", *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_every_letter_of_build_chain_is_known() -> None:
    command = hansa.get_command(click.Context(hansa), "chain")
    assert isinstance(command, click.Group)
    known = {option for parameter in command.commands["build"].params for option in parameter.opts}
    assert {f"-{letter}" for letter in "lfveopqisdcCgGzt6kKXDTSFERNZ"} <= known


def test_expansion(chain: BuiltChain, tmp_path: Path) -> None:
    agency, like = chain.directory / "cert/agency", chain.nodes[0].directory
    result = run(
        "chain", "add-node", "-c", agency, "-o", tmp_path / "node9", "--like", like, "-p", "40300,40200,40545"
    )
    assert result.exit_code == 0
    assert (tmp_path / "node9/conf/node.nodeid").read_text().strip() in result.output
    result = run("chain", "add-sdk", "-c", agency, "-o", tmp_path / "sdk")
    assert result.exit_code == 0
    result = run("chain", "add-agency", "-c", chain.directory / "cert", "-a", "../x")
    assert (result.exit_code, result.output) == (
        1,
        'Error: "../x" is no name for an agency. Use letters, digits and . _ -.\n',
    )


def test_a_node_without_its_file_is_told() -> None:
    result = run("node", "-c", "/nowhere/config.ini")
    assert (result.exit_code, result.output) == (
        1,
        "Error: there is no file /nowhere/config.ini. Name the node's config.ini with -c.\n",
    )


@pytest.mark.parametrize(("answer", "status"), [(None, 0), (0, 0), (3, 3)])
def test_a_node_is_run_with_its_file(
    chain: BuiltChain, monkeypatch: pytest.MonkeyPatch, answer: int | None, status: int
) -> None:
    asked: list[Path] = []
    module = types.ModuleType("hansa.node.main")
    module.run = lambda path: (asked.append(path), answer)[1]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hansa.node.main", module)
    config = chain.nodes[0].config_file
    assert run("node", "-c", config).exit_code == status
    assert asked == [config]


def test_wrong_settings_are_told_without_a_traceback(
    chain: BuiltChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise SettingsError(
            file="config.ini", section="chain", key="id", line=9, problem="is odd", remedy="mend it"
        )

    module = types.ModuleType("hansa.node.main")
    module.run = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hansa.node.main", module)
    result = run("node", "-c", chain.nodes[0].config_file)
    assert (result.exit_code, result.output) == (1, "Error: config.ini:9: [chain] id: is odd. Mend it.\n")


def test_a_missing_kernel_is_told(chain: BuiltChain, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> types.ModuleType:
        if name == "hansa.node.main":
            raise ModuleNotFoundError("no kernel", name="hansa._kernel")
        return importlib.import_module(name)

    monkeypatch.setattr("hansa.cli.import_module", absent)
    result = run("node", "-c", chain.nodes[0].config_file)
    assert result.exit_code == 1
    assert "compiled kernel of hansa is missing" in result.output
