"""Packets: what is written is read back, what is read writes the same, and noise is refused politely."""

from hypothesis import example, given
from hypothesis import strategies as st

from hansa.primitives import Hash32, Height
from hansa.sync.errors import MalformedPacket
from hansa.sync.packets import (
    BlockRequest,
    Blocks,
    Packet,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    decode_packet,
    encode_packet,
    peek_height,
)

heights = st.integers(0, 2**64 - 1).map(Height)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
hash_lists = st.lists(hashes, max_size=20).map(tuple)
packets: st.SearchStrategy[Packet] = st.one_of(
    st.builds(Status, heights, hashes, hashes, st.integers(0, 2**64 - 1)),
    st.builds(Transactions, st.binary(max_size=300), st.none() | st.integers(0, 2**32 - 1)),
    st.builds(Blocks, st.lists(st.binary(max_size=100), max_size=20).map(tuple)),
    st.builds(BlockRequest, heights, st.integers(0, 2**64 - 1)),
    st.builds(TransactionsStatus, heights, hash_lists),
    st.builds(TransactionsRequest, hash_lists),
)


@given(packets)
def test_a_packet_survives_the_wire(packet: Packet):
    assert decode_packet(encode_packet(packet)) == packet


@given(packets, st.data())
def test_damaged_packets_are_refused_or_canonical(packet: Packet, data: st.DataObject):
    payload = bytearray(encode_packet(packet))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] = data.draw(st.integers(0, 255))
    del payload[data.draw(st.integers(0, len(payload))) :]
    try:
        decoded = decode_packet(bytes(payload))
    except MalformedPacket:
        return
    assert encode_packet(decoded) == bytes(payload)


@given(st.integers(0, 8), st.binary(max_size=200))
@example(5, b"\xc2\x88\xc0")
@example(1, b"\xff" * 9)
def test_noise_is_refused_or_canonical(first: int, body: bytes):
    payload = bytes([first]) + body
    try:
        decoded = decode_packet(payload)
    except MalformedPacket:
        return
    assert encode_packet(decoded) == payload


@given(st.binary(max_size=400))
@example(b"\xc1\xc0")
def test_noise_is_no_block(data: bytes):
    try:
        assert peek_height(data) >= 0
    except MalformedPacket:
        pass
