"""Who counts for the next block, read from rows as the chain holds them."""

from collections.abc import Mapping, Sequence

import pytest

from hansa.ledger.membership import Epoch, Rows, load_epoch, load_membership
from hansa.primitives import Height, NodeId


def node(number: int) -> NodeId:
    return NodeId(bytes([number]) * 64)


def rows(*entries: tuple[int, str, int], **parameters: tuple[str, int]) -> Rows:
    """Nodes as (number, type, block that said so), parameters as (value, block that said so)."""

    def select(table: str, key: str) -> Sequence[Mapping[str, bytes]]:
        if table == "_sys_consensus_":
            return [
                {
                    "type": kind.encode(),
                    "node_id": node(number).hex().encode(),
                    "enable_num": str(since).encode(),
                }
                for number, kind, since in entries
            ]
        value, since = parameters.get(key, ("", 0))
        return [{"value": value.encode(), "enable_num": str(since).encode()}] if value else []

    return select


def test_without_marks_all_sealers_work() -> None:
    membership = load_membership(rows((3, "sealer", 0), (1, "sealer", 0), (2, "observer", 0)), Height(1))
    assert membership.sealers == membership.working == (node(1), node(3))
    assert (membership.observers, membership.pending) == ((node(2),), ())


def test_marked_sealers_work_and_the_others_wait() -> None:
    membership = load_membership(rows((3, "wSealer", 0), (1, "sealer", 0), (2, "wSealer", 0)), Height(1))
    assert membership.sealers == (node(1), node(2), node(3))
    assert (membership.working, membership.pending) == ((node(2), node(3)), (node(1),))
    assert node(1) in membership


def test_a_change_counts_from_the_next_block_on() -> None:
    changed = rows((1, "sealer", 0), (2, "wSealer", 6))
    assert load_membership(changed, Height(5)).sealers == (node(1),)
    assert load_membership(changed, Height(6)).sealers == (node(1), node(2))


def test_when_the_last_working_sealer_has_left_all_work() -> None:
    membership = load_membership(rows((1, "sealer", 0), (2, "sealer", 0)), Height(9))
    assert membership.working == (node(1), node(2))


def test_an_epoch_is_read_from_the_parameters() -> None:
    epoch = load_epoch(
        rows(rpbft_epoch_sealer_num=("4", 7), rpbft_epoch_block_num=("10", 3), notify_rotate=("1", 0))
    )
    assert epoch == Epoch(4, Height(7), 10, Height(3), is_overdue=True)
    assert load_epoch(rows()) == Epoch(0, Height(0), 0, Height(0), is_overdue=False)


@pytest.mark.parametrize(
    ("epoch", "height", "working", "sealers", "ends"),
    [
        (Epoch(4, Height(0), 10, Height(0), is_overdue=False), 10, 4, 6, True),
        (Epoch(4, Height(0), 10, Height(0), is_overdue=False), 11, 4, 6, False),
        (Epoch(4, Height(0), 10, Height(3), is_overdue=False), 13, 4, 6, True),
        (Epoch(4, Height(0), 10, Height(0), is_overdue=True), 11, 4, 6, True),
        (Epoch(5, Height(11), 10, Height(0), is_overdue=False), 11, 4, 6, True),
        (Epoch(5, Height(9), 10, Height(0), is_overdue=False), 11, 4, 6, True),
        (Epoch(7, Height(9), 10, Height(0), is_overdue=False), 11, 6, 6, False),
        (Epoch(0, Height(0), 0, Height(0), is_overdue=False), 11, 4, 4, False),
    ],
    ids=["over", "not-over", "counted-from-a-change", "overdue", "other-size", "too-few", "all-work", "pbft"],
)
def test_when_sealers_are_relieved(epoch: Epoch, height: int, working: int, sealers: int, ends: bool) -> None:
    assert epoch.ends_with(Height(height), working_count=working, sealer_count=sealers) is ends
