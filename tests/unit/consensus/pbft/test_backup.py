"""What survives a restart is read back as it was, or not at all."""

import pytest

from hansa.codec import rlp
from hansa.consensus.errors import UnreadableBackup
from hansa.consensus.pbft.backup import (
    PreparedBlock,
    decode_prepared,
    decode_vote,
    encode_prepared,
    encode_vote,
)
from hansa.consensus.pbft.events import Prepared, Vote
from hansa.primitives import Hash32, Height, View

HASH = Hash32(b"\x05" * 32)
VOTE = Vote(Height(7), View(0), HASH)
PREPARED = Prepared(Height(7), HASH, 3)


def test_a_vote_is_read_back() -> None:
    assert decode_vote(encode_vote(VOTE)) == VOTE


def test_a_prepared_block_is_read_back() -> None:
    assert decode_prepared(encode_prepared(PREPARED, b"block")) == PreparedBlock(PREPARED, b"block")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02" + encode_vote(VOTE)[1:],
        encode_vote(VOTE)[:-1],
        encode_vote(VOTE) + b"\x00",
        b"\x01" + rlp.encode([7, 0]),
        b"\x01" + rlp.encode([7, 0, b"short"]),
        b"\x01" + rlp.encode([7, 0, []]),
        b"\x01" + rlp.encode(b"string"),
    ],
)
def test_damaged_votes_are_an_error(data: bytes) -> None:
    with pytest.raises(UnreadableBackup):
        decode_vote(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode_prepared(PREPARED, b"block")[:-1],
        b"\x01" + rlp.encode([7, HASH, 3, []]),
        b"\x01" + rlp.encode([7, b"short", 3, b"block"]),
        b"\x01" + rlp.encode([7, HASH, 3]),
    ],
)
def test_damaged_prepared_blocks_are_an_error(data: bytes) -> None:
    with pytest.raises(UnreadableBackup):
        decode_prepared(data)
