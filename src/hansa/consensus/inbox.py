"""Packets that wait for their turn: bounded per peer, so that a loud one cannot push out the others."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from hansa.primitives import NodeId

__all__ = ["Inbox", "ReceivedPacket"]

PACKETS_PER_PEER_MAX: Final = 1024
BYTES_PER_PEER_MAX: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class ReceivedPacket:
    """A payload and where it came from."""

    sender: NodeId
    packet_type: int
    payload: bytes


class Inbox:
    """First in, first out."""

    def __init__(self) -> None:
        self._packets: deque[ReceivedPacket] = deque()
        self._counts: dict[NodeId, int] = {}
        self._bytes: dict[NodeId, int] = {}

    def __len__(self) -> int:
        return len(self._packets)

    def put(self, packet: ReceivedPacket) -> bool:
        """Append a packet. False: its sender has too many waiting, and it was dropped. One always fits."""
        sender = packet.sender
        count, size = self._counts.get(sender, 0), self._bytes.get(sender, 0)
        if count and (count >= PACKETS_PER_PEER_MAX or size + len(packet.payload) > BYTES_PER_PEER_MAX):
            return False
        self._packets.append(packet)
        self._counts[sender] = count + 1
        self._bytes[sender] = size + len(packet.payload)
        return True

    def take(self, count_max: int) -> list[ReceivedPacket]:
        """The oldest packets."""
        taken = [self._packets.popleft() for _ in range(min(count_max, len(self._packets)))]
        for packet in taken:
            self._counts[packet.sender] -= 1
            self._bytes[packet.sender] -= len(packet.payload)
            if not self._counts[packet.sender]:
                del self._counts[packet.sender], self._bytes[packet.sender]
        return taken
