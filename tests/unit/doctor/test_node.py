"""A node's folder: settings, groups, ports, peers, disk."""

from __future__ import annotations

import asyncio
import shutil
import socket
from dataclasses import replace
from pathlib import Path

from hansa.doctor.facts import Dial, Disk, Port
from hansa.doctor.files import read_node
from hansa.doctor.findings import Finding, Severity
from hansa.doctor.network import dial_peers, try_ports
from hansa.doctor.node import DISK_BYTES_MIN, DISK_BYTES_WARNING, check_node, node_id_of
from hansa.node.endpoint import Endpoint
from tests.unit.doctor.conftest import NOW, Folders, only


def judged(chain: Folders) -> list[Finding]:
    facts = read_node(chain.node)
    return check_node(replace(facts, disk=None), NOW)


def test_a_sound_folder_has_no_findings(chain: Folders) -> None:
    assert judged(chain) == []


def test_settings_that_cannot_be_followed_keep_their_words(chain: Folders) -> None:
    chain.change("config.ini", "channel_listen_port=20200", "channel_listen_port=443")
    finding = only(judged(chain))
    assert finding.severity is Severity.ERROR
    assert finding.where == f"{chain.node / 'config.ini'}:3: [rpc] channel_listen_port"
    assert finding.problem == '"443" is not a whole number from 1025 to 65535'
    assert finding.remedy.startswith("write such a number")


def test_an_unsupported_version(chain: Folders) -> None:
    chain.change("config.ini", "supported_version=2.9.1", "supported_version=3.0.0")
    assert "2.9.0 to 2.11.x" in only(judged(chain)).problem


def test_a_key_that_nobody_knows(chain: Folders) -> None:
    chain.change("config.ini", "[rpc]", "[rpc]\n    chanel_port=1")
    finding = only(judged(chain))
    assert finding.severity is Severity.WARNING
    assert finding.problem == "[rpc] chanel_port: unknown key, ignored"


def test_a_missing_config(tmp_path: Path) -> None:
    assert "cannot be read" in only(check_node(read_node(tmp_path), NOW)).problem


def test_a_genesis_that_cannot_be_followed(chain: Folders) -> None:
    chain.change("conf/group.1.genesis", "consensus_type=pbft", "consensus_type=proof-of-work")
    finding = only(judged(chain))
    assert finding.where.startswith(str(chain.conf / "group.1.genesis"))
    assert "proof-of-work" in finding.problem


def test_group_settings_that_cannot_be_followed(chain: Folders) -> None:
    chain.change("conf/group.1.ini", "type=rocksdb", "type=stone")
    assert "stone" in only(judged(chain)).problem


def test_a_genesis_under_the_name_of_another_group(chain: Folders) -> None:
    (chain.conf / "group.1.genesis").rename(chain.conf / "group.2.genesis")
    assert "named for group 2 and is of group 1" in only(judged(chain)).problem


def test_a_folder_without_groups(chain: Folders) -> None:
    (chain.conf / "group.1.genesis").unlink()
    finding = only(judged(chain))
    assert finding.severity is Severity.ERROR
    assert "no group.N.genesis" in finding.problem


def test_a_node_that_is_no_first_sealer(chain: Folders, stranger: Folders) -> None:
    shutil.copy(stranger.conf / "group.1.genesis", chain.conf / "group.1.genesis")
    finding = only(judged(chain))
    assert finding.severity is Severity.NOTE
    assert "is not among the 1 first sealers" in finding.problem
    assert "addObserver" in finding.remedy


def test_a_node_id_file_of_another_node(chain: Folders, stranger: Folders) -> None:
    shutil.copy(stranger.conf / "node.nodeid", chain.conf / "node.nodeid")
    finding = only(judged(chain))
    assert finding.severity is Severity.WARNING
    assert node_id_of(read_node(chain.node))[:8] in finding.problem


def test_two_doors_at_one_port(chain: Folders) -> None:
    endpoint = Endpoint("127.0.0.1", 20200)
    ports = (Port("[p2p] listen_port", endpoint, ""), Port("[rpc] channel_listen_port", endpoint, "x"))
    facts = replace(read_node(chain.node), disk=None, ports=ports)
    assert "are both 20200" in only(check_node(facts, NOW)).problem


def test_a_port_that_another_program_holds(chain: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        chain.change("config.ini", "jsonrpc_listen_port=8545", f"jsonrpc_listen_port={taken}")
        facts = read_node(chain.node)
        assert facts.settings is not None
        port = next(port for port in try_ports(facts.settings) if port.endpoint.port == taken)
    finding = only(check_node(replace(facts, disk=None, ports=(port,)), NOW))
    assert finding.severity is Severity.ERROR
    assert finding.problem == f"the node cannot listen at 127.0.0.1:{taken}: another program listens there"


def test_an_address_that_is_not_of_this_host(chain: Folders) -> None:
    chain.change("config.ini", "jsonrpc_listen_ip=127.0.0.1", "jsonrpc_listen_ip=192.0.2.1")
    settings = read_node(chain.node).settings
    assert settings is not None
    obstacles = [port.obstacle for port in try_ports(settings) if port.endpoint.host == "192.0.2.1"]
    assert obstacles == ["this host has no such address"]


def test_peers_that_refuse_and_peers_that_are_away(chain: Folders) -> None:
    dials = (
        Dial(Endpoint("127.0.0.1", 30301), connected=False, refusal="nothing listens there"),
        Dial(Endpoint("127.0.0.1", 30302), connected=True, refusal="its certificate has expired"),
        Dial(Endpoint("127.0.0.1", 30303), connected=True, refusal=""),
    )
    findings = check_node(replace(read_node(chain.node), disk=None, dials=dials), NOW)
    assert [(finding.severity, finding.problem) for finding in findings] == [
        (Severity.WARNING, "nothing listens there"),
        (Severity.ERROR, "its certificate has expired"),
    ]


async def test_dialling_leaves_the_node_itself_out_and_says_who_is_away(chain: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    chain.change("config.ini", "node.1=127.0.0.1:30301", f"node.1=127.0.0.1:{free}")
    settings = read_node(chain.node).settings
    assert settings is not None
    assert await dial_peers(settings) == (
        Dial(Endpoint("127.0.0.1", free), connected=False, refusal="nothing listens there"),
    )


async def test_dialling_a_port_that_does_not_speak_tls(chain: Folders) -> None:
    async def chatter(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        chain.change("config.ini", "node.1=127.0.0.1:30301", f"node.1=127.0.0.1:{port}")
        settings = read_node(chain.node).settings
        assert settings is not None
        (dial,) = await dial_peers(settings)
    assert dial.connected
    assert dial.refusal == "it does not speak TLS, or speaks the SM variant: is this a P2P port?"


def test_a_full_disk(chain: Folders) -> None:
    facts = read_node(chain.node)
    for free, severity in ((DISK_BYTES_MIN - 1, Severity.ERROR), (DISK_BYTES_WARNING - 1, Severity.WARNING)):
        disk = Disk(chain.node, free, 1 << 40)
        assert only(check_node(replace(facts, disk=disk), NOW)).severity is severity
    assert check_node(replace(facts, disk=Disk(chain.node, DISK_BYTES_WARNING, 1 << 40)), NOW) == []
