"""When a configured peer is dialled."""

from hansa.p2p.dialling import STABLE_S, DialSchedule


def test_attempts_are_close_together_at_first_and_every_10_seconds_later() -> None:
    schedule = DialSchedule()
    assert [schedule.next_delay() for _ in range(8)] == [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]


def test_a_session_that_lasted_makes_us_hurry_again_and_a_short_one_does_not() -> None:
    schedule = DialSchedule()
    for _ in range(6):
        schedule.next_delay()
    schedule.session_ended(STABLE_S - 0.1)
    assert schedule.next_delay() == 10.0
    schedule.session_ended(STABLE_S)
    assert schedule.next_delay() == 0.2
