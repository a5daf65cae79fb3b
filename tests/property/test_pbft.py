"""Packets: what was written is read back, and noise never surprises. The machine: any story ends well."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.consensus.errors import MalformedPacket
from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import (
    Commit,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PbftPacket,
    Prepare,
    Sign,
    ViewChange,
    WantedTransaction,
)
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.primitives import Hash32, Height, NodeId, View

U64 = st.integers(0, 2**64 - 1)
HASHES = st.binary(min_size=32, max_size=32).map(Hash32)
SIGNATURES = st.one_of(st.binary(min_size=65, max_size=65), st.binary(min_size=128, max_size=128))
STATEMENT = (U64.map(Height), U64.map(View), st.integers(0, 0xFFFF), U64, HASHES, SIGNATURES, SIGNATURES)
MESSAGES = st.one_of(
    st.builds(Prepare, *STATEMENT, st.binary(max_size=200)),
    st.builds(Sign, *STATEMENT),
    st.builds(Commit, *STATEMENT),
    st.builds(ViewChange, *STATEMENT),
)
NODE_IDS = st.binary(min_size=64, max_size=64).map(NodeId)
PACKETS = st.builds(
    PbftPacket,
    MESSAGES,
    st.integers(0, 127),
    st.booleans(),
    st.one_of(st.none(), st.lists(NODE_IDS, max_size=4).map(tuple)),
)
WANTED = st.builds(WantedTransaction, HASHES, st.integers(0, 2**32 - 1))
REQUESTS = st.builds(
    MissedTransactionsRequest,
    U64.map(Height),
    HASHES,
    st.lists(WANTED, min_size=1, max_size=5).map(tuple),
)


@given(PACKETS)
def test_packets_are_read_back(packet: PbftPacket) -> None:
    assert PbftPacket.decode(packet.encode()) == packet


@given(REQUESTS)
def test_requests_are_read_back(request: MissedTransactionsRequest) -> None:
    assert MissedTransactionsRequest.decode(request.encode()) == request


@given(PACKETS, st.data())
def test_a_damaged_packet_is_malformed_or_says_what_it_says(packet: PbftPacket, data: st.DataObject) -> None:
    damaged = bytearray(packet.encode())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = PbftPacket.decode(bytes(damaged))
    except MalformedPacket:
        return
    assert decoded.encode() == bytes(damaged)


@given(st.binary(max_size=300))
def test_noise_is_malformed(noise: bytes) -> None:
    for decode in (PbftPacket.decode, MissedTransactionsRequest.decode, MissedTransactionsResponse.decode):
        try:
            decoded: Any = decode(noise)
        except MalformedPacket:
            continue
        assert decoded.encode() == noise


SEALERS = tuple(NodeId(bytes([index]) * 64) for index in range(4))
NAMES = st.sampled_from([Hash32(bytes([letter]) * 32) for letter in b"ABC"])
PLACES = (st.integers(9, 14).map(Height), st.integers(0, 4).map(View), st.integers(0, 3))
VOTE = (*PLACES, st.just(0), NAMES)
EVENTS = st.one_of(
    st.builds(ev.ProposalReceived, *PLACES, NAMES, st.just(Hash32(bytes(32))), st.integers(0, 2)),
    st.builds(ev.ProposalExecuted, NAMES, NAMES),
    st.builds(ev.ProposalFailed, NAMES),
    st.builds(ev.TransactionsMissing, NAMES, st.just(())),
    st.builds(ev.MissedTransactionsArrived, NAMES),
    st.builds(ev.SignReceived, st.builds(Sign, *VOTE)),
    st.builds(ev.CommitReceived, st.builds(Commit, *VOTE)),
    st.builds(ev.ViewChangeReceived, st.builds(ViewChange, *VOTE)),
    st.builds(ev.PoolChanged, st.integers(0, 3)),
    st.builds(ev.SyncChanged, st.booleans()),
    st.builds(ev.PeerConnected, st.sampled_from(SEALERS)),
    st.builds(ev.PeerDisconnected, st.sampled_from(SEALERS)),
    st.builds(ev.BlockSealed, *PLACES[:2], NAMES, st.integers(0, 2)),
    st.builds(ev.TimerFired),
    st.builds(
        ev.HeadAdvanced,
        st.builds(
            ev.Head,
            st.integers(9, 13).map(Height),
            st.just(Hash32(bytes(32))),
            st.sampled_from([SEALERS, SEALERS[:3]]),
            st.just(2),
            st.just(3000),
        ),
    ),
)


@settings(max_examples=200)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(EVENTS, st.integers(0, 4000)), max_size=60),
)
def test_no_story_breaks_an_invariant(me: int, story: list[tuple[ev.Event, int]]) -> None:
    """Whatever is told in whatever order: one sign per view, blocks only with a quorum, honest deadlines."""
    head = ev.Head(Height(10), Hash32(bytes(32)), SEALERS, 2, 3000)
    machine = PbftMachine(SEALERS[me], SealingSettings(), head, 0)
    now = 0
    signs: dict[tuple[int, int], Hash32] = {}
    for first, wait in story:
        now += wait
        waiting = [first]
        while waiting:
            for effect in machine.handle(waiting.pop(0), now):
                match effect:
                    case ev.BroadcastSign(height, view, block_hash):
                        assert signs.setdefault((height, view), block_hash) == block_hash
                        waiting.append(ev.SignReceived(Sign(height, view, me, now, block_hash)))
                    case ev.BroadcastCommit(height, view, block_hash):
                        waiting.append(ev.CommitReceived(Commit(height, view, me, now, block_hash)))
                    case ev.BroadcastViewChange(height, view, block_hash):
                        vote = ViewChange(height, view, me, now, block_hash)
                        waiting.append(ev.ViewChangeReceived(vote))
                    case ev.CommitBlock(height, _, _, signatures):
                        assert len({index for index, _ in signatures}) >= 3
                    case _:
                        pass
        assert machine.view <= machine.to_view
        deadline = machine.next_deadline()
        if deadline is not None and deadline <= now:
            assert machine.handle(ev.TimerFired(), now), "a deadline that has come leads to something"
