"""What the JSON-RPC sees of the process: `rpc.NodeView` on a gateway, settings and groups."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hansa import __version__
from hansa.node.endpoint import Endpoint, parse_endpoint
from hansa.node.settings import NodeSettings, replace_peers
from hansa.p2p import Gateway
from hansa.primitives import GroupId, NodeId
from hansa.rpc.group_operations import (
    GroupOperation,
    GroupOutcome,
    GroupResult,
    GroupStatus,
    NewGroup,
    PeerLimits,
    PeersOutcome,
)
from hansa.rpc.views import GroupView, PeerInfo

__all__ = ["RunningNode"]

_GROUPS_ARE_FIXED = (
    "Groups are read at start: put group.N.genesis and group.N.ini into conf/ and restart the node"
)


class RunningNode:
    """The node as clients may ask about it."""

    def __init__(
        self, settings: NodeSettings, gateway: Gateway, topics_of: Callable[[NodeId], Sequence[str]]
    ) -> None:
        """Args: `topics_of` knows what the SDKs of a node follow, as far as it is to be shown."""
        self._settings = settings
        self._gateway = gateway
        self._topics_of = topics_of
        self._groups: dict[int, GroupView] = {}
        version = ".".join(map(str, settings.supported_version))
        self._client_version = {
            "Build Time": f"Hansa {__version__}",
            "Build Type": f"{platform.system()}/Python/{platform.python_version()}",
            "Chain Id": str(settings.chain.id),
            "FISCO-BCOS Version": f"{version} gm" if settings.chain.sm_crypto else version,
            "Git Branch": "main",
            "Git Commit Hash": __version__,
            "Supported Version": version,
        }

    def add_group(self, group: GroupView) -> None:
        """A group runs from now on."""
        self._groups[group.id] = group

    @property
    def is_ready(self) -> bool:
        """The groups are loaded before clients are listened to."""
        return True

    @property
    def client_version(self) -> Mapping[str, str]:
        """The seven members of getClientVersion."""
        return self._client_version

    @property
    def node_id(self) -> NodeId:
        """Who this is."""
        return self._gateway.node_id

    @property
    def info(self) -> PeerInfo:
        """This node, as peers see it."""
        identity, listen = self._gateway.identity, self._settings.p2p.listen
        endpoint = f"{listen.host}:{listen.port}"
        topics = self._topics_of(self.node_id)
        return PeerInfo(self.node_id, endpoint, identity.agency, identity.name, topics)

    @property
    def peers(self) -> Sequence[PeerInfo]:
        """Those connected now."""
        return [
            PeerInfo(
                peer.node_id,
                f"{peer.host}:{peer.port}",
                peer.agency,
                peer.name,
                self._topics_of(peer.node_id),
            )
            for peer in self._gateway.peers()
        ]

    @property
    def groups(self) -> Sequence[GroupId]:
        """The groups this node belongs to, ascending."""
        return sorted(group.id for group in self._groups.values() if group.is_member)

    def group(self, group: int) -> GroupView | None:
        """A running group."""
        return self._groups.get(group)

    # --- configured peers ----------------------------------------------------------------------

    @property
    def configured_peers(self) -> Sequence[str]:
        """Whom this node dials."""
        return [str(Endpoint(*peer)) for peer in self._gateway.configured_peers()]

    @property
    def peer_limits(self) -> PeerLimits:
        """How many peers a call may name, and how many there may be."""
        p2p = self._settings.p2p
        return PeerLimits(per_call=p2p.peers_param_limit, in_total=p2p.max_nodes_limit)

    async def add_peers(self, peers: Sequence[str]) -> PeersOutcome:
        """Write them to config.ini and dial them."""
        present = [Endpoint(*peer) for peer in self._gateway.configured_peers()]
        wanted = [peer for peer in map(parse_endpoint, dict.fromkeys(peers)) if peer not in present]
        if not wanted:
            return PeersOutcome.UNCHANGED
        if len(present) + len(wanted) > self._settings.p2p.max_nodes_limit:
            return PeersOutcome.TOO_MANY
        await asyncio.to_thread(_rewrite_peers, self._settings.file, [*present, *wanted])
        for peer in wanted:
            self._gateway.add_peer(*peer)
        return PeersOutcome.UPDATED

    async def erase_peers(self, peers: Sequence[str]) -> PeersOutcome:
        """Remove them from config.ini and hang up."""
        present = [Endpoint(*peer) for peer in self._gateway.configured_peers()]
        unwanted = [peer for peer in map(parse_endpoint, dict.fromkeys(peers)) if peer in present]
        if not unwanted:
            return PeersOutcome.UNCHANGED
        kept = [peer for peer in present if peer not in unwanted]
        await asyncio.to_thread(_rewrite_peers, self._settings.file, kept)
        for peer in unwanted:
            self._gateway.remove_peer(*peer)
        return PeersOutcome.UPDATED

    # --- groups --------------------------------------------------------------------------------

    @property
    def dynamic_groups_enabled(self) -> bool:
        """Not switched off in config.ini."""
        return not self._settings.rpc.disable_dynamic_group

    async def generate_group(self, group: GroupId, parameters: NewGroup) -> GroupResult:
        """Refused with what to do instead."""
        if group in self._groups:
            return GroupResult(GroupOutcome.EXISTS)
        return GroupResult(GroupOutcome.FAILED, _GROUPS_ARE_FIXED)

    async def change_group(self, group: GroupId, operation: GroupOperation) -> GroupResult:
        """Refused with what to do instead."""
        if group not in self._groups:
            starts = operation is GroupOperation.START
            return GroupResult(GroupOutcome.GENESIS_MISSING if starts else GroupOutcome.NOT_FOUND)
        match operation:
            case GroupOperation.START | GroupOperation.REMOVE:
                return GroupResult(GroupOutcome.RUNNING)
            case GroupOperation.RECOVER:
                return GroupResult(GroupOutcome.NOT_DELETED)
            case GroupOperation.STOP | GroupOperation.GENERATE:
                return GroupResult(GroupOutcome.FAILED, _GROUPS_ARE_FIXED)

    async def group_status(self, group: GroupId) -> GroupStatus:
        """Running, or not there."""
        return GroupStatus.RUNNING if group in self._groups else GroupStatus.INEXISTENT


def _rewrite_peers(file: Path, peers: Sequence[Endpoint]) -> None:
    """Replace the peers of a config.ini, whole or not at all."""
    text = replace_peers(file.read_text(encoding="utf-8"), peers)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
