"""Methods about blocks and headers (client protocol §3.3, §3.6.4)."""

from __future__ import annotations

import asyncio

import orjson

from hansa.kernel import Block
from hansa.primitives import Height
from hansa.rpc.errors import BLOCK_HASH_UNKNOWN, BLOCK_NUMBER_UNKNOWN, RpcError
from hansa.rpc.framing import Json
from hansa.rpc.values import data_text, quantity, read_hash, read_number
from hansa.rpc.views import GroupView

__all__ = [
    "block_by_hash",
    "block_by_number",
    "get_block_by_hash",
    "get_block_by_number",
    "get_block_hash_by_number",
    "get_block_header_by_hash",
    "get_block_header_by_number",
]


async def get_block_by_hash(group: GroupView, block_hash: str, full: bool) -> Json:
    """A block with its transactions, or with their hashes only."""
    return await asyncio.to_thread(_block_object, await block_by_hash(group, block_hash), full=full)


async def get_block_by_number(group: GroupView, number: str, full: bool) -> Json:
    """A block with its transactions, or with their hashes only."""
    return await asyncio.to_thread(_block_object, await block_by_number(group, number), full=full)


async def get_block_header_by_hash(group: GroupView, block_hash: str, with_signatures: bool) -> Json:
    """A header, with the sealers' signatures if asked for."""
    return _header_object(await block_by_hash(group, block_hash), with_signatures=with_signatures)


async def get_block_header_by_number(group: GroupView, number: str, with_signatures: bool) -> Json:
    """A header, with the sealers' signatures if asked for."""
    return _header_object(await block_by_number(group, number), with_signatures=with_signatures)


async def get_block_hash_by_number(group: GroupView, number: str) -> Json:
    """The hash of a committed height."""
    height = read_number(number)
    block_hash = await group.block_hash(Height(height)) if height <= group.height else None
    if block_hash is None:
        raise RpcError(BLOCK_NUMBER_UNKNOWN)
    return data_text(block_hash)


async def block_by_number(group: GroupView, number: str) -> Block:
    """Raises:
    RpcError: no number, or above the head.
    """
    height = read_number(number)
    block = await group.block(Height(height)) if height <= group.height else None
    if block is None:
        raise RpcError(BLOCK_NUMBER_UNKNOWN)
    return block


async def block_by_hash(group: GroupView, block_hash: str) -> Block:
    """Raises:
    RpcError: no such block.
    """
    height = await group.height_of(read_hash(block_hash))
    block = None if height is None else await group.block(height)
    if block is None:
        raise RpcError(BLOCK_HASH_UNKNOWN)
    return block


def _block_object(block: Block, *, full: bool) -> Json:
    members = _common(block)
    members["number"] = quantity(block.number)
    if full:
        members["signatureList"] = _signatures(block)
        members["transactions"] = [
            orjson.Fragment(block.transaction_json(index)) for index in range(len(block.transactions))
        ]
    else:
        members["transactions"] = [data_text(digest) for digest in block.transactions.hashes]
    return members


def _header_object(block: Block, *, with_signatures: bool) -> Json:
    members = _common(block)
    members["number"] = block.number
    if with_signatures:
        members["signatureList"] = _signatures(block)
    return members


def _common(block: Block) -> dict[str, Json]:
    header = block.header
    return {
        "dbHash": data_text(header.db_hash),
        "extraData": [data_text(item) for item in header.extra_data],
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "hash": data_text(block.hash),
        "logsBloom": data_text(header.log_bloom),
        "parentHash": data_text(header.parent_hash),
        "receiptsRoot": data_text(header.receipts_root),
        "sealer": quantity(header.sealer),
        "sealerList": [sealer.hex() for sealer in header.sealer_list],
        "stateRoot": data_text(header.state_root),
        "timestamp": quantity(header.timestamp),
        "transactionsRoot": data_text(header.transactions_root),
    }


def _signatures(block: Block) -> Json:
    return [
        {"index": quantity(index), "signature": data_text(signature)} for index, signature in block.signatures
    ]
