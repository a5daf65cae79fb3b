"""Whatever peers say and in whatever order it comes, the machine keeps its promises."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.announcing import AnnouncingSettings, StatusSchedule
from hansa.sync.blocks import (
    SHARD_COUNT_MAX,
    WINDOW_BLOCK_COUNT,
    BlockImported,
    BlockRejected,
    BlocksReceived,
    BlockSync,
    ConsensusWorking,
    Event,
    Head,
    HeadAdvanced,
    ImportBlock,
    PeerStatus,
    ReceivedBlock,
    RequestBlocks,
    SendStatus,
    SyncingChanged,
)
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.topology import GroupView

ME = NodeId(bytes(64))
PEERS = [NodeId(bytes([number]) * 64) for number in range(1, 6)]
MEMBERS, STRANGERS = PEERS[:3], PEERS[3:]
GENESIS = Hash32(b"g" * 32)

peers = st.sampled_from(PEERS)
heights = st.integers(0, 400) | st.just(2**64 - 1)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(PeerStatus, peers, heights, st.sampled_from([GENESIS, Hash32(bytes(32))]), st.just(GENESIS)),
    st.builds(
        BlocksReceived,
        peers,
        st.lists(st.builds(ReceivedBlock, heights, st.binary(max_size=3)), max_size=5).map(tuple),
    ),
    st.builds(
        lambda connected: GroupChanged(
            GroupView(ME, tuple(sorted([ME, *MEMBERS])), (), tuple(sorted(connected)))
        ),
        st.sets(peers),
    ),
    st.builds(ConsensusWorking, heights),
    st.just(Tick()),
)
steps = st.lists(st.tuples(events, st.integers(0, 8_000)), max_size=60)


@settings(max_examples=150, deadline=None)
@given(steps=steps, seed=st.integers(0, 2**16), answers=st.lists(st.booleans(), min_size=8, max_size=8))
def test_promises_hold_under_any_sequence(steps: list[tuple[Event, int]], seed: int, answers: list[bool]):
    chance = random.Random(seed)
    sync = BlockSync(
        view=GroupView(ME, tuple(sorted([ME, *MEMBERS])), (), tuple(PEERS)),
        head=Head(Height(0), GENESIS),
        genesis_hash=GENESIS,
        schedule=StatusSchedule(AnnouncingSettings(), chance.randrange),
        choose=chance.randrange,
    )
    now_ms = 0
    under_way: dict[int, int] = {}
    is_importing = False
    is_syncing = False
    for event, pause_ms in steps:
        now_ms += pause_ms
        waiting: list[Event] = [event]
        while waiting:
            event = waiting.pop(0)
            if isinstance(event, BlockImported | BlockRejected):
                is_importing = False
            requested = 0
            for effect in sync.handle(event, now_ms):
                match effect:
                    case RequestBlocks(peer=peer, start=start, count=count):
                        requested += 1
                        assert count >= 1
                        assert start > sync.head.height
                        assert start + count - 1 <= sync.head.height + WINDOW_BLOCK_COUNT
                        assert peer in sync.view.connected
                        under_way[start] = count
                        if chance.random() < 0.5:
                            sent = tuple(
                                ReceivedBlock(Height(height), b"x") for height in range(start, start + count)
                            )
                            waiting.append(BlocksReceived(peer, sent))
                    case ImportBlock(height=height):
                        assert not is_importing, "one at a time"
                        assert height == sync.head.height + 1, "in order"
                        is_importing = True
                        if answers[height % len(answers)]:
                            waiting += [HeadAdvanced(Head(height, GENESIS)), BlockImported(height)]
                        else:
                            waiting.append(BlockRejected(height, "wrong"))
                    case SendStatus(to=told):
                        assert told
                        assert len(set(told)) == len(told)
                        assert not set(told) & set(STRANGERS)
                    case SyncingChanged(is_syncing=now_syncing):
                        assert now_syncing != is_syncing
                        is_syncing = now_syncing
                    case _:
                        pass
            assert requested <= SHARD_COUNT_MAX
            assert is_syncing == sync.is_syncing
            if is_syncing:
                assert any(item.peer in MEMBERS and item.height > sync.head.height for item in sync.peers)
            assert sync.known_highest.height >= sync.head.height


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), silent_ms=st.integers(0, 100_000))
def test_the_same_history_gives_the_same_answers(seed: int, silent_ms: int):
    def history() -> list[object]:
        chance = random.Random(seed)
        sync = BlockSync(
            view=GroupView(ME, tuple(MEMBERS), (ME,), tuple(PEERS)),
            head=Head(Height(0), GENESIS),
            genesis_hash=GENESIS,
            schedule=StatusSchedule(AnnouncingSettings(), chance.randrange),
            choose=chance.randrange,
        )
        said: list[object] = []
        for number, peer in enumerate(PEERS):
            said += sync.handle(PeerStatus(peer, Height(100 + number), GENESIS, GENESIS), number)
        said += sync.handle(Tick(), silent_ms)
        said += sync.handle(Tick(), silent_ms + 20_000)
        return said

    assert history() == history()
