"""Malformed packets are named, not obeyed."""

import pytest

from hansa.codec import rlp
from hansa.primitives import Hash32, Height
from hansa.sync import packets
from hansa.sync.errors import MalformedPacket
from hansa.sync.packets import (
    Blocks,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    decode_packet,
    encode_packet,
    peek_height,
)

HASH = Hash32(bytes(range(32)))


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "empty"),
        (b"\x00\xc0", "first byte 0x00"),
        (b"\x07\xc0", "first byte 0x07"),
        (b"\x81\xc0", "first byte 0x81"),
        (b"\x01", "expected a list"),
        (b"\x01\x80", "expected a list"),
        (b"\x01" + rlp.encode((1, HASH, HASH)), "3 items, at least 4"),
        (b"\x01" + rlp.encode((1, HASH, HASH, 1, 1)), "more than 4 items"),
        (b"\x01" + rlp.encode((1, HASH, HASH[:31], 1)), "31 bytes, not 32"),
        (b"\x01" + rlp.encode((1 << 64, HASH, HASH, 1)), "at most 8"),
        (b"\x01" + rlp.encode((b"\x00", HASH, HASH, 1)), "leading zero"),
        (b"\x01" + rlp.encode((1, HASH, HASH, 1)) + b"\x00", "1 bytes after the list"),
        (b"\x01" + rlp.encode((1, HASH, HASH, 1))[:-1], "truncated"),
        (b"\x01" + rlp.encode(([1], HASH, HASH, 1)), "found a list"),
        (b"\x01\xc2\x81\x01", "shortest form"),
        (b"\x02\xf9\x00\x05", "shortest form"),
        (b"\x02\xff" + b"\xff" * 8, "truncated"),
        (b"\x02\xff", "shortest form"),
        (b"\x02" + rlp.encode(()), "at least 1"),
        (b"\x02" + rlp.encode((b"", 1, 2)), "more than 2 items"),
        (b"\x02" + rlp.encode((b"", 1 << 32)), "at most 4"),
        (b"\x03" + rlp.encode(([b"block"],)), "found a list"),
        (b"\x03" + rlp.encode([b""] * 1025), "more than 1024 items"),
        (b"\x04" + rlp.encode((1,)), "at least 2"),
        (b"\x05" + rlp.encode((1,)), "expected a list"),
        (b"\x05" + rlp.encode(()), "item is missing"),
        (b"\x05" + rlp.encode((1, [HASH, b"short"])), "expected hashes"),
        (b"\x05" + rlp.encode((1, [HASH], 1)), "after the list"),
        (b"\x06" + rlp.encode(([[HASH]],)), "expected hashes"),
        (b"\x06" + rlp.encode((HASH,)), "expected a list"),
    ],
)
def test_malformed_packets_are_refused(payload: bytes, complaint: str):
    with pytest.raises(MalformedPacket, match=complaint):
        decode_packet(payload)


def test_too_many_hashes_are_refused(monkeypatch: pytest.MonkeyPatch):
    payload = encode_packet(TransactionsRequest((HASH,) * 4))
    monkeypatch.setattr(packets, "HASH_COUNT_MAX", 3)
    with pytest.raises(MalformedPacket, match="4 hashes in one packet, at most 3"):
        decode_packet(payload)


def test_an_empty_announcement_is_well_formed():
    packet = TransactionsStatus(Height(0), ())
    assert decode_packet(encode_packet(packet)) == packet


def test_the_root_index_makes_the_second_item():
    assert encode_packet(Transactions(b"ab")) == b"\x02\xc3\x82ab"
    assert encode_packet(Transactions(b"ab", 0)) == b"\x02\xc4\x82ab\x80"
    assert decode_packet(b"\x02\xc4\x82ab\x80") == Transactions(b"ab", 0)


def test_a_height_of_eight_bytes_is_the_largest():
    packet = Status(Height(2**64 - 1), HASH, HASH, 2**64 - 1)
    assert decode_packet(encode_packet(packet)) == packet


def fake_block(height: int) -> bytes:
    header = [HASH] * 5 + [bytes(256), height, 0, 0, 0, [], 0, []]
    return rlp.encode((header, b"", HASH, [], []))


def test_the_height_is_read_without_the_rest():
    assert peek_height(fake_block(0)) == 0
    assert peek_height(fake_block(1_000_000)) == 1_000_000
    assert peek_height(fake_block(7)[:-1] + b"\x00") == 7


@pytest.mark.parametrize(
    "block",
    [b"", b"\x80", b"\xc0", rlp.encode((b"header",)), rlp.encode(([HASH] * 6,)), rlp.encode(([HASH] * 7,))],
)
def test_what_has_no_height_is_no_block(block: bytes):
    with pytest.raises(MalformedPacket):
        peek_height(block)


def test_a_height_outside_the_header_does_not_count():
    block = rlp.encode(([HASH] * 6, 5))
    with pytest.raises(MalformedPacket, match="without a height"):
        peek_height(block)


def test_blocks_may_be_none():
    assert decode_packet(encode_packet(Blocks(()))) == Blocks(())
