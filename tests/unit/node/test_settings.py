"""config.ini: defaults, ranges, old names, and errors that say how to mend them."""

from pathlib import Path

import pytest

from hansa.chain.plan import ChainPlan, parse_hosts
from hansa.chain.templates import config_ini
from hansa.kernel import Suite
from hansa.node.endpoint import Endpoint
from hansa.node.settings import (
    NodeSettings,
    SettingsError,
    load_node_settings,
    parse_node_settings,
    replace_peers,
)

VERSION = "[compatibility]\nsupported_version=2.9.1\n"
ID = "ab" * 64
FILE = Path("/chain/node0/config.ini")


def parsed(text: str = "") -> NodeSettings:
    return parse_node_settings(VERSION + text, FILE)


def test_defaults() -> None:
    settings = parsed()
    assert settings.rpc.channel_listen == Endpoint("0.0.0.0", 20200)
    assert settings.rpc.jsonrpc_listen == Endpoint("127.0.0.1", 8545)
    assert settings.p2p.listen == Endpoint("0.0.0.0", 30300)
    assert settings.p2p.peers == ()
    assert settings.p2p.enable_compress
    assert settings.certificate_blacklist == settings.certificate_whitelist == frozenset()
    assert settings.certificates.check_issuer
    assert settings.certificates.ca_path is None
    assert settings.encryption is None
    assert (settings.chain.id, settings.chain.sm_crypto, settings.chain.rsa_crypto_channel) == (
        1,
        False,
        False,
    )
    assert settings.supported_version == (2, 9, 1)
    assert (settings.log.level, settings.log.file_size_mb_max, settings.log.flush) == ("info", 1024, True)
    assert settings.flow_control.requests_per_second_max is None
    assert settings.flow_control.outgoing_bytes_per_second_max is None
    assert settings.warnings == ()


def test_paths_are_relative_to_the_file() -> None:
    settings = parsed(
        "[group]\ngroup_data_path=/data\n[log]\nlog_path=./log\n[network_security]\ndata_path=keys"
    )
    assert settings.file == FILE
    assert settings.group_data_path == Path("/data")
    assert settings.group_config_path == Path("/chain/node0/conf")
    assert settings.log.path == settings.log.archive_path == Path("/chain/node0/log")
    assert settings.certificates.key == Path("/chain/node0/keys/node.key")
    assert settings.certificates.channel_path == Path("/chain/node0/keys/channel_cert")


def test_what_the_chain_builder_writes_is_understood_without_a_warning() -> None:
    plan = ChainPlan(
        parse_hosts("127.0.0.1:2"), Path("nodes"), debug_log=True, statistics=True, log_flush=False
    )
    settings = parse_node_settings(config_ini(plan, plan.nodes[1]), FILE)
    assert settings.warnings == ()
    assert settings.rpc.channel_listen == Endpoint("127.0.0.1", 20201)
    assert settings.p2p.peers == (Endpoint("127.0.0.1", 30300), Endpoint("127.0.0.1", 30301))
    assert settings.chain.rsa_crypto_channel
    assert (settings.log.level, settings.log.enable_statistic, settings.log.flush) == ("debug", True, False)
    assert settings.log.file_size_mb_max == 200


def test_old_names() -> None:
    settings = parsed(f"[rpc]\nlisten_ip=127.0.0.2\n[crl]\ncrl.0={ID}\n[cal]\ncal.7={ID}\n[secure]\nkey=k")
    assert settings.rpc.channel_listen.host == settings.rpc.jsonrpc_listen.host == "127.0.0.2"
    assert settings.certificate_blacklist == settings.certificate_whitelist == {bytes.fromhex(ID)}
    assert settings.certificates.key.name == "k"


def test_guomi_names_of_key_files() -> None:
    settings = parsed("[chain]\nsm_crypto=true")
    assert (settings.chain.suite, parsed("").chain.suite) == (Suite.SM, Suite.STANDARD)
    certificates = settings.certificates
    assert (certificates.key.name, certificates.certificate.name) == ("gmnode.key", "gmnode.crt")
    assert certificates.ca_certificate.name == "gmca.crt"


def test_encryption_and_its_secret() -> None:
    settings = parsed(
        "[storage_security]\nenable=true\nkey_manager_ip=10.0.0.1\nkey_manager_port=8150\ncipher_data_key=hunter2"
    )
    assert settings.encryption is not None
    assert settings.encryption.key_manager == Endpoint("10.0.0.1", 8150)
    assert settings.encryption.cipher_data_key == "hunter2"
    assert "hunter2" not in repr(settings)


def test_bandwidth_is_told_in_bytes() -> None:
    settings = parsed("[flow_control]\nlimit_req=1000\noutgoing_bandwidth_limit=2.5")
    assert settings.flow_control.requests_per_second_max == 1000
    assert settings.flow_control.outgoing_bytes_per_second_max == 327_680


def test_an_unknown_log_level_is_info_with_a_warning() -> None:
    settings = parsed("[log]\nlevel=loud")
    assert settings.log.level == "info"
    assert "level" in settings.warnings[0]


@pytest.mark.parametrize("version", ["2.9.0", "2.9.1", "2.10.0", "2.11.1", "2.11.9"])
def test_accepted_versions(version: str) -> None:
    settings = parse_node_settings(f"[compatibility]\nsupported_version={version}", FILE)
    assert settings.supported_version == tuple(map(int, version.split(".")))


@pytest.mark.parametrize("version", ["", "2.8.0", "2.12.0", "3.0.0", "v2.9.1", "2.9", "2.9.1-rc1"])
def test_refused_versions(version: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_node_settings(f"[compatibility]\nsupported_version={version}", FILE)
    assert (caught.value.section, caught.value.key) == ("compatibility", "supported_version")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("rpc", "channel_listen_port", "1024"),
        ("rpc", "jsonrpc_listen_port", "65536"),
        ("rpc", "channel_listen_ip", "localhost"),
        ("rpc", "disable_dynamic_group", "maybe"),
        ("p2p", "node.0", "127.0.0.1"),
        ("p2p", "listen_port", "80"),
        ("certificate_blacklist", "crl.0", "12"),
        ("network_security", "crypto_provider", "hsm"),
        ("chain", "id", "-1"),
        ("chain", "sm_crypto_channel", "true"),
        ("log", "max_log_file_size", "99"),
        ("log", "stat_flush_interval", "0"),
        ("flow_control", "limit_req", "0"),
        ("flow_control", "outgoing_bandwidth_limit", "much"),
    ],
)
def test_a_wrong_value_names_file_section_key_and_remedy(section: str, key: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(f"[{section}]\n{key}={value}")
    error = caught.value
    assert (error.section, error.key, error.line) == (section, key, 4)
    assert error.remedy
    assert f"{FILE}:4: [{section}] {key}: " in str(error)


def test_contracts_are_named_in_one_line() -> None:
    names = "bank.points:Points, bank.votes:Votes@120000"
    settings = parse_node_settings(f"{VERSION}[execution]\ncontracts={names}\n", FILE)
    assert settings.contracts == ("bank.points:Points", "bank.votes:Votes@120000")
    assert parse_node_settings(VERSION, FILE).contracts == ()


@pytest.mark.parametrize(
    "names", ["a:B,", ",", "a:B,,c:D", "a:B, a:B", ",".join(f"a:B{i}" for i in range(257))]
)
def test_contracts_that_are_no_list_are_refused(names: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_node_settings(f"{VERSION}[execution]\ncontracts={names}\n", FILE)
    assert (caught.value.section, caught.value.key) == ("execution", "contracts")


def test_encryption_without_a_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="cipher_data_key"):
        parsed("[storage_security]\nenable=true\nkey_manager_ip=10.0.0.1")
    with pytest.raises(SettingsError, match="key_manager_ip"):
        parsed("[storage_security]\nenable=true\ncipher_data_key=k")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_node_settings(tmp_path / "config.ini")


def test_replacing_peers_leaves_every_other_line() -> None:
    before = (
        "[rpc]\n    node.0=no peer\n[p2p]\n    listen_port=1\n    node.0=a:1\n  node.1 = b:2\n    ;node.2=\n"
    )
    after = "[rpc]\n    node.0=no peer\n[p2p]\n    node.0=[::1]:9\n    listen_port=1\n    ;node.2=\n"
    assert replace_peers(before, [Endpoint("::1", 9)]) == after


def test_replacing_peers_needs_the_section() -> None:
    with pytest.raises(ValueError, match="no \\[p2p\\] section"):
        replace_peers("[rpc]\n", [])
