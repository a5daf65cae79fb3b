"""Joined machines: newcomers, liars, silent peers, strangers, restarts, and the number of packets."""

import pytest

from hansa.primitives import Height
from hansa.sync.blocks import PeerStatus
from tests.unit.sync.joined import GENESIS, TICK_MS, Cluster, hash_at, node_id

TIME_LIMIT_MS = 6_400


def lie(height: int) -> bytes:
    return b"a lie about %d" % height


def silent(height: int) -> None:
    return None


@pytest.mark.parametrize("seed", range(10))
def test_a_newcomer_downloads_though_one_peer_lies_and_one_is_silent(seed: int):
    cluster = Cluster([0, 300, 300, 300], sealers=4, seed=seed)
    newcomer = cluster.nodes[0]
    cluster.nodes[1].answer = lie
    cluster.nodes[2].answer = silent
    assert cluster.run_until(lambda: newcomer.height == 300, limit_ms=30_000)
    cluster.run_for(2 * TICK_MS)
    assert not newcomer.sync.is_syncing
    assert newcomer.misbehaved[3] == 0
    assert sum(newcomer.misbehaved[number] for number in (1, 2)) <= 4
    assert cluster.packets["request"] <= 40


def test_three_honest_peers_share_the_work_and_nothing_is_asked_twice():
    cluster = Cluster([0, 900, 900, 900], sealers=4)
    assert cluster.run_until(lambda: cluster.nodes[0].height == 900, limit_ms=5_000)
    asked = [height for _, _, _, start, count in cluster.requests for height in range(start, start + count)]
    assert sorted(asked) == list(range(1, 901))
    asked_of = {to for _, _, to, _, _ in cluster.requests}
    assert asked_of == {1, 2, 3}
    assert max(count for *_, count in cluster.requests) == 32
    assert cluster.nodes[0].misbehaved.total() == 0


def test_a_restart_goes_on_where_the_disk_ends():
    cluster = Cluster([0, 300, 300, 300], sealers=4)
    assert cluster.run_until(lambda: cluster.nodes[0].height >= 120, limit_ms=5_000)
    asked_before = len(cluster.requests)
    cluster.restart(0)
    assert cluster.run_until(lambda: cluster.nodes[0].height == 300, limit_ms=10_000)
    assert min(start for _, _, _, start, _ in cluster.requests[asked_before:]) == 121


def test_the_only_peer_is_enough():
    cluster = Cluster([0, 44], sealers=2)
    assert cluster.run_until(lambda: cluster.nodes[0].height == 44, limit_ms=3_000)
    first_four = [(start, count) for _, _, _, start, count in cluster.requests[:4]]
    # As a recorded node began: four ranges of eight.
    assert first_four == [(1, 8), (9, 8), (17, 8), (25, 8)]


def test_a_peer_that_lost_its_chain_is_not_blamed():
    cluster = Cluster([0, 100, 100], sealers=3)
    assert cluster.run_until(lambda: cluster.nodes[0].height >= 8, limit_ms=2_000)
    cluster.nodes[1].height = 0
    cluster.restart(1)
    assert cluster.run_until(
        lambda: cluster.nodes[0].height == 100 and cluster.nodes[1].height == 100, limit_ms=20_000
    )


def test_a_boasting_member_stops_sealing_for_one_time_limit_only():
    cluster = Cluster([47, 47, 47, 47], sealers=4)
    boaster = cluster.nodes[3]
    boaster.claimed_height = 1_000_000
    boaster.answer = silent
    cluster.run_for(10 * 60_000)
    for node in cluster.nodes[:3]:
        assert node.syncing_ms <= TIME_LIMIT_MS + 2 * TICK_MS
        assert not node.sync.is_syncing
        assert node.sync.known_highest.height == 47
    # 10 s, 20 s, 40 s … of silence between one request and the next.
    asked_by_first = [request for request in cluster.requests if request[1] == 0]
    assert len(asked_by_first) <= 4 + 7


def test_reconnecting_does_not_clear_a_members_record():
    cluster = Cluster([47, 47, 47, 47], sealers=4)
    cluster.nodes[3].claimed_height = 1_000_000
    cluster.nodes[3].answer = silent
    cluster.run_for(TIME_LIMIT_MS + 1_000)
    before_ms = cluster.nodes[0].syncing_ms
    assert before_ms > 0
    cluster.disconnect(0, 3)
    cluster.run_for(1_000)
    cluster.links |= {(0, 3), (3, 0)}
    cluster.run_for(60_000)
    assert cluster.nodes[0].syncing_ms == before_ms


def test_a_boasting_member_does_not_hide_the_honest_chain():
    cluster = Cluster([0, 120, 120, 120], sealers=4)
    cluster.nodes[3].claimed_height = 1_000_000
    cluster.nodes[3].answer = silent
    assert cluster.run_until(lambda: cluster.nodes[0].height == 120, limit_ms=20_000)


def test_a_boasting_stranger_never_stops_sealing():
    cluster = Cluster([47, 47, 47, 47, 47], sealers=4)
    stranger = cluster.nodes[4]
    stranger.claimed_height = 51
    stranger.answer = silent
    tell_everybody(cluster, stranger)
    cluster.run_for(5 * 60_000)
    for node in cluster.nodes[:4]:
        assert node.syncing_ms == 0
        assert node.sync.known_highest.height == 47


def tell_everybody(cluster: Cluster, stranger) -> None:
    """A stranger's own rules keep it silent; a hostile one has no rules."""

    def announce() -> None:
        status = PeerStatus(
            node_id(stranger.number), Height(stranger.claimed_height or stranger.height), GENESIS, hash_at(5)
        )
        for node in cluster.nodes[:4]:
            cluster.tell(node, status)
        cluster.at(1_000, announce)

    cluster.at(500, announce)


def test_a_newcomer_follows_strangers_its_old_chain_does_not_know():
    # It stands at a height where the group was node 0 and 1 only; those who run it now are strangers to it.
    cluster = Cluster([10, 10, 200, 200], sealers=2)
    for stranger in cluster.nodes[2:]:
        stranger.claimed_height = 200
        tell_everybody(cluster, stranger)
    assert cluster.run_until(lambda: cluster.nodes[0].height == 200, limit_ms=10_000)
    assert cluster.nodes[0].syncing_ms == 0


def test_a_sealer_leaves_the_next_block_to_its_own_consensus():
    cluster = Cluster([10, 10, 10, 10], sealers=4)
    cluster.run_for(1_000)
    for height in range(11, 41):
        for number in (1, 2, 3):
            cluster.commit(number, height)
        cluster.run_for(120)
        cluster.commit(0, height)
        cluster.run_for(50)
    assert cluster.requests == []
    assert cluster.nodes[0].syncing_ms == 0


def test_a_sealer_whose_consensus_missed_a_block_asks_after_half_a_second():
    cluster = Cluster([10, 10, 10, 10], sealers=4)
    cluster.run_for(1_000)
    began_ms = cluster.now_ms
    for number in (1, 2, 3):
        cluster.commit(number, 11)
    assert cluster.run_until(lambda: cluster.nodes[0].height == 11, limit_ms=2_000)
    assert 500 <= cluster.now_ms - began_ms <= 700


def test_an_observer_asks_at_once():
    cluster = Cluster([10, 10, 10], sealers=2, observers=1)
    cluster.run_for(1_000)
    began_ms = cluster.now_ms
    cluster.commit(0, 11)
    cluster.commit(1, 11)
    assert cluster.run_until(lambda: cluster.nodes[2].height == 11, limit_ms=2_000)
    assert cluster.now_ms - began_ms <= 30


def test_an_idle_chain_says_little():
    cluster = Cluster([10] * 7, sealers=7)
    cluster.run_for(1_000)
    cluster.packets.clear()
    cluster.run_for(60_000)
    heartbeat, gossip = 12 * 6, 48 * 3
    assert 7 * (heartbeat + gossip) * 0.9 <= cluster.packets["status"] <= 7 * (heartbeat + gossip) * 1.1
    assert cluster.packets.total() == cluster.packets["status"]


def test_a_committed_block_is_told_once_per_link():
    cluster = Cluster([10] * 34, sealers=4, observers=30)
    cluster.run_for(1_000)
    cluster.packets.clear()
    for number in range(4):
        cluster.commit(number, 11)
    began_ms = cluster.now_ms
    assert cluster.run_until(lambda: all(node.height == 11 for node in cluster.nodes), limit_ms=1_500)
    assert cluster.now_ms - began_ms <= 200
    assert cluster.packets["request"] == 30
    assert cluster.packets["blocks"] == 30
    told_of_commit = 4 * 3 + 30
    gossip_and_heartbeat = 34 * (3 + 33)
    assert cluster.packets["status"] <= told_of_commit + gossip_and_heartbeat
    # The tree shares the work: no sealer serves more than its children.
    served_by = [to for _, _, to, _, _ in cluster.requests]
    assert max(served_by.count(number) for number in range(4)) <= 8


def test_while_downloading_the_own_height_is_told_twice_a_second():
    cluster = Cluster([0, 2_000], sealers=2)
    began_ms = cluster.now_ms
    assert cluster.run_until(lambda: cluster.nodes[0].height == 2_000, limit_ms=30_000)
    seconds = (cluster.now_ms - began_ms) / 1_000
    assert cluster.packets["status"] <= 2 * (2 * seconds + seconds + 4)
