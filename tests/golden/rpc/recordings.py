"""Reads the recordings beside it, and rebuilds encoded blocks from the JSON of their parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hansa.codec import rlp
from hansa.kernel import Block

_FOLDER = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / name).read_text())
    return loaded


def rebuild_block(record: dict[str, Any]) -> Block:
    """The 5-item form of data model §6.2, decoded by the kernel, which checks the header's hash."""
    block = record["block"]
    header = [
        *(_bytes(block[name]) for name in ("parentHash", "stateRoot", "transactionsRoot", "receiptsRoot")),
        *(_bytes(block[name]) for name in ("dbHash", "logsBloom")),
        *(int(block[name], 16) for name in ("number", "gasLimit", "gasUsed", "timestamp")),
        [_bytes(item) for item in block["extraData"]],
        int(block["sealer"], 16),
        [bytes.fromhex(sealer) for sealer in block["sealerList"]],
    ]
    transactions = [_transaction(item) for item in block["transactions"]]
    signatures = [[int(item["index"], 16), _bytes(item["signature"])] for item in block["signatureList"]]
    receipts = [_receipt(item) for item in record["receipts"]]
    return Block.decode(
        rlp.encode([header, _blob(transactions), _bytes(block["hash"]), signatures, receipts])
    )


def _transaction(item: dict[str, Any]) -> bytes:
    fields = [
        *(int(item[name], 16) for name in ("nonce", "gasPrice", "gas", "blockLimit")),
        b"" if int(item["to"], 16) == 0 else _bytes(item["to"]),
        int(item["value"], 16),
        _bytes(item["input"]),
        int(item["chainId"], 16),
        int(item["groupId"], 16),
        _bytes(item["extraData"]),
        27 + int(item["signature"]["v"], 16),
        int(item["signature"]["r"], 16),
        int(item["signature"]["s"], 16),
    ]
    return rlp.encode(fields)


def _receipt(item: dict[str, Any]) -> list[object]:
    return [
        _bytes(item["root"]),
        int(item["gasUsed"], 16),
        _bytes(item["contractAddress"]),
        _bytes(item["logsBloom"]),
        int(item["status"], 16),
        _bytes(item["output"]),
        int(item["remainGas"], 16),
        [
            [_bytes(log["address"]), [_bytes(topic) for topic in log["topics"]], _bytes(log["data"])]
            for log in item["logs"]
        ],
    ]


def _blob(transactions: list[bytes]) -> bytes:
    if not transactions:
        return b""
    offsets = [0]
    for raw in transactions:
        offsets.append(offsets[-1] + len(raw))
    table = b"".join(number.to_bytes(4, "little") for number in [len(transactions), *offsets])
    return table + b"".join(transactions)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
