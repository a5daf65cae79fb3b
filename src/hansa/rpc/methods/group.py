"""Methods about a group's state (client protocol §3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from hansa.kernel import TransactionList
from hansa.ledger.membership import PARAMETER_DEFAULTS
from hansa.primitives import NodeId
from hansa.rpc.errors import NO_VIEW, SYSTEM_CONFIG_UNKNOWN, RpcError, no_epoch_sealers
from hansa.rpc.framing import Json
from hansa.rpc.methods.status import pbft_status, raft_status, sync_status
from hansa.rpc.values import data_text, quantity, read_address
from hansa.rpc.views import GroupView, PbftStatus, RaftStatus

__all__ = [
    "get_block_number",
    "get_code",
    "get_consensus_status",
    "get_epoch_sealers_list",
    "get_group_peers",
    "get_observer_list",
    "get_pbft_view",
    "get_pending_transactions",
    "get_pending_tx_size",
    "get_sealer_list",
    "get_sync_status",
    "get_system_config_by_key",
    "get_total_transaction_count",
]


def get_block_number(group: GroupView) -> Json:
    """The head's height."""
    return quantity(group.height)


def get_pbft_view(group: GroupView) -> Json:
    """The present view."""
    status = group.consensus_status()
    match status:
        case PbftStatus():
            return quantity(status.view)
        case RaftStatus():
            raise RpcError(NO_VIEW)


def get_sealer_list(group: GroupView) -> Json:
    """The sealers' node ids."""
    return _node_ids(group.sealers)


def get_observer_list(group: GroupView) -> Json:
    """The observers' node ids."""
    return _node_ids(group.observers)


def get_epoch_sealers_list(group: GroupView) -> Json:
    """The committee of rPBFT."""
    if group.consensus_type != "rpbft":
        raise RpcError(no_epoch_sealers(group.consensus_type))
    return _node_ids(group.epoch_sealers)


def get_group_peers(group: GroupView) -> Json:
    """Sealers, then observers."""
    return _node_ids([*group.sealers, *group.observers])


def get_consensus_status(group: GroupView) -> Json:
    """The members of §3.6.2."""
    status = group.consensus_status()
    match status:
        case PbftStatus():
            return pbft_status(group.id, status)
        case RaftStatus():
            return raft_status(group.id, status)


def get_sync_status(group: GroupView) -> Json:
    """The members of §3.6.3."""
    return sync_status(group.id, group.pending_count, group.sync_status())


async def get_system_config_by_key(group: GroupView, key: str) -> Json:
    """A chain parameter as it counts for the next block."""
    if key not in PARAMETER_DEFAULTS:
        raise RpcError(SYSTEM_CONFIG_UNKNOWN)
    return await group.system_config(key)


def get_total_transaction_count(group: GroupView) -> Json:
    """Transactions, and failed ones, since genesis."""
    totals = group.totals
    return {
        "blockNumber": quantity(totals.height),
        "failedTxSum": quantity(totals.failed),
        "txSum": quantity(totals.transactions),
    }


def get_pending_tx_size(group: GroupView) -> Json:
    """How many transactions wait."""
    return quantity(group.pending_count)


async def get_pending_transactions(group: GroupView) -> Json:
    """The transactions that wait."""
    return await asyncio.to_thread(_transaction_objects, group.pending())


async def get_code(group: GroupView, address: str) -> Json:
    """A contract's code."""
    return data_text(await group.code(read_address(address)))


def _node_ids(nodes: Sequence[NodeId]) -> list[Json]:
    return [node.hex() for node in nodes]


def _transaction_objects(transactions: TransactionList) -> Json:
    return [orjson.Fragment(transactions[index].json()) for index in range(len(transactions))]
