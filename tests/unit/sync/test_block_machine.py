"""One block sync machine, told things one by one."""

from collections.abc import Sequence

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.announcing import AnnouncingSettings, StatusSchedule
from hansa.sync.blocks import (
    BlockImported,
    BlockRejected,
    BlocksReceived,
    BlockStale,
    BlockSync,
    ConsensusWorking,
    Effect,
    Head,
    HeadAdvanced,
    ImportBlock,
    PeerMisbehaved,
    PeerStatus,
    ReceivedBlock,
    RequestBlocks,
    SendStatus,
    SyncingChanged,
)
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.topology import GroupView

ME, A, B, STRANGER = (NodeId(bytes([number]) * 64) for number in range(4))
GENESIS = Hash32(b"g" * 32)


def hash_at(height: int) -> Hash32:
    return Hash32(height.to_bytes(32, "big"))


def view(connected: Sequence[NodeId] = (A, B), *, sealers: Sequence[NodeId] = (A, B)) -> GroupView:
    observers = () if ME in sealers else (ME,)
    return GroupView(ME, tuple(sealers), observers, tuple(connected))


def machine(
    height: int = 0,
    *,
    group: GroupView | None = None,
    memory_bytes_max: int = 512 << 20,
    consensus_brings_blocks: bool = True,
) -> BlockSync:
    sync = BlockSync(
        view=group or view(),
        head=Head(Height(height), hash_at(height)),
        genesis_hash=GENESIS,
        schedule=StatusSchedule(AnnouncingSettings(), lambda count: 0),
        choose=lambda count: 0,
        memory_bytes_max=memory_bytes_max,
        consensus_brings_blocks=consensus_brings_blocks,
    )
    sync.handle(Tick(), 0)
    return sync


def status(peer: NodeId, height: int, genesis: Hash32 = GENESIS) -> PeerStatus:
    return PeerStatus(peer, Height(height), genesis, hash_at(height))


def received(peer: NodeId, *heights: int, data: bytes = b"block") -> BlocksReceived:
    return BlocksReceived(peer, tuple(ReceivedBlock(Height(height), data) for height in heights))


def advanced(height: int) -> HeadAdvanced:
    return HeadAdvanced(Head(Height(height), hash_at(height)))


def without_status(effects: Sequence[Effect]) -> list[Effect]:
    return [effect for effect in effects if not isinstance(effect, SendStatus)]


def requests(effects: Sequence[Effect]) -> list[tuple[NodeId, int, int]]:
    return [(item.peer, item.start, item.count) for item in effects if isinstance(item, RequestBlocks)]


def test_a_higher_peer_is_asked_and_sealing_stops_until_level():
    sync = machine(5)
    assert without_status(sync.handle(status(A, 7), 10)) == [
        RequestBlocks(A, Height(6), 2),
        SyncingChanged(True),
    ]
    assert sync.is_owed_blocks(A)
    assert without_status(sync.handle(received(A, 7, 6), 20)) == [ImportBlock(Height(6), b"block")]
    assert not sync.is_owed_blocks(A)
    assert without_status(sync.handle(advanced(6), 30)) == []
    assert without_status(sync.handle(BlockImported(Height(6)), 30)) == [ImportBlock(Height(7), b"block")]
    assert without_status(sync.handle(advanced(7), 40)) == [SyncingChanged(False)]
    assert without_status(sync.handle(BlockImported(Height(7)), 40)) == []


def test_another_genesis_is_another_chain():
    sync = machine()
    assert sync.handle(status(A, 100, Hash32(bytes(32))), 1) == ()
    assert sync.peers == []


def test_a_status_without_a_session_is_not_believed():
    assert machine(group=view([A])).handle(status(B, 100), 1) == ()


def test_blocks_nobody_asked_for_are_dropped():
    sync = machine()
    assert without_status(sync.handle(received(A, 1, 2), 1)) == []
    sync.handle(status(A, 2), 2)
    assert without_status(sync.handle(received(B, 1, 2), 3)) == []
    assert without_status(sync.handle(received(A, 1, 1, 99), 4)) == [ImportBlock(Height(1), b"block")]


def test_a_silent_peer_is_replaced_after_the_time_limit_and_left_alone():
    sync = machine()
    sync.handle(status(A, 3), 0)
    sync.handle(status(B, 3), 1)
    assert without_status(sync.handle(Tick(), 6_399)) == []
    effects = without_status(sync.handle(Tick(), 6_400))
    assert isinstance(effects[0], PeerMisbehaved)
    assert effects[0].peer == A
    assert requests(effects) == [(B, 1, 3)]
    assert sync.is_syncing


def test_an_answer_after_the_time_limit_is_still_welcome():
    sync = machine(group=view([A]))
    sync.handle(status(A, 2), 0)
    assert SyncingChanged(False) in sync.handle(Tick(), 6_400)
    assert without_status(sync.handle(received(A, 1, 2), 7_000)) == [ImportBlock(Height(1), b"block")]


def test_parts_of_an_answer_stretch_the_time_limit_but_not_for_ever():
    sync = machine(group=view([A]))
    sync.handle(status(A, 8), 0)
    for part in range(1, 8):
        sync.handle(received(A, part), part * 2_700)
    assert sync.is_owed_blocks(A)
    assert without_status(sync.handle(Tick(), 19_199)) == []
    # Whoever sent parts is not blamed: the missing one is asked for again.
    assert requests(sync.handle(Tick(), 19_200)) == [(A, 8, 1)]


def test_a_wrong_block_discards_all_its_sender_sent():
    sync = machine()
    sync.handle(status(A, 16), 0)
    sync.handle(status(B, 16), 0)
    assert without_status(sync.handle(received(A, *range(1, 9)), 1)) == [ImportBlock(Height(1), b"block")]
    effects = without_status(sync.handle(BlockRejected(Height(1), "a bad signature"), 2))
    assert effects[0] == PeerMisbehaved(A, "block 1: a bad signature")
    assert requests(effects) == [(B, 1, 16)]


def test_a_block_consensus_committed_meanwhile_is_nobodys_fault():
    sync = machine()
    sync.handle(status(A, 2), 0)
    sync.handle(received(A, 1, 2), 1)
    sync.handle(advanced(1), 2)
    assert without_status(sync.handle(BlockRejected(Height(1), "does not follow"), 3)) == [
        ImportBlock(Height(2), b"block")
    ]
    sync.handle(advanced(2), 4)
    assert without_status(sync.handle(BlockStale(Height(2)), 5)) == []
    assert sync.known_highest.height == 2


def test_a_peer_that_leaves_frees_its_ranges():
    sync = machine()
    sync.handle(status(A, 4), 0)
    sync.handle(status(B, 4), 0)
    assert requests(sync.handle(GroupChanged(view([B])), 1)) == [(B, 1, 4)]
    assert [item.peer for item in sync.peers] == [B]
    assert without_status(sync.handle(received(A, 1, 2, 3, 4), 2)) == []


def test_nobody_left_means_nothing_to_wait_for():
    sync = machine()
    sync.handle(status(A, 4), 0)
    assert without_status(sync.handle(GroupChanged(view([])), 1)) == [SyncingChanged(False)]


def test_ranges_are_cut_at_what_each_peer_has():
    sync = machine()
    assert requests(sync.handle(status(A, 3), 0)) == [(A, 1, 3)]
    assert requests(sync.handle(status(B, 20), 0)) == [(B, 4, 8), (B, 12, 8), (B, 20, 1)]


def test_at_most_four_ranges_of_eight_to_thirty_two_within_the_window():
    sync = machine()
    assert requests(sync.handle(status(A, 10_000), 0)) == [(A, 1, 8), (A, 9, 8), (A, 17, 8), (A, 25, 8)]
    asked = 32
    for _ in range(40):
        for _, start, count in requests(sync.handle(received(A, *range(asked - 31, asked + 1)), 1)):
            assert count <= 32
            asked = start + count - 1
        if asked > 224:
            break
    assert asked == 256
    assert requests(sync.handle(received(A, *range(1, 300)), 2)) == []


def test_memory_bounds_what_is_under_way():
    block = bytes(100_000)
    sync = machine(memory_bytes_max=3 * 1_000_000)
    sync.handle(status(A, 1_000), 0)
    effects = sync.handle(received(A, *range(2, 9), data=block), 1)
    assert requests(effects) == []
    # The block everything waits for is asked for whatever it takes.
    sync.handle(received(A, *range(9, 33), data=block), 2)
    assert requests(sync.handle(Tick(), 60_000)) == [(A, 1, 1)]


def test_a_stranger_is_asked_only_if_no_member_can_help():
    sync = machine(group=view([A, STRANGER]))
    assert requests(sync.handle(status(STRANGER, 8), 0)) == [(STRANGER, 1, 8)]
    assert not sync.is_syncing
    sync = machine(group=view([A, STRANGER]))
    sync.handle(status(A, 500), 0)
    sync.handle(status(STRANGER, 500), 0)
    more = sync.handle(received(A, *range(1, 33)), 1)
    assert [peer for peer, _, _ in requests(more)] == [A, A, A, A]


def test_a_stranger_that_is_not_higher_is_forgotten():
    sync = machine(5, group=view([STRANGER]))
    assert sync.handle(status(STRANGER, 5), 0) == ()
    sync.handle(status(STRANGER, 9), 1)
    assert [item.peer for item in sync.peers] == [STRANGER]
    sync.handle(advanced(9), 2)
    assert sync.peers == []


def test_strangers_cannot_fill_the_memory():
    strangers = [NodeId(number.to_bytes(64, "big")) for number in range(1_000, 1_100)]
    sync = machine(group=view(strangers))
    for stranger in strangers:
        sync.handle(status(stranger, 9), 0)
    assert len(sync.peers) == 32


def test_consensus_brings_the_height_it_works_on_if_it_does_so_in_time():
    sealer = view([A, B], sealers=(ME, A, B))
    sync = machine(5, group=sealer)
    sync.handle(ConsensusWorking(Height(6)), 0)
    assert without_status(sync.handle(status(A, 6), 1)) == []
    assert without_status(sync.handle(Tick(), 5_000)) == []
    sync.handle(Tick(), 6_400)
    assert requests(sync.handle(Tick(), 6_900)) == [(A, 6, 1)]


def test_a_sealer_three_blocks_behind_does_not_wait():
    sync = machine(5, group=view([A, B], sealers=(ME, A, B)))
    assert requests(sync.handle(status(A, 8), 1)) == [(A, 6, 3)]


def test_a_sealer_waits_for_nothing_that_consensus_does_not_bring():
    group = view(sealers=(A, B, ME))
    assert requests(machine(5, group=group).handle(status(A, 6), 10)) == []
    raft = machine(5, group=group, consensus_brings_blocks=False)
    assert requests(raft.handle(status(A, 6), 10)) == [(A, 6, 1)]


def test_serving_restores_a_peers_good_standing():
    sync = machine(group=view([A]))
    sync.handle(status(A, 2), 0)
    sync.handle(Tick(), 6_400)
    assert not sync.is_syncing
    assert sync.known_highest.height == 0
    sync.handle(Tick(), 16_400)
    assert not sync.is_syncing, "on trial"
    sync.handle(received(A, 1), 16_500)
    sync.handle(advanced(1), 16_600)
    assert SyncingChanged(True) in sync.handle(BlockImported(Height(1)), 16_600)
    assert sync.known_highest == Head(Height(2), hash_at(2))


def test_a_newcomer_hears_of_the_head_at_once_a_stranger_does_not():
    sync = machine(3, group=view([A]))
    assert sync.handle(GroupChanged(view([A, B, STRANGER])), 1) == (SendStatus((B,)),)


def test_the_group_keeps_to_itself_unless_told_otherwise():
    schedule = StatusSchedule(AnnouncingSettings(tells_strangers=True), lambda count: 0)
    assert schedule.due_for_time(view([A, STRANGER]), 0) == (A, STRANGER)
    outsider = GroupView(STRANGER, (A, B), (), (A, B))
    assert StatusSchedule(AnnouncingSettings(), lambda count: 0).due_for_time(outsider, 0) == ()


def test_without_the_tree_everybody_is_told_and_nobody_gossips():
    schedule = StatusSchedule(AnnouncingSettings(is_tree=False), lambda count: 0)
    group = view([A, B])
    assert schedule.due_for_time(group, 0) == (A, B)
    assert schedule.due_for_time(group, 4_999) == ()
    assert schedule.due_for_time(group, 5_000) == (A, B)
    schedule.head_moved()
    assert schedule.due_for_head(group, 5_001, is_downloading=False) == (A, B)
    assert schedule.due_for_head(group, 5_002, is_downloading=False) == ()
