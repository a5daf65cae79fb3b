from hansa.consensus.raft.patience import ElectionTimer, RaftTiming


def test_waits_are_drawn_in_whole_percents_between_the_bounds() -> None:
    timing = RaftTiming(1000, 2000)
    for drawn, expected in ((0, 1000), (50, 1500), (99, 1990)):
        assert ElectionTimer(timing, lambda count, drawn=drawn: drawn, 0).deadline_ms == expected


def test_failed_candidacies_lengthen_the_wait_up_to_a_bound_and_a_won_one_resets_it() -> None:
    draws = [0, 99]
    timer = ElectionTimer(RaftTiming(1000, 2000), lambda count: draws[0], 0)

    def bounds() -> tuple[int, int]:
        draws[0] = 0
        timer.restart(0)
        shortest = timer.deadline_ms
        draws[0] = 100
        timer.restart(0)
        return shortest, timer.deadline_ms

    seen = [bounds()]
    for _ in range(4):
        timer.candidacy_failed()
        seen.append(bounds())
    assert seen == [(1000, 2000), (1250, 2250), (1500, 2500), (1500, 2500), (1500, 2500)]
    timer.election_won()
    assert bounds() == (1000, 2000)


def test_equal_bounds_leave_nothing_to_chance() -> None:
    timer = ElectionTimer(RaftTiming(1000, 1000), lambda count: 99, 500)
    assert timer.deadline_ms == 1500


def test_a_leader_speaks_four_times_before_it_would_be_missed() -> None:
    assert RaftTiming(1000, 2000).heartbeat_ms == 250
    assert RaftTiming(1, 2).heartbeat_ms == 1
