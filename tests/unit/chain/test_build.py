"""The tree, its permissions, and that a build is all or nothing."""

import shlex
import stat
import tarfile
from pathlib import Path

import pytest

from hansa.chain import BuiltChain, ChainError, ChainPlan, build_chain, parse_deployment, parse_hosts
from hansa.chain.certificates import load_agency
from hansa.ledger.genesis import load_genesis_settings
from hansa.node.group_settings import load_group_settings
from hansa.node.settings import load_node_settings

from .conftest import NOW, path_names

NODE_FILES = {
    "config.ini",
    "start.sh",
    "stop.sh",
    "scripts/load_new_groups.sh",
    "scripts/monitor.sh",
    "scripts/process.sh",
    "scripts/reload_sdk_allowlist.sh",
    "scripts/reload_whitelist.sh",
    "conf/ca.crt",
    "conf/node.crt",
    "conf/node.key",
    "conf/node.nodeid",
    "conf/group.1.genesis",
    "conf/group.1.ini",
    "conf/channel_cert/ca.crt",
    "conf/channel_cert/node.crt",
    "conf/channel_cert/node.key",
}


def test_the_tree(chain: BuiltChain) -> None:
    assert path_names(chain.directory / "cert") == {
        "ca.key",
        "ca.crt",
        "agency/agency.key",
        "agency/agency.crt",
        "agency/ca.crt",
        "agency/channel/ca.key",
        "agency/channel/ca.crt",
    }
    for node in chain.nodes:
        assert path_names(node.directory) == NODE_FILES
    assert path_names(chain.sdk_directories[0]) == {"ca.crt", "sdk.crt", "sdk.key"}
    assert {path.name for path in (chain.directory / "127.0.0.1").iterdir()} == {
        "node0",
        "node1",
        "sdk",
        "start_all.sh",
        "stop_all.sh",
    }


def test_keys_are_for_their_owner_only_and_scripts_can_be_run(chain: BuiltChain) -> None:
    keys = list(chain.directory.rglob("*.key"))
    assert len(keys) == 3 + 2 * 2 + 1
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for script in chain.directory.rglob("*.sh"):
        assert script.stat().st_mode & stat.S_IXUSR
    assert stat.S_IMODE((chain.directory / "cert").stat().st_mode) == 0o700


def test_every_file_is_understood_by_the_node(chain: BuiltChain) -> None:
    sealers = []
    for node in chain.nodes:
        settings = load_node_settings(node.config_file)
        genesis = load_genesis_settings(node.directory / "conf/group.1.genesis", settings.supported_version)
        group = load_group_settings(node.directory / "conf/group.1.ini")
        assert settings.warnings == genesis.warnings == group.warnings == ()
        assert settings.supported_version == (2, 9, 1)
        assert settings.certificates.key.exists()
        assert (node.directory / "conf/node.nodeid").read_text() == node.node_id.hex() + "\n"
        assert genesis.timestamp_ms == int(NOW.timestamp()) * 1000
        sealers.append(genesis.sealers)
    assert sealers == [tuple(sorted(node.node_id for node in chain.nodes))] * 2


def test_the_log_of_the_build_ends_well(tmp_path: Path) -> None:
    lines: list[str] = []
    built = build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes"), lines.append)
    assert (built.directory / "build.log").read_text().splitlines() == lines
    assert lines[-1] == f"All completed. Files in {tmp_path / 'nodes'}"


def test_an_existing_output_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    with pytest.raises(ChainError, match="exists already"):
        build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes"))
    assert list(tmp_path.rglob("*")) == [tmp_path / "nodes"]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    plan = ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes", authority=tmp_path / "missing")
    with pytest.raises(ChainError, match="cannot be read"):
        build_chain(plan)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if "configuration" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes"), interrupt)
    assert list(tmp_path.iterdir()) == []


def test_elliptic_certificates_for_sdks(elliptic_chain: BuiltChain) -> None:
    sdk = elliptic_chain.sdk_directories[0]
    assert path_names(sdk) == {"ca.crt", "sdk.crt", "sdk.key", "sdk.publickey"}
    assert len((sdk / "sdk.publickey").read_text()) == 129
    node = elliptic_chain.nodes[0]
    assert not (node.directory / "conf/channel_cert").exists()
    assert not load_node_settings(node.config_file).chain.rsa_crypto_channel


def test_several_agencies_groups_and_hosts(tmp_path: Path) -> None:
    nodes = parse_deployment("10.0.0.1:2 bank 1,3\n10.0.0.2:1 shop 3\n")
    built = build_chain(ChainPlan(nodes, tmp_path / "nodes", pack=True, deploy_names=True))
    names = [node.directory.relative_to(built.directory).as_posix() for node in built.nodes]
    assert names == [
        "10.0.0.1/node_10.0.0.1_30300",
        "10.0.0.1/node_10.0.0.1_30301",
        "10.0.0.2/node_10.0.0.2_30300",
    ]
    assert {path.name for path in (built.directory / "cert").iterdir()} == {
        "ca.crt",
        "ca.key",
        "bank",
        "shop",
    }
    last = built.nodes[2].directory / "conf"
    assert not (last / "group.1.genesis").exists()
    assert len(load_genesis_settings(last / "group.3.genesis", (2, 9, 1)).sealers) == 3
    first = built.nodes[0].directory / "conf"
    assert len(load_genesis_settings(first / "group.1.genesis", (2, 9, 1)).sealers) == 2
    assert len(load_node_settings(built.nodes[2].config_file).p2p.peers) == 3
    with tarfile.open(built.directory / "10.0.0.2.tar.gz") as archive:
        key = archive.getmember("10.0.0.2/node_10.0.0.2_30300/conf/node.key")
        assert key.mode == 0o600


def test_options_reach_the_files(tmp_path: Path) -> None:
    plan = ChainPlan(
        parse_hosts("127.0.0.1:1"),
        tmp_path / "nodes",
        chain_id=7,
        consensus="rpbft",
        supported_version=(2, 11, 1),
        free_storage=True,
        storage="mysql",
        hansa_command=("/opt/my hansa", "-x"),
    )
    node = build_chain(plan).nodes[0]
    settings = load_node_settings(node.config_file)
    genesis = load_genesis_settings(node.directory / "conf/group.1.genesis", settings.supported_version)
    assert (settings.chain.id, settings.supported_version) == (7, (2, 11, 1))
    assert (genesis.consensus, genesis.free_storage) == ("rpbft", True)
    assert load_group_settings(node.directory / "conf/group.1.ini").storage.type == "mysql"
    assert shlex.join(plan.hansa_command) in (node.directory / "start.sh").read_text()


def test_an_authority_from_elsewhere(chain: BuiltChain, tmp_path: Path) -> None:
    """An agency is as good an intermediate authority as any: the root above it is what nodes trust."""
    agency = chain.directory / "cert" / "agency"
    authority = tmp_path / "authority"
    authority.mkdir()
    for source, target in (("agency.key", "ca.key"), ("agency.crt", "ca.crt"), ("ca.crt", "root.crt")):
        (authority / target).write_bytes((agency / source).read_bytes())
    plan = ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes", authority=authority)
    node = build_chain(plan).nodes[0]
    assert (node.directory / "conf/ca.crt").read_bytes() == (authority / "root.crt").read_bytes()
    assert not (tmp_path / "nodes/cert/ca.key").exists()
    chain_below = load_agency(tmp_path / "nodes/cert/agency").certificates
    assert chain_below[0].issuer == chain_below[1].subject


def test_an_authority_whose_key_is_not_its_own_is_refused(chain: BuiltChain, tmp_path: Path) -> None:
    authority = tmp_path / "authority"
    authority.mkdir()
    (authority / "ca.crt").write_bytes((chain.directory / "cert/ca.crt").read_bytes())
    (authority / "ca.key").write_bytes((chain.directory / "cert/agency/agency.key").read_bytes())
    with pytest.raises(ChainError, match="does not belong to"):
        build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes", authority=authority))
    (authority / "ca.key").write_bytes((chain.directory / "cert/agency/channel/ca.key").read_bytes())
    with pytest.raises(ChainError, match="not a secp256k1 key"):
        build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes", authority=authority))
    (authority / "ca.key").write_text("nothing")
    with pytest.raises(ChainError, match="not an unencrypted private key"):
        build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), tmp_path / "nodes", authority=authority))
