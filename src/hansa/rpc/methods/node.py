"""Methods about the node itself (client protocol §3.1)."""

from __future__ import annotations

from hansa.rpc.framing import Json
from hansa.rpc.group_operations import InvalidParameter, invalid_parameter, peers_answer, read_peers
from hansa.rpc.views import NodeView, PeerInfo

__all__ = [
    "add_peers",
    "erase_peers",
    "get_client_version",
    "get_group_list",
    "get_node_id_list",
    "get_node_info",
    "get_peers",
    "query_peers",
    "rpc_modules",
]


def rpc_modules(_node: NodeView) -> Json:
    """The interface and its version."""
    return {"FISCO BCOS": "2.0"}


def get_client_version(node: NodeView) -> Json:
    """Versions and build of this node; three clients parse the texts (§10)."""
    return dict(node.client_version)


def get_node_info(node: NodeView) -> Json:
    """This node, its P2P listen address and topics."""
    return _peer_object(node.info)


def get_peers(node: NodeView, _group: int) -> Json:
    """The connected nodes; the group is ignored."""
    return [_peer_object(peer) for peer in node.peers]


def get_node_id_list(node: NodeView, _group: int) -> Json:
    """This node first, then the connected ones; the group is ignored."""
    return [node.node_id.hex(), *(peer.node_id.hex() for peer in node.peers)]


def get_group_list(node: NodeView) -> Json:
    """The groups this node belongs to."""
    return list(node.groups)


def query_peers(node: NodeView) -> Json:
    """The configured peers."""
    return list(node.configured_peers)


async def add_peers(node: NodeView, peers: Json) -> Json:
    """Configure more peers and connect to them."""
    limits = node.peer_limits
    try:
        wanted = read_peers(peers, limits)
    except InvalidParameter as error:
        return invalid_parameter(str(error))
    return peers_answer(added=True, outcome=await node.add_peers(wanted), limits=limits)


async def erase_peers(node: NodeView, peers: Json) -> Json:
    """Remove peers from the configuration and disconnect them."""
    limits = node.peer_limits
    try:
        unwanted = read_peers(peers, limits)
    except InvalidParameter as error:
        return invalid_parameter(str(error))
    return peers_answer(added=False, outcome=await node.erase_peers(unwanted), limits=limits)


def _peer_object(peer: PeerInfo) -> Json:
    return {
        "Agency": peer.agency,
        "IPAndPort": peer.endpoint,
        "Node": peer.name,
        "NodeID": peer.node_id.hex(),
        "Topic": list(peer.topics),
    }
