import pytest

from hansa.consensus.rpbft.tree import ancestors, children
from hansa.primitives import NodeId


def node(index: int) -> NodeId:
    return NodeId(bytes([index]) * 64)


def nodes(*indices: int) -> list[NodeId]:
    return [node(index) for index in indices]


WORKERS = nodes(*range(10))


def test_the_root_has_three_children_and_they_have_theirs() -> None:
    assert children(node(0), node(0), WORKERS, WORKERS) == nodes(1, 2, 3)
    assert children(node(1), node(0), WORKERS, WORKERS) == nodes(4, 5, 6)
    assert children(node(2), node(0), WORKERS, WORKERS) == nodes(7, 8, 9)
    assert children(node(3), node(0), WORKERS, WORKERS) == []


def test_positions_count_from_the_root() -> None:
    assert children(node(8), node(8), WORKERS, WORKERS) == nodes(9, 0, 1)
    assert children(node(9), node(8), WORKERS, WORKERS) == nodes(2, 3, 4)


def test_a_child_that_is_not_connected_is_replaced_by_its_own() -> None:
    connected = nodes(2, 3, 4, 6)
    assert children(node(0), node(0), WORKERS, connected) == nodes(2, 3, 4, 6)


@pytest.mark.parametrize("root", range(10))
def test_everybody_is_reached_once(root: int) -> None:
    reached = [child for each in WORKERS for child in children(each, node(root), WORKERS, WORKERS)]
    assert sorted(reached) == sorted(set(WORKERS) - {node(root)})


@pytest.mark.parametrize("root", range(10))
def test_ancestors_are_the_way_up(root: int) -> None:
    for each in WORKERS:
        way = ancestors(each, node(root), WORKERS)
        assert way[-1:] == ([] if each == node(root) else [node(root)])
        for child, parent in zip([each, *way], way, strict=False):
            assert child in children(parent, node(root), WORKERS, WORKERS)


def test_who_does_not_work_has_no_place() -> None:
    assert children(node(99), node(0), WORKERS, WORKERS) == []
    assert children(node(0), node(99), WORKERS, WORKERS) == []
    assert ancestors(node(99), node(0), WORKERS) == []
