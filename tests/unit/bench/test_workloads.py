"""Streams: deterministic, indifferent to order, and honest about what the chain must hold afterwards."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.bench.workload import Reading, Workload, WorkloadOptions
from hansa.bench.workloads import WORKLOADS, make_workload
from hansa.bench.workloads.mixed import Mixed
from hansa.bench.workloads.rows import table_name
from hansa.bench.workloads.transfers import OPENING_BALANCE, Transfers, dag_transfers, serial_transfers
from hansa.primitives import Address

OPTIONS = WorkloadOptions(accounts=10, seed="s")


def addresses_for(workload: Workload) -> list[Address]:
    return [Address(bytes([index + 1]) * 20) for index in range(len(workload.contracts))]


def values(readings: list[Reading]) -> list[tuple[object, ...]]:
    return [reading.expected for reading in readings]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_stream_is_deterministic_and_travels_to_other_processes(name: str) -> None:
    workload = make_workload(name, OPTIONS)
    copy = pickle.loads(pickle.dumps(workload))
    addresses = addresses_for(workload)
    assert workload.name == name
    actions = [workload.action(addresses, number) for number in range(40)]
    assert [copy.action(addresses, number) for number in range(40)] == actions
    assert len({(action.to, action.data) for action in actions}) > 1
    assert workload.preparation(addresses) == copy.preparation(addresses)


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_expected_state_does_not_depend_on_the_order(name: str) -> None:
    workload = make_workload(name, OPTIONS)
    addresses = addresses_for(workload)
    numbers = list(range(0, 60, 3))
    assert workload.readings(addresses, numbers) == workload.readings(addresses, reversed(numbers))


@pytest.mark.parametrize("name", ["serial", "parallel", "dag", "table", "kv", "mixed"])
def test_what_is_executed_changes_the_expected_state(name: str) -> None:
    workload = make_workload(name, OPTIONS)
    addresses = addresses_for(workload)
    assert workload.readings(addresses, range(7)) != workload.readings(addresses, [])


@given(st.integers(0, 10_000), st.integers(2, 50), st.floats(0, 1))
def test_a_transfer_has_two_parties(number: int, accounts: int, conflicts: float) -> None:
    workload = serial_transfers(WorkloadOptions(accounts, conflicts))
    assert isinstance(workload, Transfers)
    source, target = workload.parties(number)
    assert source != target
    assert 0 <= source < accounts
    assert 0 <= target < accounts


def test_neighbours_share_no_account_without_conflicts() -> None:
    workload = dag_transfers(WorkloadOptions(accounts=100))
    assert isinstance(workload, Transfers)
    parties = Counter(account for number in range(50) for account in workload.parties(number))
    assert max(parties.values()) == 1
    assert len(parties) == 100


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_share_of_conflicts_is_kept(share: float) -> None:
    workload = dag_transfers(WorkloadOptions(accounts=1000, conflicts=share))
    assert isinstance(workload, Transfers)
    hot = sum(0 in workload.parties(number) for number in range(10_000)) / 10_000
    assert hot == pytest.approx(share, abs=0.01)


def test_balances_add_up() -> None:
    workload = dag_transfers(WorkloadOptions(accounts=6, conflicts=0.3))
    balances = [reading.expected for reading in workload.readings([], range(100))]
    assert all(code == 0 for code, _ in balances)
    assert sum(balance for _, balance in balances) == 6 * OPENING_BALANCE


def test_rows_and_amounts() -> None:
    workload = make_workload("table", WorkloadOptions(accounts=2))
    addresses = addresses_for(workload)
    # Owner 0 has requests 0 to 3: a further row with 5, two raises by 1, a row that passes. The next four
    # are owner 1's.
    assert values(workload.readings(addresses, range(4))) == [(2, 7), (1, 0)]
    assert values(workload.readings(addresses, [1, 2, 4, 5])) == [(1, 1), (2, 6)]


def test_counters() -> None:
    workload = make_workload("kv", WorkloadOptions(accounts=3))
    assert values(workload.readings(addresses_for(workload), range(4))) == [(2,), (1,), (1,)]


def test_table_names_fit() -> None:
    assert len(table_name(Address(b"\xff" * 20))) <= 48


def test_only_reads_are_reads() -> None:
    for name in WORKLOADS:
        workload = make_workload(name, OPTIONS)
        kinds = {workload.action(addresses_for(workload), number).is_read for number in range(20)}
        assert kinds == {"call": {True}, "mixed": {True, False}}.get(name, {False})


def test_a_mixture_keeps_shares_and_gives_parts_their_own_numbers() -> None:
    parts = [(make_workload("kv", OPTIONS), 1), (make_workload("dag", OPTIONS), 2)]
    mixed = Mixed.create(parts)
    assert mixed.pattern == (0, 1, 1)
    assert [mixed.place(number) for number in range(6)] == [(0, 0), (1, 0), (1, 1), (0, 1), (1, 2), (1, 3)]
    addresses = addresses_for(mixed)
    assert len(addresses) == 1  # the ledger at 0x5002 is not deployed
    assert mixed.action(addresses, 4) == parts[1][0].action([], 2)
    readings = mixed.readings(addresses, [0, 1])
    assert readings == [*parts[0][0].readings(addresses, [0]), *parts[1][0].readings([], [0])]


def test_the_stream_does_not_run_out_of_balance() -> None:
    workload = serial_transfers(WorkloadOptions(accounts=2))
    balances = [reading.expected[0] for reading in workload.readings([Address(bytes(20))], range(1001))]
    assert min(balances) >= OPENING_BALANCE - 1  # forth and back
