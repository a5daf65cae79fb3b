"""Which of two sessions with one node stays."""

from itertools import permutations

import pytest

from hansa.p2p.duplicates import RACE_WINDOW_S, SILENCE_S, SessionFacts, replaces
from hansa.primitives import NodeId

SMALL, LARGE = NodeId(b"\x01" * 64), NodeId(b"\x02" * 64)


def facts(*, dialled: bool, began: float, heard: float | None = None) -> SessionFacts:
    return SessionFacts(dialled, began, began if heard is None else heard)


def test_the_new_one_is_dropped_as_a_rule() -> None:
    for dialled in (True, False):
        old = facts(dialled=dialled, began=0, heard=99)
        for way in (True, False):
            assert not replaces(facts(dialled=way, began=100), old, us=LARGE, peer=SMALL)
    # Twice the same way is no race, however close together.
    assert not replaces(facts(dialled=True, began=0.1), facts(dialled=True, began=0), us=LARGE, peer=SMALL)


def test_a_session_that_has_fallen_silent_is_replaced() -> None:
    old = facts(dialled=True, began=0, heard=100)
    for way in (True, False):
        for us, peer in ((SMALL, LARGE), (LARGE, SMALL)):
            assert replaces(facts(dialled=way, began=100.1 + SILENCE_S), old, us=us, peer=peer)
            assert not replaces(facts(dialled=way, began=99.9 + SILENCE_S), old, us=us, peer=peer)


@pytest.mark.parametrize("gap", [0.0, 0.5, RACE_WINDOW_S - 0.01])
def test_both_ends_of_a_race_keep_the_same_session_whatever_order_they_see(gap: float) -> None:
    def survivor(us: NodeId, peer: NodeId, order: tuple[NodeId, ...]) -> NodeId:
        """Sessions are named by who dialled them; they come up in this order."""
        first, second = order
        old = facts(dialled=first == us, began=0)
        new = facts(dialled=second == us, began=gap)
        return second if replaces(new, old, us=us, peer=peer) else first

    orders = list(permutations((SMALL, LARGE)))
    assert {survivor(SMALL, LARGE, order) for order in orders} == {LARGE}
    assert {survivor(LARGE, SMALL, order) for order in orders} == {LARGE}
