"""What does not have the shape of a packet is refused, with the reason."""

import pytest

from hansa.codec import rlp
from hansa.consensus.errors import MalformedPacket
from hansa.consensus.pbft.messages import (
    UNREACHED_COUNT_MAX,
    Commit,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PbftPacket,
    Prepare,
    Sign,
    ViewChange,
    WantedTransaction,
    decode_message,
    encode_message,
)
from hansa.primitives import Hash32, Height, NodeId, View

HASH = Hash32(b"\x11" * 32)
SIGNATURE = b"\x22" * 65
SM_SIGNATURE = b"\x33" * 128
NODE = NodeId(b"\x44" * 64)


def sign(**changes: object) -> Sign:
    fields: dict[str, object] = {
        "height": Height(7),
        "view": View(1),
        "index": 3,
        "timestamp": 1_700_000_000_000,
        "block_hash": HASH,
        "signature": SIGNATURE,
        "view_signature": SIGNATURE,
    }
    return Sign(**(fields | changes))  # type: ignore[arg-type]


def wrapped(*items: object) -> bytes:
    return rlp.encode([b"".join(rlp.encode(item) for item in items)])  # type: ignore[arg-type]


def statement(*changes: tuple[int, object], more: tuple[object, ...] = ()) -> bytes:
    items: list[object] = [7, 1, 3, 1_700_000_000_000, HASH, SIGNATURE, SIGNATURE]
    for position, value in changes:
        items[position] = value
    return wrapped(*items, *more)


@pytest.mark.parametrize(("packet_id", "kind"), [(1, Sign), (2, Commit), (3, ViewChange)])
def test_votes_differ_by_their_packet_id_alone(packet_id: int, kind: type) -> None:
    message = decode_message(packet_id, statement())
    assert type(message) is kind
    assert encode_message(message) == statement()


def test_a_prepare_carries_a_block() -> None:
    prepare = decode_message(0, statement(more=(b"block",)))
    assert isinstance(prepare, Prepare)
    assert prepare.block == b"block"


def test_signatures_of_both_suites_have_their_size() -> None:
    assert decode_message(1, statement((5, SM_SIGNATURE), (6, SM_SIGNATURE))) is not None


@pytest.mark.parametrize(
    ("packet_id", "data"),
    [
        pytest.param(4, statement(), id="unknown id"),
        pytest.param(0, statement(), id="prepare without a block"),
        pytest.param(0, statement(more=([],)), id="block is a list"),
        pytest.param(1, statement(more=(b"",)), id="one item too many"),
        pytest.param(1, wrapped(7, 1, 3), id="items missing"),
        pytest.param(1, statement((0, b"\x00\x07")), id="height with a leading zero"),
        pytest.param(1, statement((0, b"\x01" * 9)), id="height of nine bytes"),
        pytest.param(1, statement((1, [1])), id="view is a list"),
        pytest.param(1, statement((2, b"\x01\x00\x00")), id="index of three bytes"),
        pytest.param(1, statement((4, b"\x11" * 31)), id="short hash"),
        pytest.param(1, statement((5, b"\x22" * 64)), id="short signature"),
        pytest.param(1, statement((6, b"")), id="no second signature"),
        pytest.param(1, b"", id="nothing"),
        pytest.param(1, b"\xc0", id="empty list"),
        pytest.param(1, rlp.encode([[b"x"]]), id="list in the list"),
        pytest.param(1, rlp.encode([b"\xf8"]), id="truncated items"),
        pytest.param(1, statement() + b"\x00", id="bytes behind"),
    ],
)
def test_a_message_of_another_shape_is_malformed(packet_id: int, data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        decode_message(packet_id, data)


def test_the_ttl_byte_holds_the_mark_of_an_empty_block() -> None:
    packet = PbftPacket(sign(), ttl=2, has_empty_block=True)
    assert PbftPacket.decode(packet.encode()) == packet
    assert rlp.encode(0x82) in packet.encode()


def test_the_short_packet_has_no_forwarding_list() -> None:
    packet = PbftPacket(sign(), ttl=2, unreached=None)
    assert PbftPacket.decode(packet.encode()) == packet
    assert len(PbftPacket(sign(), ttl=2).encode()) == len(packet.encode()) + 1


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"noise", id="noise"),
        pytest.param(wrapped(1, 2), id="two items"),
        pytest.param(wrapped(1, 2, statement(), [], b""), id="five items"),
        pytest.param(wrapped(1, 256, statement()), id="ttl of two bytes"),
        pytest.param(wrapped(1, 2, [statement()]), id="data is a list"),
        pytest.param(wrapped(1, 2, statement(), b"nodes"), id="forwarding list is a string"),
        pytest.param(wrapped(1, 2, statement(), [b"\x44" * 63]), id="short node id"),
        pytest.param(
            wrapped(1, 2, statement(), [NODE] * (UNREACHED_COUNT_MAX + 1)), id="endless forwarding list"
        ),
    ],
)
def test_a_packet_of_another_shape_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedPacket):
        PbftPacket.decode(payload)


def test_a_request_names_transactions_and_their_places() -> None:
    request = MissedTransactionsRequest(
        Height(7), HASH, (WantedTransaction(HASH, 0), WantedTransaction(HASH, 5))
    )
    assert MissedTransactionsRequest.decode(request.encode()) == request


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xc0", id="no items"),
        pytest.param(rlp.encode([7, HASH, []]), id="nothing wanted"),
        pytest.param(rlp.encode([7, HASH, b"x"]), id="wanted is a string"),
        pytest.param(rlp.encode([7, HASH, [b"x"]]), id="no pair"),
        pytest.param(rlp.encode([7, HASH, [[HASH, [1]]]]), id="index is a list"),
        pytest.param(rlp.encode([7, HASH, [[HASH, b"\x01" * 5]]]), id="huge index"),
        pytest.param(rlp.encode([[], HASH, [[HASH, 1]]]), id="height is a list"),
        pytest.param(b"\xc1" * 6_000_000, id="too long to look at"),
    ],
)
def test_a_request_of_another_shape_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedPacket):
        MissedTransactionsRequest.decode(payload)


def test_an_answer_holds_bytes() -> None:
    response = MissedTransactionsResponse(Height(7), HASH, b"blob")
    assert MissedTransactionsResponse.decode(response.encode()) == response
    with pytest.raises(MalformedPacket):
        MissedTransactionsResponse.decode(rlp.encode([7, HASH, [b"blob"]]))
