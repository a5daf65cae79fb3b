"""Methods about transactions, receipts and calls (client protocol §3.4, §3.6.5 – §3.6.9, §3.8)."""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import Mapping

import orjson

from hansa.kernel import Block
from hansa.primitives import Address
from hansa.rpc.errors import (
    BLOCK_NUMBER_UNKNOWN,
    CALL_WITHOUT_SENDER,
    INDEX_OUT_OF_RANGE,
    RpcError,
    internal_error,
    receipts_out_of_range,
)
from hansa.rpc.framing import Json
from hansa.rpc.methods.blocks import block_by_hash, block_by_number
from hansa.rpc.refusals import node_is_syncing, transaction_refused
from hansa.rpc.values import (
    data_text,
    quantity,
    read_address,
    read_bytes,
    read_count,
    read_hash,
    read_number,
)
from hansa.rpc.views import CallRequest, GroupView
from hansa.txpool import AdmissionStatus

__all__ = [
    "call",
    "get_batch_receipts_by_block_hash_and_range",
    "get_batch_receipts_by_block_number_and_range",
    "get_transaction_by_block_hash_and_index",
    "get_transaction_by_block_number_and_index",
    "get_transaction_by_hash",
    "get_transaction_by_hash_with_proof",
    "get_transaction_receipt",
    "get_transaction_receipt_by_hash_with_proof",
    "send_raw_transaction",
]

_ZERO_ADDRESS = Address(bytes(20))

# --- transactions and receipts --------------------------------------------------------------------------


async def get_transaction_by_hash(group: GroupView, transaction_hash: str) -> Json:
    """A committed transaction, or null."""
    found = await _find(group, transaction_hash)
    return None if found is None else orjson.Fragment(found[0].transaction_json(found[1]))


async def get_transaction_by_block_hash_and_index(group: GroupView, block_hash: str, index: str) -> Json:
    """A transaction by its place."""
    return _transaction_at(await block_by_hash(group, block_hash), index)


async def get_transaction_by_block_number_and_index(group: GroupView, number: str, index: str) -> Json:
    """A transaction by its place."""
    return _transaction_at(await block_by_number(group, number), index)


async def get_transaction_receipt(group: GroupView, transaction_hash: str) -> Json:
    """The receipt of a committed transaction, or null."""
    found = await _find(group, transaction_hash)
    return None if found is None else orjson.Fragment(found[0].receipt_json(found[1]))


async def get_transaction_by_hash_with_proof(group: GroupView, transaction_hash: str) -> Json:
    """A committed transaction and its path to the header's transactions root, or null."""
    found = await _find(group, transaction_hash)
    return None if found is None else await asyncio.to_thread(_transaction_with_proof, *found)


async def get_transaction_receipt_by_hash_with_proof(group: GroupView, transaction_hash: str) -> Json:
    """The receipt of a committed transaction and its path to the receipts root, or null."""
    found = await _find(group, transaction_hash)
    return None if found is None else await asyncio.to_thread(_receipt_with_proof, *found)


async def get_batch_receipts_by_block_number_and_range(
    group: GroupView, number: str, start: str, count: str, compress: bool
) -> Json:
    """Some receipts of a block, without what they have in common."""
    block = await block_by_number(group, number)
    return await _batch_receipts(block, start, count, compress=compress)


async def get_batch_receipts_by_block_hash_and_range(
    group: GroupView, block_hash: str, start: str, count: str, compress: bool
) -> Json:
    """Some receipts of a block, without what they have in common. An unknown hash is answered like an unknown
    number here.
    """
    height = await group.height_of(read_hash(block_hash))
    block = None if height is None else await group.block(height)
    if block is None:
        raise RpcError(BLOCK_NUMBER_UNKNOWN)
    return await _batch_receipts(block, start, count, compress=compress)


async def _find(group: GroupView, transaction_hash: str) -> tuple[Block, int] | None:
    place = await group.find_transaction(read_hash(transaction_hash))
    block = None if place is None else await group.block(place.height)
    return None if place is None or block is None else (block, place.index)


def _transaction_at(block: Block, index_text: str) -> Json:
    index = read_number(index_text)
    if index >= len(block.transactions):
        raise RpcError(INDEX_OUT_OF_RANGE)
    return orjson.Fragment(block.transaction_json(index))


def _transaction_with_proof(block: Block, index: int) -> Json:
    return {
        "transaction": orjson.Fragment(block.transaction_json(index)),
        "txProof": orjson.Fragment(block.transaction_proof_json(index)),
    }


def _receipt_with_proof(block: Block, index: int) -> Json:
    return {
        "receiptProof": orjson.Fragment(block.receipt_proof_json(index)),
        "transactionReceipt": orjson.Fragment(block.receipt_json(index)),
    }


async def _batch_receipts(block: Block, start_text: str, count_text: str, *, compress: bool) -> Json:
    start, count = read_number(start_text), read_count(count_text)
    available = block.receipt_count
    if start >= available:
        raise RpcError(receipts_out_of_range(available))
    chosen = available - start if count is None else min(count, available - start)
    return await asyncio.to_thread(_batch_receipts_object, block, start, chosen, compress=compress)


def _batch_receipts_object(block: Block, start: int, count: int, *, compress: bool) -> Json:
    text = block.batch_receipts_json(start, count)
    if not compress:
        return orjson.Fragment(text)
    return base64.b64encode(zlib.compress(text + b"\n")).decode()


# --- calls ----------------------------------------------------------------------------------------------


async def call(group: GroupView, request: Mapping[str, Json]) -> Json:
    """Run a message call on the head; nothing is kept."""
    outcome = await group.call(_read_call(request))
    return {
        "currentBlockNumber": quantity(outcome.height),
        "output": data_text(outcome.output),
        "status": quantity(outcome.status),
    }


def _read_call(request: Mapping[str, Json]) -> CallRequest:
    sender = _text(request, "from")
    if not sender:
        raise RpcError(CALL_WITHOUT_SENDER)
    target, value = _text(request, "to"), _text(request, "value")
    return CallRequest(
        sender=read_address(sender),
        to=_ZERO_ADDRESS if target in {"", "0x"} else read_address(target),
        data=read_bytes(_text(request, "code") or _text(request, "data")),
        value=read_number(value) if value else 0,
    )


def _text(request: Mapping[str, Json], name: str) -> str:
    """A member of a call's object: absent and null read as empty, an integer as its decimal digits."""
    member = request.get(name)
    if member is None:
        return ""
    if isinstance(member, str):
        return member
    if type(member) is int:
        return str(member)
    raise RpcError(internal_error(f"the call's '{name}' is not a text"))


# --- sending --------------------------------------------------------------------------------------------


async def send_raw_transaction(group: GroupView, raw_text: str) -> Json:
    """Hand a signed transaction to the pool; the answer is its hash, after the pool's checks.

    Also sendRawTransactionAndGetProof: they differ only in the receipt that Channel pushes later.
    """
    raw = read_bytes(raw_text)
    if group.is_far_behind:
        raise RpcError(node_is_syncing())
    status, transaction_hash = await group.submit(raw)
    if status != AdmissionStatus.ADMITTED:
        raise RpcError(transaction_refused(raw, status, transaction_hash))
    return data_text(transaction_hash)
