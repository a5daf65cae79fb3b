"""How long a view may last (node §4.1)."""

import pytest

from hansa.consensus.pbft.timing import RoundTimer


@pytest.mark.parametrize(
    ("cycle", "patience_ms"), [(0, 3000), (1, 4500), (2, 6750), (3, 10125), (40, 9975770)]
)
def test_patience_grows_by_half(cycle: int, patience_ms: int) -> None:
    timer = RoundTimer(3000, 0)
    for _ in range(cycle):
        timer.lose_patience()
    assert timer.deadline_ms() == patience_ms


def test_execution_has_the_agreed_time() -> None:
    timer = RoundTimer(8000, 1000)
    timer.prepare_arrived(1500)
    assert timer.deadline_ms() == 9500
    timer.execution_ended(6000)
    assert timer.deadline_ms() == 9000


def test_a_quorum_of_signs_begins_anew() -> None:
    timer = RoundTimer(8000, 1000)
    timer.prepare_arrived(1500)
    timer.execution_ended(1600)
    timer.sign_quorum_reached(2000)
    assert timer.deadline_ms() == 5000


def test_another_view_forgets_the_proposal() -> None:
    timer = RoundTimer(8000, 1000)
    timer.prepare_arrived(1500)
    timer.restart(4000)
    assert timer.deadline_ms() == 7000
