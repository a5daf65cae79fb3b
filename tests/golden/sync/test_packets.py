"""Packets of module 9 as real nodes sent and took them: read as recorded, written as the same bytes."""

import json
from pathlib import Path

import pytest

from hansa.kernel import TransactionList
from hansa.sync.packets import (
    FROM_CLIENT,
    BlockRequest,
    Blocks,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    decode_packet,
    encode_packet,
    peek_height,
)

RECORDS = json.loads((Path(__file__).parent / "packets.json").read_text())["packets"]


def described(packet: object) -> dict[str, object]:
    """A packet in the words of the recording."""
    match packet:
        case Status(height, genesis_hash, latest_hash, time_ms):
            return {
                "type": "Status",
                "number": height,
                "genesisHash": "0x" + genesis_hash.hex(),
                "latestHash": "0x" + latest_hash.hex(),
                "alignedTime": time_ms,
            }
        case Transactions(blob, root_index):
            batch = TransactionList.decode_blob(blob)
            words = {
                "type": "Transactions",
                "items": 1 if root_index is None else 2,
                "txCount": len(batch),
                "txHashes": ["0x" + transaction_hash.hex() for transaction_hash in batch.hashes],
            }
            return words if root_index is None else {**words, "senderSealerIndex": root_index}
        case Blocks(blocks):
            return {"type": "Blocks", "heights": [peek_height(block) for block in blocks]}
        case BlockRequest(start, count):
            return {"type": "ReqBlocks", "from": start, "size": count}
        case TransactionsStatus(height, hashes):
            return {"type": "TxsStatus", "number": height, "txHashes": ["0x" + item.hex() for item in hashes]}
        case TransactionsRequest(hashes):
            return {"type": "TxsRequest", "txHashes": ["0x" + item.hex() for item in hashes]}
    raise AssertionError(packet)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["decoded"]["type"])
def test_a_recorded_packet_means_what_was_recorded(record):
    packet = decode_packet(bytes.fromhex(record["payload"]))
    expected = dict(record["decoded"])
    if expected["type"] == "Transactions":
        assert expected.pop("fromRpc") == (record["packetType"] == FROM_CLIENT)
    else:
        assert record["packetType"] == 0
    assert described(packet) == expected


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["decoded"]["type"])
def test_a_recorded_packet_encodes_to_the_same_bytes(record):
    payload = bytes.fromhex(record["payload"])
    assert encode_packet(decode_packet(payload)) == payload


def test_the_recording_has_every_kind():
    kinds = {record["decoded"]["type"] for record in RECORDS}
    assert kinds == {"Status", "Transactions", "Blocks", "ReqBlocks", "TxsStatus", "TxsRequest"}
