"""Messages on their way out and in: signed, sent, passed on; decoded, verified, sorted out.

Reads the machine (who the sealers are, what is still timely), never changes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hansa.consensus.errors import MalformedPacket
from hansa.consensus.inbox import ReceivedPacket
from hansa.consensus.invariant import present
from hansa.consensus.log import short
from hansa.consensus.pbft.duplicates import KnownMessages
from hansa.consensus.pbft.events import (
    BroadcastCommit,
    BroadcastEmptyPrepare,
    BroadcastPrepare,
    BroadcastSign,
    BroadcastViewChange,
    SendViewChange,
)
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import Commit, Message, PacketType, PbftPacket, Prepare, Sign, ViewChange
from hansa.consensus.pbft.relay import is_worth_relaying, route_foreign, route_own
from hansa.consensus.pbft.signing import digests, sign_message
from hansa.consensus.surroundings import Network, Signer
from hansa.kernel import Suite, verify_batch
from hansa.primitives import GroupId, Hash32, NodeId

__all__ = ["Post", "PostSettings"]

logger = logging.getLogger("hansa.consensus.pbft")

_Vote = TypeVar("_Vote", Sign, Commit, ViewChange)


@dataclass(frozen=True, slots=True)
class PostSettings:
    """How far packets go (node §1.5, §4.6)."""

    ttl: int = 2
    """How often a packet may be passed on, 0 to 5."""
    optimize_ttl: bool = True
    """All nodes of a group must agree on this: it changes the packets."""


class Post:
    """One sealer's letters."""

    def __init__(
        self,
        *,
        me: NodeId,
        group_id: GroupId,
        settings: PostSettings,
        machine: PbftMachine,
        network: Network,
        signer: Signer,
        suite: Suite,
        aligned_ms: Callable[[], int],
        recipients: Callable[[NodeId], Collection[NodeId] | None],
    ) -> None:
        """Args: `recipients` says to whom proposals of a leader go from here; None: as all messages."""
        self._me = me
        self._group_id = group_id
        self._settings = settings
        self._machine = machine
        self._network = network
        self._signer = signer
        self._suite = suite
        self._aligned_ms = aligned_ms
        self._recipients = recipients
        self._known = KnownMessages()

    @property
    def index(self) -> int:
        """Our place among the sealers; only they are asked to speak."""
        return present(self._machine.index, "only sealers are asked to speak")

    def forget(self, node: NodeId) -> None:
        """A session ended: what was sent last may not have arrived."""
        self._known.forget(node)

    # --- out ---------------------------------------------------------------------------------------

    def propose(
        self,
        order: BroadcastPrepare | BroadcastEmptyPrepare,
        block_hash: Hash32,
        block: bytes,
        *,
        with_hashes: bool = False,
    ) -> Prepare:
        """Sign and send a proposal; the proposal as it went out.

        Args:
            block: its encoding.
            with_hashes: it holds transaction hashes, at least one.
        """
        unsigned = Prepare(order.height, order.view, self.index, self._aligned_ms(), block_hash, block=block)
        prepare = sign_message(unsigned, self._signer, self._suite.hash)
        self._broadcast(
            prepare,
            PacketType.PREPARE_WITH_HASHES if with_hashes else PacketType.NORMAL,
            has_empty_block=isinstance(order, BroadcastEmptyPrepare),
        )
        return prepare

    def vote(self, kind: type[_Vote], order: BroadcastSign | BroadcastCommit | BroadcastViewChange) -> _Vote:
        """Sign and send a vote; the vote as it went out."""
        vote = self._signed(kind, order)
        self._broadcast(vote, PacketType.NORMAL)
        return vote

    def tell_view(self, order: SendViewChange) -> None:
        """Sign a view change for one sealer."""
        vote = self._signed(ViewChange, order)
        unreached = () if self._settings.optimize_ttl else None
        packet = PbftPacket(vote, self._settings.ttl, unreached=unreached)
        self._send(packet, [self._machine.head.sealers[order.index]], PacketType.NORMAL)

    def _signed(
        self, kind: type[_Vote], order: BroadcastSign | BroadcastCommit | BroadcastViewChange | SendViewChange
    ) -> _Vote:
        vote = kind(order.height, order.view, self.index, self._aligned_ms(), order.block_hash)
        return sign_message(vote, self._signer, self._suite.hash)

    def _broadcast(self, message: Message, packet_type: int, *, has_empty_block: bool = False) -> None:
        recipients = self._recipients(self._me) if isinstance(message, Prepare) else None
        if recipients is not None:
            unreached = () if self._settings.optimize_ttl else None
            packet = PbftPacket(message, self._settings.ttl, has_empty_block, unreached)
            self._send(packet, recipients, packet_type)
            return
        route = route_own(
            message,
            ttl=self._settings.ttl,
            has_empty_block=has_empty_block,
            others=[node for node in self._machine.head.voter_ids if node != self._me],
            connected=self._network.connected_ids(),
            optimize_ttl=self._settings.optimize_ttl,
        )
        self._send(route.packet, route.targets, packet_type)

    def _relay(self, packet: PbftPacket, packet_type: int) -> None:
        message, sealers = packet.message, self._machine.head.sealers
        author = sealers[message.index]
        recipients = self._recipients(author) if isinstance(message, Prepare) else None
        if recipients is not None:
            wanting = [node for node in recipients if not self._known.has(node, message)]
            self._send(packet, wanting, packet_type)
            return
        route = route_foreign(
            packet,
            others=[node for node in self._machine.head.voter_ids if node not in (self._me, author)],
            connected=self._network.connected_ids(),
            has=lambda node: self._known.has(node, message),
        )
        if route is not None:
            self._send(route.packet, route.targets, packet_type)

    def _send(self, packet: PbftPacket, targets: Iterable[NodeId], packet_type: int) -> None:
        payload = packet.encode()
        for node in targets:
            self._known.add(node, packet.message)
            self._network.send(node, packet_type, payload)

    # --- in ----------------------------------------------------------------------------------------

    def read(self, packets: Sequence[ReceivedPacket]) -> Iterator[Message]:
        """Decode, verify and pass on; yields what the machine should hear of, each when its turn comes."""
        wanted = [(received, packet) for received in packets if (packet := self._open(received)) is not None]
        verdicts = self._verify([packet.message for _, packet in wanted])
        for (received, packet), is_valid in zip(wanted, verdicts, strict=True):
            if not is_valid:
                name = type(packet.message).__name__
                logger.warning(
                    "[g:%d][PBFT]%s of %s: wrong signature", self._group_id, name, short(received.sender)
                )
                continue
            self._relay(packet, received.packet_type)
            if self._machine.is_timely(packet.message):
                yield packet.message

    def _open(self, received: ReceivedPacket) -> PbftPacket | None:
        """A packet that may matter to us, or to those behind us. It is not verified yet."""
        try:
            packet = PbftPacket.decode(received.payload)
        except MalformedPacket as error:
            logger.warning(
                "[g:%d][PBFT]malformed packet of %s: %s", self._group_id, short(received.sender), error
            )
            return None
        message, head = packet.message, self._machine.head
        if message.index >= len(head.sealers) or head.sealers[message.index] == self._me:
            return None
        if not self._known.add(received.sender, message):
            return None
        is_wanted = self._machine.is_timely(message) or is_worth_relaying(packet, head.height)
        return packet if is_wanted else None

    def _verify(self, messages: Sequence[Message]) -> list[bool]:
        """Are both signatures of each message those of the sealer it names?"""
        keys: list[bytes] = []
        signed: list[bytes] = []
        signatures: list[bytes] = []
        for message in messages:
            sealer = self._machine.head.sealers[message.index]
            keys += (sealer, sealer)
            signed += digests(message, self._suite.hash)
            signatures += (message.signature, message.view_signature)
        verdicts = verify_batch(keys, signed, signatures, suite=self._suite)
        return [both[0] and both[1] for both in zip(verdicts[::2], verdicts[1::2], strict=True)]
