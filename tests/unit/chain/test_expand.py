"""A chain grows: agencies, nodes and SDKs after the fact."""

import shutil
import ssl
from pathlib import Path

import pytest

from hansa.chain import BuiltChain, ChainError, Ports, add_agency, add_node, add_sdk
from hansa.chain.expand import with_ports
from hansa.node.endpoint import Endpoint
from hansa.node.settings import load_node_settings

from .conftest import path_names
from .test_build import NODE_FILES
from .test_certificates import context, names, shake_hands

PORTS = Ports(40300, 40200, 40545)


def test_a_node_like_another(chain: BuiltChain, tmp_path: Path) -> None:
    like = chain.nodes[0].directory
    output = tmp_path / "node7"
    node_id = add_node(chain.directory / "cert/agency", output, like=like, ports=PORTS)
    assert path_names(output) == NODE_FILES
    settings = load_node_settings(output / "config.ini")
    assert settings.rpc.channel_listen == Endpoint("127.0.0.1", 40200)
    assert settings.rpc.jsonrpc_listen == Endpoint("127.0.0.1", 40545)
    assert settings.p2p.listen == Endpoint("127.0.0.1", 40300)
    assert settings.p2p.peers == load_node_settings(like / "config.ini").p2p.peers
    assert (output / "conf/node.nodeid").read_text().strip() == node_id.hex()
    assert names(output / "conf/node.crt")[0].endswith("CN=node7")
    genesis = "conf/group.1.genesis"
    assert (output / genesis).read_bytes() == (like / genesis).read_bytes()
    assert (output / "start.sh").stat().st_mode & 0o100
    shake_hands(
        context(like / "conf", "node", ssl.PROTOCOL_TLS_SERVER, "secp256k1"),
        context(output / "conf", "node", ssl.PROTOCOL_TLS_CLIENT, "secp256k1"),
    )


def test_a_node_like_one_without_peers_dials_that_one(chain: BuiltChain, tmp_path: Path) -> None:
    like = tmp_path / "node0"
    add_node(chain.directory / "cert/agency", like, like=chain.nodes[0].directory, ports=PORTS)
    text = (like / "config.ini").read_text().replace("listen_ip=127.0.0.1", "listen_ip=0.0.0.0")
    (like / "config.ini").write_text("\n".join(line for line in text.split("\n") if "node." not in line))
    add_node(chain.directory / "cert/agency", tmp_path / "node1", like=like, ports=Ports(40301, 40201, 40546))
    assert load_node_settings(tmp_path / "node1/config.ini").p2p.peers == (Endpoint("127.0.0.1", 40300),)


def test_an_agency_and_its_sdk(chain: BuiltChain, tmp_path: Path) -> None:
    shutil.copytree(chain.directory / "cert", tmp_path / "cert")
    agency = add_agency(tmp_path / "cert", "shop")
    assert agency.stat().st_mode & 0o077 == 0
    add_node(agency, tmp_path / "node0", like=chain.nodes[0].directory, ports=PORTS)
    add_sdk(agency, tmp_path / "sdk")
    shake_hands(
        context(tmp_path / "node0/conf/channel_cert", "node", ssl.PROTOCOL_TLS_SERVER, None),
        context(tmp_path / "sdk", "sdk", ssl.PROTOCOL_TLS_CLIENT, None),
    )
    add_sdk(agency, tmp_path / "elliptic", elliptic=True)
    assert path_names(tmp_path / "elliptic") == {"ca.crt", "sdk.crt", "sdk.key", "sdk.publickey"}
    assert names(tmp_path / "elliptic/sdk.crt")[1] == "OU=agency,O=fisco-bcos,CN=shop"


def test_an_agency_whose_certificate_stands_alone(chain: BuiltChain, tmp_path: Path) -> None:
    """build_chain.sh does not put the chain's certificate behind the agency's; nodes need it all the same."""
    agency = chain.directory / "cert/agency"
    alone = tmp_path / "agency"
    alone.mkdir()
    pem = (agency / "agency.crt").read_text()
    (alone / "agency.crt").write_text(pem[: pem.index("-----BEGIN", 1)])
    for name in ("agency.key", "ca.crt"):
        (alone / name).write_bytes((agency / name).read_bytes())
    add_sdk(alone, tmp_path / "sdk")
    assert [name.rpartition("CN=")[2] for name in names(tmp_path / "sdk/sdk.crt")] == [
        "sdk",
        "agency",
        "chain",
    ]


def test_what_exists_is_left_alone(chain: BuiltChain, tmp_path: Path) -> None:
    agency, like = chain.directory / "cert/agency", chain.nodes[0].directory
    with pytest.raises(ChainError, match="exists already"):
        add_agency(chain.directory / "cert", "agency")
    with pytest.raises(ChainError, match="exists already"):
        add_node(agency, like, like=like, ports=PORTS)
    with pytest.raises(ChainError, match="exists already"):
        add_sdk(agency, tmp_path)


def test_what_cannot_work_is_refused_and_leaves_nothing(chain: BuiltChain, tmp_path: Path) -> None:
    agency, like = chain.directory / "cert/agency", chain.nodes[0].directory
    with pytest.raises(ChainError, match="port 80"):
        add_node(agency, tmp_path / "node9", like=like, ports=Ports(80, 2, 3))
    with pytest.raises(ChainError, match="cannot be copied"):
        add_node(agency, tmp_path / "node9", like=tmp_path, ports=PORTS)
    with pytest.raises(ChainError, match="cannot be read"):
        add_node(tmp_path, tmp_path / "node9", like=like, ports=PORTS)
    with pytest.raises(ChainError, match="no name"):
        add_agency(chain.directory / "cert", "../shop")
    assert list(tmp_path.iterdir()) == []


def test_ports_are_changed_in_their_sections_only() -> None:
    before = (
        "[rpc]\n  listen_port=1\n  channel_listen_port = 2\n[p2p]\n channel_listen_port=3\n listen_port=4\n"
    )
    after = "[rpc]\n  listen_port=1\n  channel_listen_port=40200\n[p2p]\n channel_listen_port=3\n"
    after += " listen_port=40300\n"
    assert with_ports(before, PORTS) == after
