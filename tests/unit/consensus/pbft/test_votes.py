"""Quorums and who is counted."""

import pytest

from hansa.consensus.pbft.messages import Commit, Sign, ViewChange
from hansa.consensus.pbft.votes import CommitVotes, SignVotes, ViewChangeVotes, faulty_max, quorum
from hansa.primitives import Hash32, Height, View

ONE, OTHER = Hash32(b"\x01" * 32), Hash32(b"\x02" * 32)


@pytest.mark.parametrize(
    ("sealers", "faulty", "needed"),
    [(1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 3), (5, 1, 4), (7, 2, 5), (10, 3, 7)],
)
def test_a_quorum_is_all_but_those_who_may_fail(sealers: int, faulty: int, needed: int) -> None:
    assert faulty_max(sealers) == faulty
    assert quorum(sealers) == needed


@pytest.mark.parametrize("sealers", range(1, 60))
def test_two_quorums_share_an_honest_sealer(sealers: int) -> None:
    assert 2 * quorum(sealers) - sealers > faulty_max(sealers)


def sign(index: int, block_hash: Hash32 = ONE, *, height: int = 5, view: int = 0) -> Sign:
    return Sign(Height(height), View(view), index, 0, block_hash)


def commit(index: int, block_hash: Hash32 = ONE, *, height: int = 5, view: int = 0) -> Commit:
    return Commit(Height(height), View(view), index, 0, block_hash)


def view_change(index: int, view: int, *, height: int = 4) -> ViewChange:
    return ViewChange(Height(height), View(view), index, 0, ONE)


def test_signs_count_for_one_block_in_one_view() -> None:
    votes = SignVotes()
    for vote in (sign(3), sign(1), sign(2, OTHER), sign(0, view=1), sign(0, height=6)):
        votes.add(vote)
    assert [vote.index for vote in votes.matching(Height(5), View(0), ONE)] == [1, 3]


def test_a_sealer_signs_once_per_view() -> None:
    votes = SignVotes()
    votes.add(sign(1))
    votes.add(sign(1, OTHER))
    assert votes.matching(Height(5), View(0), OTHER) == []
    assert len(votes.matching(Height(5), View(0), ONE)) == 1


def test_signs_of_earlier_views_are_forgotten() -> None:
    votes = SignVotes()
    votes.add(sign(1))
    votes.add(sign(1, view=2))
    votes.add(sign(1, height=6))
    votes.forget_before(Height(5), View(1))
    assert votes.matching(Height(5), View(0), ONE) == []
    assert votes.matching(Height(5), View(2), ONE) != []
    assert votes.matching(Height(6), View(0), ONE) != []


def test_commits_count_across_views() -> None:
    votes = CommitVotes()
    for vote in (commit(0), commit(2, view=3), commit(1, OTHER), commit(1)):
        votes.add(vote)
    assert [vote.index for vote in votes.matching(Height(5), ONE)] == [0, 2]
    votes.forget_before(Height(6))
    assert votes.matching(Height(5), ONE) == []


def test_of_each_sealer_the_newest_wish_counts() -> None:
    votes = ViewChangeVotes()
    for vote in (view_change(0, 2), view_change(0, 1), view_change(1, 3), view_change(2, 9, height=3)):
        votes.add(vote)
    votes.add(view_change(2, 1))  # after another block its views begin anew
    assert len(votes.asking_for(View(2))) == 1
    assert len(votes.asking_for(View(9))) == 0
    assert sorted(vote.index for vote in votes.beyond(View(1))) == [0, 1]
    votes.forget(1)
    votes.forget_before(Height(5))
    assert list(votes.beyond(View(0))) == []
