"""How proposals travel in an rPBFT group: the shell around `ProposalGossip`, and the tree.

Keeps the proposals of the next heights, so that it can give them to others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace

from hansa.consensus.errors import MalformedPacket
from hansa.consensus.inbox import ReceivedPacket
from hansa.consensus.log import short
from hansa.consensus.pbft.delivery import Ask
from hansa.consensus.pbft.events import Head, RequestMissedTransactions
from hansa.consensus.pbft.messages import PacketType, PbftPacket, Prepare
from hansa.consensus.pbft.post import PostSettings
from hansa.consensus.rpbft.gossip import (
    AskForTransactions,
    Event,
    GossipSettings,
    HeadMoved,
    ProposalArrived,
    ProposalCompleted,
    ProposalGossip,
    ProposalWanted,
    RequestProposal,
    SendProposal,
    StatusHeard,
    TellStatus,
    TimerFired,
    TransactionsWanted,
)
from hansa.consensus.rpbft.messages import ProposalPacketType, ProposalStatus, status_of
from hansa.consensus.rpbft.tree import children
from hansa.consensus.surroundings import Network
from hansa.kernel import Block
from hansa.primitives import GroupId, Hash32, NodeId

__all__ = ["TreeDelivery"]

logger = logging.getLogger("hansa.consensus.rpbft")

PROPOSALS_MAX = 16


class TreeDelivery:
    """One sealer's part in it."""

    def __init__(
        self,
        *,
        me: NodeId,
        group_id: GroupId,
        post: PostSettings,
        gossip: GossipSettings,
        network: Network,
        steady_ms: Callable[[], int],
        draw: Callable[[int], int],
    ) -> None:
        """Args: `draw` gives one of the integers from 0 up to, but without, the given one."""
        self._me = me
        self._group_id = group_id
        self._post = post
        self._network = network
        self._steady_ms = steady_ms
        self._gossip = ProposalGossip(me, gossip, draw)
        self._workers: tuple[NodeId, ...] = ()
        self._prepares: dict[Hash32, Prepare] = {}
        self._blocks: dict[Hash32, Block] = {}
        self._waiting: dict[Hash32, tuple[RequestMissedTransactions, Ask]] = {}

    # --- what the engine tells ---------------------------------------------------------------------

    def recipients(self, leader: NodeId) -> Collection[NodeId]:
        """Our children in the tree of this leader."""
        return children(self._me, leader, self._workers, self._network.connected_ids())

    def head_advanced(self, head: Head) -> None:
        """Forget what is committed."""
        self._workers = head.voter_ids
        self._prepares = {
            block_hash: prepare
            for block_hash, prepare in self._prepares.items()
            if prepare.height > head.height
        }
        self._blocks = {key: block for key, block in self._blocks.items() if key in self._prepares}
        self._waiting = {key: order for key, order in self._waiting.items() if key in self._prepares}
        self._tell(HeadMoved(head.height, head.sealers, head.voter_ids))

    def arrived(self, prepare: Prepare) -> None:
        """Keep it; a newer view's prepare of the same block replaces the older one."""
        known = self._prepares.get(prepare.block_hash)
        if known is None or known.view < prepare.view:
            self._prepares[prepare.block_hash] = prepare
        while len(self._prepares) > PROPOSALS_MAX:
            oldest = next(iter(self._prepares))
            del self._prepares[oldest]
            self._blocks.pop(oldest, None)
        self._tell(ProposalArrived(status_of(prepare)))

    def completed(self, block_hash: Hash32, block: Block) -> None:
        """Others may have it from us now."""
        prepare = self._prepares.get(block_hash)
        if prepare is not None:
            self._blocks[block_hash] = block
            self._waiting.pop(block_hash, None)
            self._tell(ProposalCompleted(status_of(prepare)))

    def request_missed(self, order: RequestMissedTransactions, ask: Ask) -> None:
        """Of somebody who has them; of the leader in the end."""
        prepare = self._prepares.get(order.block_hash)
        if prepare is not None:
            self._waiting[order.block_hash] = (order, ask)
            self._tell(TransactionsWanted(status_of(prepare)))

    def read(self, received: ReceivedPacket) -> ReceivedPacket | None:
        """Statuses and requests; the proposal in an answer is given back as the packet it is.

        Raises:
            MalformedPacket: no such packet.
        """
        sender = received.sender
        match received.packet_type:
            case ProposalPacketType.STATUS:
                self._tell(StatusHeard(sender, ProposalStatus.decode(received.payload)))
            case ProposalPacketType.REQUEST:
                self._tell(ProposalWanted(sender, ProposalStatus.decode(received.payload)))
            case ProposalPacketType.RESPONSE:
                return ReceivedPacket(sender, PacketType.NORMAL, received.payload)
            case _:
                raise MalformedPacket(f"packet type {received.packet_type} is unknown")
        return None

    def next_deadline(self) -> int | None:
        """When `fire` is due, on the steady clock."""
        return self._gossip.next_deadline()

    def fire(self) -> None:
        """Time has come."""
        self._tell(TimerFired())

    # --- what the gossip asks for ------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        for effect in self._gossip.handle(event, self._network.connected_ids(), self._steady_ms()):
            match effect:
                case TellStatus(targets=targets, status=status):
                    for target in targets:
                        self._network.send(target, ProposalPacketType.STATUS, status.encode())
                case RequestProposal(target=target, status=status):
                    logger.info(
                        "[g:%d][RPBFT]asks %s for proposal %s",
                        self._group_id,
                        short(target),
                        short(status.block_hash),
                    )
                    self._network.send(target, ProposalPacketType.REQUEST, status.encode())
                case SendProposal(target=target, status=status):
                    self._give(target, status)
                case AskForTransactions(target=target, status=status):
                    waiting = self._waiting.pop(status.block_hash, None)
                    if waiting is not None:
                        order, ask = waiting
                        ask(order, target)

    def _give(self, target: NodeId, status: ProposalStatus) -> None:
        prepare, block = self._prepares.get(status.block_hash), self._blocks.get(status.block_hash)
        if prepare is None or block is None:
            return
        unreached = () if self._post.optimize_ttl else None
        packet = PbftPacket(replace(prepare, block=block.encode()), self._post.ttl, unreached=unreached)
        self._network.send(target, ProposalPacketType.RESPONSE, packet.encode())
