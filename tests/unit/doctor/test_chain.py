"""What a running node answers, judged without one."""

from __future__ import annotations

from dataclasses import replace

from hansa.doctor.chain import BEHIND_BLOCKS_MAX, CLOCK_DIFFERENCE_MS_MAX, check_chain
from hansa.doctor.facts import BlockStamp, ChainFacts, GroupState, PeerState
from hansa.doctor.findings import Finding, Severity
from hansa.primitives import Height
from tests.unit.doctor.conftest import only

NOW_MS = 1_800_000_000_000
NODES = tuple(digit * 128 for digit in "abcd")
GENESIS = "12" * 32

GROUP = GroupState(
    group_id=1,
    number=Height(7),
    genesis_hash=GENESIS,
    sealers=NODES,
    observers=(),
    peers=tuple(PeerState(node, GENESIS, Height(7)) for node in NODES[1:]),
    blocks=(BlockStamp(Height(6), 0, NOW_MS - 2000), BlockStamp(Height(7), 1, NOW_MS - 1000)),
)


def judged(group: GroupState, *, version: str = "2.9.1", node_id: str = NODES[0]) -> list[Finding]:
    return check_chain(ChainFacts("here", node_id, version, (group,)), NOW_MS)


def test_a_sound_chain_has_no_findings() -> None:
    assert judged(GROUP) == []


def test_a_node_without_groups() -> None:
    assert "runs no group" in only(check_chain(ChainFacts("here", "", "2.9.1", ()), NOW_MS)).problem


def test_a_version_that_a_node_of_ours_cannot_join() -> None:
    assert only(judged(GROUP, version="2.8.0")).severity is Severity.WARNING


def test_an_observer_is_told() -> None:
    group = replace(GROUP, sealers=NODES[1:], observers=NODES[:1])
    assert only(judged(group)).severity is Severity.NOTE


def test_no_member_is_told_how_to_become_one() -> None:
    finding = only(judged(replace(GROUP, sealers=NODES[1:])))
    assert finding.severity is Severity.WARNING
    assert "addObserver" in finding.remedy


def test_a_peer_of_another_chain() -> None:
    peers = (replace(GROUP.peers[0], genesis_hash="99" * 32), *GROUP.peers[1:])
    finding = only(judged(replace(GROUP, peers=peers)))
    assert finding.severity is Severity.ERROR
    assert "another genesis block (99999999… against 12121212…)" in finding.problem


def test_one_sealer_away_is_a_warning_and_two_stop_the_group() -> None:
    finding = only(judged(replace(GROUP, peers=GROUP.peers[1:])))
    assert finding.severity is Severity.WARNING
    assert finding.problem == "sealer bbbbbbbb… is not connected"
    *missing, standstill = judged(replace(GROUP, peers=GROUP.peers[2:]))
    assert len(missing) == 2
    assert standstill.severity is Severity.ERROR
    assert "2 of 4 sealers are connected and 3 are needed" in standstill.problem


def test_a_node_far_behind() -> None:
    peers = tuple(replace(peer, number=Height(7 + BEHIND_BLOCKS_MAX)) for peer in GROUP.peers)
    assert judged(replace(GROUP, peers=peers)) == []
    peers = tuple(replace(peer, number=Height(8 + BEHIND_BLOCKS_MAX)) for peer in GROUP.peers)
    assert "the node is at block 7, a peer at 28" in only(judged(replace(GROUP, peers=peers))).problem


def test_a_block_from_the_future() -> None:
    late = replace(GROUP.blocks[1], timestamp_ms=NOW_MS + CLOCK_DIFFERENCE_MS_MAX + 60_000)
    finding = only(judged(replace(GROUP, blocks=(GROUP.blocks[0], late))))
    assert finding.severity is Severity.ERROR
    assert "block 7 is 62 s in the future: the clock of sealer 1 is ahead" in finding.problem


def test_a_block_older_than_its_parent() -> None:
    early = replace(GROUP.blocks[1], timestamp_ms=GROUP.blocks[0].timestamp_ms - 5000)
    finding = only(judged(replace(GROUP, blocks=(GROUP.blocks[0], early))))
    assert "block 7 is 5 s older than its parent: the clocks of sealers 0 and 1 differ" in finding.problem
