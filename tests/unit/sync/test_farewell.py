"""Who left is told of its last block until it has it."""

from __future__ import annotations

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.blocks import Head
from hansa.sync.farewell import LEAVER_COUNT_MAX, Farewells
from hansa.sync.topology import GroupView

HEAD = Head(Height(58), Hash32(bytes(32)))


def node(number: int) -> NodeId:
    return NodeId(number.to_bytes(64, "big"))


def group(sealers: list[int], observers: list[int] | None = None) -> GroupView:
    return GroupView(node(1), tuple(map(node, sealers)), tuple(map(node, observers or [])), ())


def test_a_removed_sealer_and_a_removed_observer_are_told() -> None:
    farewells = Farewells()
    assert set(farewells.note_change(group([1, 2, 3], [4]), group([1, 2]), HEAD)) == {node(3), node(4)}
    assert farewells.last_block(node(3)) == farewells.last_block(node(4)) == HEAD
    assert farewells.last_block(node(2)) is None


def test_a_demoted_sealer_has_not_left() -> None:
    farewells = Farewells()
    assert list(farewells.note_change(group([1, 2, 3]), group([1, 2], [3]), HEAD)) == []


def test_who_leaves_itself_tells_nobody_of_it() -> None:
    assert list(Farewells().note_change(group([1, 2]), group([2]), HEAD)) == []


def test_it_is_told_again_until_it_stands_there() -> None:
    farewells = Farewells()
    list(farewells.note_change(group([1, 2, 3]), group([1, 2]), HEAD))
    assert farewells.note_height(node(3), Height(57))
    assert farewells.note_height(node(3), Height(57))
    assert not farewells.note_height(node(3), Height(58))
    assert farewells.last_block(node(3)) is None
    assert not farewells.note_height(node(9), Height(0))


def test_who_comes_back_is_a_member_like_others() -> None:
    farewells = Farewells()
    list(farewells.note_change(group([1, 2, 3]), group([1, 2]), HEAD))
    list(farewells.note_change(group([1, 2]), group([1, 2], [3]), HEAD))
    assert farewells.last_block(node(3)) is None


def test_memory_is_bounded() -> None:
    farewells = Farewells()
    count = LEAVER_COUNT_MAX + 10
    everybody = group(list(range(1, count + 2)))
    list(farewells.note_change(everybody, group([1]), HEAD))
    assert (
        sum(farewells.last_block(node(number)) is not None for number in range(count + 2)) == LEAVER_COUNT_MAX
    )
