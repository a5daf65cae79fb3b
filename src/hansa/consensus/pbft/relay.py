"""Who gets a message when not every two sealers are connected (node §4.6).

With the TTL optimisation a packet lists the sealers its sender could not reach; whoever can reach some of
them passes it on to those and keeps the rest in the list. Without it a packet goes on to every sealer that is
not known to have it. Either way only while its `ttl` is above 1, one less each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hansa.consensus.pbft.messages import Message, PbftPacket
from hansa.primitives import Height, NodeId

__all__ = ["Route", "is_worth_relaying", "route_foreign", "route_own"]

HEIGHTS_BEHIND_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Route:
    """A packet and those it is sent to."""

    packet: PbftPacket
    targets: tuple[NodeId, ...]


def route_own(
    message: Message,
    *,
    ttl: int,
    has_empty_block: bool = False,
    others: Sequence[NodeId],
    connected: Collection[NodeId],
    optimize_ttl: bool,
) -> Route:
    """Send a message of ours to all other sealers.

    Args:
        others: the sealers without us, in order.
        connected: nodes there is a session with.
    """
    targets = tuple(node for node in others if node in connected)
    unreached = tuple(node for node in others if node not in connected) if optimize_ttl else None
    return Route(PbftPacket(message, ttl, has_empty_block, unreached), targets)


def is_worth_relaying(packet: PbftPacket, head: Height) -> bool:
    """Does somebody still wait for it, and is it new enough to help?"""
    is_awaited = packet.unreached is None or len(packet.unreached) > 0
    return packet.ttl > 1 and is_awaited and packet.message.height + HEIGHTS_BEHIND_MAX >= head


def route_foreign(
    packet: PbftPacket,
    *,
    others: Sequence[NodeId],
    connected: Collection[NodeId],
    has: Callable[[NodeId], bool],
) -> Route | None:
    """Pass on a message of another sealer; None: nobody is left, or it has come far enough.

    Args:
        others: the sealers without us and the message's author.
        connected: nodes there is a session with.
        has: is a sealer known to have it?
    """
    if packet.ttl <= 1:
        return None
    wanting = [node for node in others if not has(node)]
    if packet.unreached is not None:
        listed = set(packet.unreached)
        wanting = [node for node in wanting if node in listed]
    targets = tuple(node for node in wanting if node in connected)
    if not targets:
        return None
    unreached = packet.unreached and tuple(node for node in packet.unreached if node not in targets)
    return Route(replace(packet, ttl=packet.ttl - 1, unreached=unreached), targets)
