from __future__ import annotations

import pytest

from hansa.codec import rlp
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
from hansa.primitives import Hash32, Height

HASH = Hash32(b"h" * 32)
STANDING = (1, Term(7), Height(300), HASH)

MESSAGES: list[Message] = [
    VoteRequest(*STANDING, candidate=1, last_leader_term=Term(0), last_block_number=Height(301)),
    VoteResponse(*STANDING, flag=VoteFlag.REJECTED, last_leader_term=Term(6)),
    HeartBeat(*STANDING, leader=1),
    HeartBeat(*STANDING, leader=1, block=b"block" * 1000, block_number=Height(301)),
    HeartBeatResponse(*STANDING),
    HeartBeatResponse(*STANDING, uncommitted_hash=HASH),
]


def packet(packet_type: int, items: list[rlp.Item | int]) -> bytes:
    content = b"".join(rlp.encode(item) for item in items)
    return rlp.encode(packet_type) + rlp.encode(rlp.encode([content]))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_encoded_decodes(message: Message) -> None:
    assert decode_packet(encode_packet(message)) == message


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "0 items"),
        (b"\x80", "1 items"),
        (packet(4, [1, 7, 300, HASH]), "packet type 4"),
        (packet(3, [1, 7, 300, HASH]), "4 items, not 5"),
        (packet(3, [1, 7, 300, b"short", HASH]), "hash of 5 bytes"),
        (packet(3, [1 << 16, 7, 300, HASH, HASH]), "integer of 3 bytes"),
        (packet(3, [1, 1 << 64, 300, HASH, HASH]), "integer of 9 bytes"),
        (packet(3, [1, b"\x00\x07", 300, HASH, HASH]), "leading zero"),
        (packet(1, [1, 7, 300, HASH, 9, 6]), "vote flag 9"),
        (packet(2, [1, 7, 300, HASH, 1, [b"a"], 301]), "block is a list"),
        (b"\x80" + rlp.encode(rlp.encode([b"a", b"b"])), "list of one byte string"),
        (b"\xc0" + rlp.encode(b"data"), "found a list"),
        (encode_packet(MESSAGES[0])[:-1], "truncated"),
    ],
)
def test_anything_else_is_malformed(payload: bytes, complaint: str) -> None:
    with pytest.raises(MalformedPacket, match=complaint):
        decode_packet(payload)
