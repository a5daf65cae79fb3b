"""The objects of getConsensusStatus and getSyncStatus (client protocol §3.6.2, §3.6.3).

Hashes of the consensus status carry `0x`, those of the sync status do not: clients rely on both.
"""

from __future__ import annotations

from hansa.primitives import GroupId
from hansa.rpc.framing import Json
from hansa.rpc.values import data_text
from hansa.rpc.views import PbftStatus, RaftStatus, SyncStatus

__all__ = ["pbft_status", "raft_status", "sync_status"]

_PBFT_PROTOCOL, _SYNC_PROTOCOL, _RAFT_PROTOCOL = 8, 9, 11


def pbft_status(group: GroupId, status: PbftStatus) -> Json:
    """Two elements: the status, and the views of all sealers."""
    members = _common(group, status)
    voter_count = len(status.sealers) if status.voter_count is None else status.voter_count
    members |= {
        "cfgErr": status.config_error,
        "connectedNodes": status.connected_nodes,
        "currentView": status.view,
        "leaderFailed": status.leader_failed,
        "max_faulty_leader": (voter_count - 1) // 3 if voter_count else 0,
        "protocolId": _protocol(group, _PBFT_PROTOCOL),
        "toView": status.to_view,
    }
    return [members, [{"nodeId": node.hex(), "view": view} for node, view in status.views]]


def raft_status(group: GroupId, status: RaftStatus) -> Json:
    """One element."""
    leader = status.leader
    members = _common(group, status)
    members |= {
        "cfgErr": status.config_error,
        "leaderId": "get leader ID failed" if leader is None else leader.hex(),
        "leaderIdx": status.sealers.index(leader) if leader in status.sealers else "NULL",
        # Raft outlives the loss of any minority, recorded as ⌊(n − 1) / 2⌋.
        "max_faulty_leader": (len(status.sealers) - 1) // 2 if status.sealers else 0,
        "protocolId": _protocol(group, _RAFT_PROTOCOL),
    }
    return [members]


def sync_status(group: GroupId, pending_count: int, status: SyncStatus) -> Json:
    """One object with the peers' chains in it."""
    return {
        "blockNumber": status.height,
        "genesisHash": status.genesis_hash.hex(),
        "isSyncing": status.is_syncing,
        "knownHighestNumber": status.known_height,
        "knownLatestHash": status.known_hash.hex(),
        "latestHash": status.head_hash.hex(),
        "nodeId": status.me.hex(),
        "peers": [
            {
                "blockNumber": peer.height,
                "genesisHash": peer.genesis_hash.hex(),
                "latestHash": peer.head_hash.hex(),
                "nodeId": peer.node_id.hex(),
            }
            for peer in status.peers
        ],
        "protocolId": _protocol(group, _SYNC_PROTOCOL),
        "txPoolSize": str(pending_count),
    }


def _common(group: GroupId, status: PbftStatus | RaftStatus) -> dict[str, Json]:
    me, sealers = status.me, status.sealers
    is_sealer = me in sealers
    members: dict[str, Json] = {
        "accountType": int(is_sealer),
        "allowFutureBlocks": True,
        "consensusedBlockNumber": status.height + 1,
        "groupId": group,
        "highestblockHash": data_text(status.head_hash),
        "highestblockNumber": status.height,
        "nodeId": me.hex(),
        "nodeNum": len(sealers),
        "node_index": sealers.index(me) if is_sealer else -1,
        "omitEmptyBlock": True,
    }
    members |= {f"sealer.{index}": sealer.hex() for index, sealer in enumerate(sealers)}
    return members


def _protocol(group: GroupId, number: int) -> int:
    return (group << 16) + number
