"""The judge is judged: each rule's violation is found, and a run without one passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cluster.nemesis.checker import StoredBlock, violations
from tests.cluster.nemesis.faults import Kill, Step, timetable
from tests.cluster.nemesis.history import Entry, Receipt, Recovered, Refused, Sent, Unanswered
from tests.cluster.nemesis.workload import Transfer, Workload

OPENING = {"a": 10, "b": 0}
FINAL = {"a": 3, "b": 7}


def receipt(digest: str, status: int) -> dict[str, Any]:
    return {"transactionHash": digest, "status": hex(status)}


CHAIN = (
    StoredBlock(5, {"hash": "0x5"}, (receipt("0x01", 0),)),
    StoredBlock(6, {"hash": "0x6"}, (receipt("0x02", 22),)),
)
ENTRIES: tuple[Entry, ...] = (
    Sent(0, "0x01", Transfer("a", "b", 7)),
    Sent(1, "0x01", Transfer("a", "b", 7)),
    Sent(1, "0x02", Transfer("a", "b", 7)),
    Sent(2, "0x03", Transfer("b", "a", 1)),
    Receipt(0, "0x01", 5, 0),
    Refused(1, "0x01", "AlreadyKnown"),
    Receipt(1, "0x02", 6, 22),
    Unanswered(2, "0x03", "the connection was lost", is_connected=False),
    Recovered(Kill((2,)), 1.5),
)


def judge(
    entries: tuple[Entry, ...] = ENTRIES,
    chain: tuple[StoredBlock, ...] = CHAIN,
    other: tuple[StoredBlock, ...] | None = None,
    final: dict[str, int] = FINAL,
) -> list[str]:
    chains = {0: chain, 1: chain if other is None else other}
    return violations(entries, chains, OPENING, {0: FINAL, 1: final})


def test_a_faultless_run_passes() -> None:
    assert judge() == []


def test_nodes_that_differ_are_found() -> None:
    forked = (CHAIN[0], replace(CHAIN[1], members={"hash": "0x66"}))
    assert judge(other=forked) == ["block 6 of node1 is not that of node0"]
    assert judge(other=CHAIN[:1]) == ["node1 has 1 blocks, node0 has 2"]


def test_a_transaction_executed_twice_is_found() -> None:
    twice = (*CHAIN, StoredBlock(7, {"hash": "0x7"}, (receipt("0x01", 22),)))
    assert "0x01 is in block 5 and again in block 7" in judge(chain=twice)


@pytest.mark.parametrize(
    "lie", [Receipt(0, "0x01", 6, 0), Receipt(0, "0x01", 5, 22), Receipt(2, "0x03", 6, 0)]
)
def test_a_receipt_that_is_not_on_the_chain_is_found(lie: Receipt) -> None:
    (found,) = judge((*ENTRIES, lie))
    assert lie.hash in found
    assert "told" in found


def test_an_outcome_that_does_not_follow_is_found() -> None:
    wrong = (CHAIN[0], replace(CHAIN[1], receipts=(receipt("0x02", 0),)))
    assert "0x02 in block 6 has status 0, not 22" in judge(chain=wrong)
    assert judge(final={"a": 10, "b": 0}) == ["the balances on node1 do not follow from its blocks"]


def test_what_nobody_sent_is_found() -> None:
    invented = (*CHAIN, StoredBlock(7, {"hash": "0x7"}, (receipt("0x99", 0),)))
    assert judge(chain=invented) == ["0x99 in block 7 was never sent"]


def test_silence_on_a_living_connection_is_found() -> None:
    silent = Unanswered(2, "0x03", "no receipt within 30 s", is_connected=True)
    assert judge((*ENTRIES, silent)) == ["node2 never answered for 0x03: no receipt within 30 s"]


def test_a_standstill_is_found() -> None:
    assert judge((*ENTRIES, Recovered(Kill((0,)), None))) == ["no common progress after Kill(nodes=(0,))"]


def test_a_seed_decides_faults_and_work() -> None:
    def first(seed: int) -> list[Step]:
        steps = timetable(seed, 4)
        return [next(steps) for _ in range(12)]

    assert first(1) == first(1) != first(2)
    assert len({type(step.fault) for step in first(1)}) == 9
    one, same = Workload(3), Workload(3)
    assert [one.next() for _ in range(50)] == [same.next() for _ in range(50)]
