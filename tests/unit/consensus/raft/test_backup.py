import pytest

from hansa.codec import rlp
from hansa.consensus.errors import UnreadableBackup
from hansa.consensus.raft.backup import (
    AcceptedBlock,
    decode_accepted,
    decode_ballot,
    encode_accepted,
    encode_ballot,
)
from hansa.consensus.raft.events import Accepted, Ballot
from hansa.consensus.raft.messages import Term
from hansa.primitives import Hash32, Height, NodeId

BALLOT = Ballot(Term(9), NodeId(b"n" * 64))
ACCEPTED = Accepted(Term(9), Height(70), Hash32(b"h" * 32))


def test_records_survive() -> None:
    assert decode_ballot(encode_ballot(BALLOT)) == BALLOT
    assert decode_accepted(encode_accepted(ACCEPTED, b"block")) == AcceptedBlock(ACCEPTED, b"block")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02" + encode_ballot(BALLOT)[1:],
        encode_ballot(BALLOT)[:-1],
        encode_ballot(Ballot(Term(9), NodeId(b"n" * 63))),
        b"\x01" + rlp.encode([[b""], b"n" * 64]),
        b"\x01" + rlp.encode(b"text"),
    ],
)
def test_a_damaged_ballot_is_an_error_never_an_empty_memory(data: bytes) -> None:
    with pytest.raises(UnreadableBackup):
        decode_ballot(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02" + encode_accepted(ACCEPTED, b"block")[1:],
        encode_accepted(ACCEPTED, b"block")[:-1],
        encode_accepted(Accepted(Term(9), Height(70), Hash32(b"short")), b"block"),
        b"\x01" + rlp.encode([9, 70, b"h" * 32, [b"block"]]),
    ],
)
def test_a_damaged_block_is_an_error_too(data: bytes) -> None:
    with pytest.raises(UnreadableBackup):
        decode_accepted(data)
