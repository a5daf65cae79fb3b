"""Trees: who passes what on to whom."""

import pytest

from hansa.primitives import NodeId
from hansa.sync.topology import GroupView, reachable_children


def node(number: int) -> NodeId:
    return NodeId(bytes([number]) * 64)


def view(me: int, *, sealers: int = 4, observers: int = 0, absent: tuple[int, ...] = ()) -> GroupView:
    """Sealers are numbered from 0, observers follow; everybody is connected to everybody but `absent`."""
    nodes = [node(number) for number in range(sealers + observers)]
    connected = tuple(node(number) for number in range(len(nodes)) if number != me and number not in absent)
    return GroupView(node(me), tuple(nodes[:sealers]), tuple(nodes[sealers:]), connected)


def numbers(nodes: tuple[NodeId, ...]) -> list[int]:
    return [item[0] for item in nodes]


def test_children_follow_the_rule_three_p_plus_one():
    everybody = lambda _: True  # noqa: E731
    assert reachable_children(0, 14, everybody) == [1, 2, 3]
    assert reachable_children(1, 14, everybody) == [4, 5, 6]
    assert reachable_children(4, 14, everybody) == [13]
    assert reachable_children(5, 14, everybody) == []


def test_an_absent_child_is_replaced_by_its_children():
    assert reachable_children(0, 14, lambda position: position not in (1, 4)) == [2, 3, 5, 6, 13]


def test_the_root_of_four_reaches_everybody_directly():
    assert numbers(view(2).transaction_children(2)) == [3, 0, 1]
    for other in (0, 1, 3):
        assert view(other).transaction_children(2) == ()


def test_positions_count_from_the_root():
    assert numbers(view(8, sealers=9).transaction_children(8)) == [0, 1, 2]
    assert numbers(view(0, sealers=9).transaction_children(8)) == [3, 4, 5]
    assert numbers(view(1, sealers=9).transaction_children(8)) == [6, 7]


@pytest.mark.parametrize("sealers", [1, 2, 4, 7, 10, 40, 41])
def test_a_tree_reaches_every_sealer_exactly_once(sealers: int):
    for root in (0, sealers // 2, sealers - 1):
        reached = [
            number
            for me in range(sealers)
            for number in numbers(view(me, sealers=sealers).transaction_children(root))
        ]
        assert sorted(reached) == [number for number in range(sealers) if number != root]


def test_without_some_nodes_the_rest_is_still_reached():
    absent = (3, 5, 11)
    present = [number for number in range(20) if number not in absent]
    reached = [
        number
        for me in present
        for number in numbers(view(me, sealers=20, absent=absent).transaction_children(0))
    ]
    assert sorted(reached) == [number for number in present if number != 0]


def test_who_is_not_a_sealer_passes_nothing_on():
    assert view(4, observers=1).transaction_children(0) == ()
    assert view(0).transaction_children(4) == ()


def test_sealers_tell_sealers_and_the_observers_of_their_slot():
    assert numbers(view(0, observers=8).status_children()) == [1, 2, 3, 4, 5]
    assert numbers(view(3, observers=8).status_children()) == [0, 1, 2, 10, 11]
    assert numbers(view(3, observers=5).status_children()) == [0, 1, 2]


def test_an_observer_tells_those_below_it():
    assert numbers(view(1, sealers=1, observers=13).status_children()) == [4, 5, 6]
    assert numbers(view(4, sealers=1, observers=13).status_children()) == [13]


@pytest.mark.parametrize("observers", [0, 1, 7, 90])
def test_every_observer_hears_of_a_block_exactly_once(observers: int):
    total = 10 + observers
    heard = [
        number
        for me in range(total)
        for number in numbers(view(me, sealers=10, observers=observers).status_children())
        if number >= 10
    ]
    assert sorted(heard) == list(range(10, total))


def test_a_stranger_has_no_children():
    outsider = GroupView(node(200), (node(0),), (node(1),), (node(0), node(1)))
    assert outsider.status_children() == ()
    assert GroupView(node(200), (), (), (node(0),)).status_children() == ()
