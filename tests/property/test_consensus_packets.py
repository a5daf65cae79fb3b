"""Packets of the engines: what is encoded decodes to the same, and noise never crashes a decoder."""

from hypothesis import given
from hypothesis import strategies as st

from hansa.consensus.errors import MalformedPacket
from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    Message,
    Term,
    VoteFlag,
    VoteRequest,
    VoteResponse,
    decode_packet,
    encode_packet,
)
from hansa.consensus.rpbft.messages import ProposalStatus
from hansa.primitives import Hash32, Height, View

numbers = st.integers(0, (1 << 64) - 1)
indices = st.integers(0, 0xFFFF)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
heights, terms, views = numbers.map(Height), numbers.map(Term), numbers.map(View)
standing = (indices, terms, heights, hashes)

raft_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(VoteRequest, *standing, indices, terms, heights),
    st.builds(VoteResponse, *standing, st.sampled_from(VoteFlag), terms),
    st.builds(HeartBeat, *standing, indices, st.binary(max_size=300), heights),
    st.builds(HeartBeatResponse, *standing, hashes),
)
statuses = st.builds(ProposalStatus, heights, views, indices, hashes)


@given(raft_messages)
def test_raft_packets_come_back(message: Message) -> None:
    assert decode_packet(encode_packet(message)) == message


@given(statuses)
def test_statuses_come_back(status: ProposalStatus) -> None:
    assert ProposalStatus.decode(status.encode()) == status


@given(st.data())
def test_a_damaged_packet_is_malformed_or_says_what_its_bytes_say(data: st.DataObject) -> None:
    payload = bytearray(encode_packet(data.draw(raft_messages)))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    for damaged in (bytes(payload), bytes(payload[:cut])):
        try:
            message = decode_packet(damaged)
        except MalformedPacket:
            continue
        assert encode_packet(message) == damaged


@given(st.binary(max_size=200))
def test_noise_is_malformed_or_says_what_its_bytes_say(noise: bytes) -> None:
    try:
        assert encode_packet(decode_packet(noise)) == noise
    except MalformedPacket:
        pass
    try:
        assert ProposalStatus.decode(noise).encode() == noise
    except MalformedPacket:
        pass
