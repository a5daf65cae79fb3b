"""group.N.genesis is read strictly, and turned into the rows a chain begins with."""

import pytest

from hansa.codec.ini import SettingsError
from hansa.ledger.genesis import (
    GenesisSettings,
    genesis_mark,
    genesis_rows,
    load_genesis_settings,
    parse_genesis_settings,
    working_sealers,
)

A, B, C, D = ("0a" * 64, "0b" * 64, "0c" * 64, "0d" * 64)


def genesis(
    consensus: str = "", *, group: str = "id=1", rest: str = "", nodes: tuple[str, ...] = (A,)
) -> str:
    lines = "\n".join(f"node.{index}={node}" for index, node in enumerate(nodes))
    return f"[group]\n{group}\n[consensus]\n{lines}\n{consensus}\n{rest}"


def parsed(text: str) -> GenesisSettings:
    return parse_genesis_settings(text, "conf/group.1.genesis", (2, 9, 1))


def test_defaults() -> None:
    settings = parsed(genesis(nodes=(B, A)))
    assert [sealer.hex() for sealer in settings.sealers] == [A, B]
    assert (settings.group_id, settings.timestamp_ms) == (1, 2**63 - 1)
    assert (settings.consensus, settings.consensus_timeout_s) == ("pbft", 3)
    assert (settings.block_transaction_count_max, settings.transaction_gas_limit) == (1000, 300_000_000)
    assert (settings.epoch_sealer_count, settings.epoch_block_count) == (2, 1000)
    assert (settings.election_ms_min, settings.election_ms_max) == (1000, 2000)
    assert (settings.event_block_range_max, settings.event_blocks_per_turn_max) == (0, 3)
    assert settings.supported_version == (2, 9, 1)
    assert not settings.free_storage
    assert settings.warnings == ()


def test_upper_case_ids_and_consensus_are_understood_and_the_mark_keeps_the_written_word() -> None:
    settings = parsed(genesis("consensus_type=PBFT", nodes=(A.upper(),)))
    assert settings.consensus == "pbft"
    assert genesis_mark(settings) == f"1-{A},-PBFT-storage-0-1000-300000000-3"


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        (genesis(group="id=0"), "id", "write such a number"),
        (genesis(group="id=32768"), "id", "write such a number"),
        (genesis(group="timestamp=1"), "id", "write id="),
        (genesis(group="id=1\ntimestamp=-1"), "timestamp", "write such a number"),
        (genesis("consensus_type=nonsense"), "consensus_type", "write one of: pbft, rpbft, raft"),
        (genesis("consensus_timeout=2"), "consensus_timeout", "write such a number"),
        (genesis("max_trans_num=0"), "max_trans_num", "write such a number"),
        (genesis("epoch_block_num=1"), "epoch_block_num", "write such a number"),
        (genesis("min_elect_time=3000\nmax_elect_time=2000"), "max_elect_time", "write such a number"),
        (genesis(nodes=("12",)), "node.0", "128 hexadecimal digits"),
        (genesis(nodes=("zz" * 64,)), "node.0", "128 hexadecimal digits"),
        (genesis(nodes=()), None, "add a node.N line"),
        (genesis(nodes=(A, B, A)), None, "keep one node.N line"),
        (genesis(rest="[state]\ntype=mpt"), "type", "write type=storage"),
        (genesis(rest="[evm]\nenable_free_storage=yes"), "enable_free_storage", "write true or false"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_a_remedy(text: str, key: str | None, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    assert caught.value.key == key
    assert remedy in caught.value.remedy
    assert "conf/group.1.genesis" in str(caught.value)


def test_unknown_keys_are_listed() -> None:
    (warning,) = parsed(genesis("max_trans_nun=7")).warnings
    assert "[consensus] max_trans_nun: unknown key" in warning


def test_a_missing_file_is_a_settings_error(tmp_path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_genesis_settings(tmp_path / "group.1.genesis", (2, 9, 1))


def test_rows_of_a_pbft_group() -> None:
    rows = genesis_rows(parsed(genesis(nodes=(B, A))))
    assert rows == [
        ("_sys_config_", [("key", "tx_count_limit"), ("value", "1000"), ("enable_num", "0")]),
        ("_sys_config_", [("key", "tx_gas_limit"), ("value", "300000000"), ("enable_num", "0")]),
        ("_sys_config_", [("key", "consensus_timeout"), ("value", "3"), ("enable_num", "0")]),
        ("_sys_consensus_", [("name", "node"), ("type", "sealer"), ("node_id", A), ("enable_num", "0")]),
        ("_sys_consensus_", [("name", "node"), ("type", "sealer"), ("node_id", B), ("enable_num", "0")]),
    ]


def test_rows_of_an_rpbft_group_name_its_parameters_and_working_sealers() -> None:
    rows = genesis_rows(parsed(genesis("consensus_type=rpbft\nepoch_sealer_num=1", nodes=(A, B, C))))
    parameters = {fields[0][1]: fields[1][1] for table, fields in rows if table == "_sys_config_"}
    types = [fields[1][1] for table, fields in rows if table == "_sys_consensus_"]
    assert list(parameters) == [
        "tx_count_limit",
        "tx_gas_limit",
        "rpbft_epoch_sealer_num",
        "rpbft_epoch_block_num",
        "notify_rotate",
        "consensus_timeout",
    ]
    assert (parameters["rpbft_epoch_sealer_num"], parameters["notify_rotate"]) == ("1", "0")
    assert sorted(types) == ["sealer", "sealer", "wSealer"]


def test_working_sealers_are_drawn_from_the_end_by_hashes() -> None:
    settings = parsed(genesis("consensus_type=rpbft\nepoch_sealer_num=2", nodes=(A, B, C, D)))

    def chain_hash(data: bytes) -> bytes:
        return data[:1].rjust(32, b"\0")  # 10, 11, 12 and 13

    # i=3: D(13) mod 4 = 1 → A D C B;  i=2: C(12) mod 3 = 0 → C D A B;  i=1: D(13) mod 2 = 1 → stays
    assert {sealer.hex() for sealer in working_sealers(settings, chain_hash)} == {C, D}


def test_all_sealers_work_where_the_epoch_has_room() -> None:
    settings = parsed(genesis("consensus_type=rpbft", nodes=(A, B, C)))
    assert working_sealers(settings, lambda data: b"") == frozenset(settings.sealers)
