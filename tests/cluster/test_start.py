"""A node that cannot start says in words what to change, and ends with 1."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.harness import HANSA, Cluster

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One node, built and not running."""
    cluster = Cluster.build(tmp_path_factory.mktemp("single"), count=1)
    try:
        yield cluster
    finally:
        cluster.close()


def start_and_fail(directory: Path) -> str:
    """Start a node that must end by itself; what it printed."""
    ended = subprocess.run(
        [HANSA, "node", "-c", "config.ini"], cwd=directory, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def break_port(directory: Path) -> None:
    edit(directory / "config.ini", "channel_listen_port=", "channel_listen_port=99")


def break_version(directory: Path) -> None:
    edit(directory / "config.ini", "supported_version=2.9.1", "supported_version=2.4.0")


def break_genesis(directory: Path) -> None:
    edit(directory / "conf" / "group.1.genesis", "consensus_type=pbft", "consensus_type=paxos")


def remove_genesis(directory: Path) -> None:
    (directory / "conf" / "group.1.genesis").unlink()


def break_storage(directory: Path) -> None:
    edit(directory / "conf" / "group.1.ini", "type=rocksdb", "type=mysql")


def break_key(directory: Path) -> None:
    (directory / "conf" / "node.key").write_text("no key")


def break_certificate(directory: Path) -> None:
    shutil.copy(directory / "conf" / "ca.crt", directory / "conf" / "node.crt")


def break_channel_certificate(directory: Path) -> None:
    (directory / "conf" / "channel_cert" / "node.crt").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (break_port, ["config.ini", "channel_listen_port"]),
        (break_version, ["config.ini", "supported_version", "2.9.0"]),
        (break_genesis, ["group.1.genesis", "consensus_type", "paxos"]),
        (remove_genesis, ["group.N.genesis", "put the genesis file"]),
        (break_storage, ["group.1.ini", "[storage] type", "rocksdb"]),
        (break_key, ["node.key"]),
        (break_certificate, ["node.crt"]),
        (break_channel_certificate, ["channel_cert", "node.crt"]),
    ],
)
def test_a_broken_file_is_named(
    single: Cluster, tmp_path: Path, damage: Callable[[Path], None], words: list[str]
) -> None:
    directory = tmp_path / "node"
    shutil.copytree(single.node_directory(0), directory)
    damage(directory)
    output = start_and_fail(directory)
    for word in words:
        assert word.lower() in output.lower(), output


def test_a_taken_port_is_named(single: Cluster) -> None:
    with socket.create_server(("127.0.0.1", single.base + 2000)):
        output = start_and_fail(single.node_directory(0))
    assert str(single.base + 2000) in output or "in use" in output


def test_the_data_of_another_chain_is_refused(single: Cluster, tmp_path: Path) -> None:
    directory = tmp_path / "node"
    shutil.copytree(single.node_directory(0), directory)
    running = Cluster(tmp_path, 1, single.base)
    single.start(0)
    single.stop(0)
    shutil.copytree(single.node_directory(0) / "data", directory / "data", dirs_exist_ok=True)
    edit(directory / "conf" / "group.1.genesis", "max_trans_num=1000", "max_trans_num=999")
    output = start_and_fail(directory)
    assert "put back the genesis file" in output
    assert not running.processes


def test_a_second_process_on_the_same_data_is_refused(single: Cluster, tmp_path: Path) -> None:
    single.start(0)
    try:
        output = start_and_fail(single.node_directory(0))
        assert "in use" in output or "already" in output or "another" in output.lower()
        assert single.answers(0)
    finally:
        single.stop(0)


def second_genesis(directory: Path) -> Path:
    """A second group like the first one."""
    conf = directory / "conf"
    shutil.copy(conf / "group.1.ini", conf / "group.2.ini")
    path = conf / "group.2.genesis"
    path.write_text((conf / "group.1.genesis").read_text().replace("id=1\n", "id=2\n"))
    return path


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(b"\x00\xff" * 100), ["group.2.genesis"]),
        (lambda path: edit(path, "consensus_type=pbft", "consensus_type=paxos"), ["consensus_type", "paxos"]),
        (lambda path: edit(path, "id=2\n", "id=1\n"), ["[group] id", "its name group 2"]),
    ],
)
def test_a_damaged_group_keeps_the_others_from_nothing(
    single: Cluster, damage: Callable[[Path], None], words: list[str]
) -> None:
    """Upstream one damaged genesis file keeps the whole process from starting."""
    directory = single.node_directory(0)
    genesis = second_genesis(directory)
    damage(genesis)
    try:
        single.start(0)
        assert single.rpc(0, "getGroupList") == [1]
        said = (directory / "nohup.out").read_text().split("a group is left out: ")[-1]
        for word in words:
            assert word in said
        assert single.stop(0) == 0
    finally:
        genesis.unlink()
        genesis.with_suffix(".ini").unlink()
