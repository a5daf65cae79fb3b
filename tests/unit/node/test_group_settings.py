"""group.N.ini: defaults, ranges, and what an absent file means."""

from decimal import Decimal
from pathlib import Path

import pytest

from hansa.chain.plan import ChainPlan, parse_hosts
from hansa.chain.templates import group_ini
from hansa.codec.ini import SettingsError
from hansa.node.endpoint import Endpoint
from hansa.node.group_settings import GroupSettings, load_group_settings, parse_group_settings

ID = "ab" * 64


def parsed(text: str = "") -> GroupSettings:
    return parse_group_settings(text, "conf/group.1.ini")


def test_an_absent_file_means_the_defaults(tmp_path: Path) -> None:
    settings = load_group_settings(tmp_path / "group.1.ini")
    assert settings == parsed()
    assert settings.consensus.forwarding_depth == 2
    assert settings.consensus.block_interval_ms_min == 500
    assert settings.consensus.block_size_increase_ratio == Decimal("0.5")
    assert settings.consensus.enable_prepare_with_hashes
    assert settings.storage.type == "rocksdb"
    assert settings.storage.cache_bytes_max == 32 << 20
    assert settings.storage.database is None
    assert settings.pool.transaction_count_max == 102_400
    assert settings.pool.memory_bytes_max == 512 << 20
    assert settings.sync.transactions_by_tree
    assert settings.enable_parallel
    assert settings.sdk_allowlist == frozenset()


def test_what_the_chain_builder_writes_is_understood_without_a_warning() -> None:
    settings = parsed(group_ini(ChainPlan(parse_hosts("127.0.0.1:1"), Path("nodes"))))
    assert settings.warnings == ()
    assert settings.pool.transaction_count_max == 150_000
    assert settings.storage.type == "rocksdb"


def test_the_builders_choice_of_engine() -> None:
    plan = ChainPlan(parse_hosts("127.0.0.1:1"), Path("nodes"), storage="scalable")
    storage = parsed(group_ini(plan)).storage
    assert (storage.type, storage.binary_log, storage.scroll_threshold_blocks) == ("scalable", True, 2000)


def test_a_long_block_interval_stays_below_that_of_empty_blocks() -> None:
    assert parsed("[consensus]\nmin_block_generation_time=3000").consensus.block_interval_ms_min == 999


def test_the_database_of_the_mysql_engine_and_its_secret() -> None:
    settings = parsed("[storage]\ntype=MySQL\ndb_ip=10.0.0.2\ndb_name=g1\ndb_username=u\ndb_passwd=hunter2")
    database = settings.storage.database
    assert database is not None
    assert (database.address, database.name) == (Endpoint("10.0.0.2", 3306), "g1")
    assert (database.connection_count_initial, database.connection_count_max) == (15, 50)
    assert database.password == "hunter2"
    assert "hunter2" not in repr(settings)


def test_the_sdk_allow_list() -> None:
    assert parsed(f"[sdk_allowlist]\npublic_key.0={ID}").sdk_allowlist == {bytes.fromhex(ID)}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("consensus", "ttl", "6"),
        ("consensus", "block_size_increase_ratio", "2.5"),
        ("consensus", "prepare_status_broadcast_percent", "24"),
        ("consensus", "max_request_missedTxs_waitTime", "4"),
        ("consensus", "max_request_prepare_waitTime", "1001"),
        ("storage", "type", "External"),
        ("storage", "type", "oracle"),
        ("storage", "max_connections", "14"),
        ("tx_pool", "notify_worker_num", "0"),
        ("sync", "max_block_sync_memory_size", "31"),
        ("sync", "gossip_interval_ms", "3001"),
        ("sync", "print_info_interval", "1"),
        ("sdk_allowlist", "public_key.0", "ab"),
    ],
)
def test_a_wrong_value_names_file_section_key_and_remedy(section: str, key: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(f"[{section}]\n{key}={value}")
    error = caught.value
    assert (error.section, error.key, error.line) == (section, key, 2)
    assert error.remedy


def test_unknown_keys_are_listed() -> None:
    assert parsed("[tx_pool]\nlimits=1").warnings == (
        "conf/group.1.ini:2: [tx_pool] limits: unknown key, ignored",
    )
