import pytest

from hansa.codec import rlp
from hansa.consensus.errors import MalformedPacket
from hansa.consensus.rpbft.messages import ProposalStatus
from hansa.primitives import Hash32, Height, View

STATUS = ProposalStatus(Height(300), View(2), 5, Hash32(b"h" * 32))


def test_a_status_is_a_list_of_one_byte_string() -> None:
    assert STATUS.encode().hex() == "e7a6" + "82012c" + "02" + "05" + "a0" + "68" * 32
    assert ProposalStatus.decode(STATUS.encode()) == STATUS


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80",
        rlp.encode([]),
        rlp.encode([b"a", b"b"]),
        rlp.encode([[b"a"]]),
        rlp.encode([b"\x01\x02\x03"]),
        rlp.encode([b"\x01\x02\x03" + rlp.encode(b"short")]),
        rlp.encode([b"\x01\x02\x03\xc0"]),
        rlp.encode([rlp.encode(1 << 64) + b"\x02\x03" + rlp.encode(bytes(32))]),
        rlp.encode([b"\x01\x02" + rlp.encode(1 << 16) + rlp.encode(bytes(32))]),
        STATUS.encode() + b"\x00",
    ],
)
def test_anything_else_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedPacket):
        ProposalStatus.decode(payload)
