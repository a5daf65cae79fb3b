"""Packets ↔ bytes (spec: node §3.2). Pure.

A frame is a 16-byte header and a payload; integers are big endian.

```
0   length        u32   of the whole frame
4   version       u16   bit 15: the payload is compressed; the other bits are ignored
6   protocol id   i32   group << 16 | module; an answer carries the negative number of its request
10  packet type   u16   what it is within its module
12  sequence      u32   joins an answer to its request
16  payload
```

Rule 1: a payload above 1024 bytes is sent snappy-compressed when the node compresses and that makes it
shorter.
Rule 2: a compressed payload is always understood, whatever our own switch says and however small it is.
Rule 3: nothing is expanded to more than the largest frame, and nothing is allocated on the word of a header.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import cramjam

from hansa.p2p.errors import LocalProtocolError, MalformedFrame

__all__ = [
    "COMPRESSION_THRESHOLD_BYTES",
    "FRAME_BYTES_MAX",
    "HEADER_BYTES",
    "FrameEncoder",
    "Module",
    "Packet",
    "decode_frame",
]

HEADER_BYTES = 16
FRAME_BYTES_MAX = 100 * 1024 * 1024
COMPRESSION_THRESHOLD_BYTES = 1024

_HEADER = struct.Struct(">IHiHI")
_COMPRESSED = 0x8000
_GROUP_MAX = 0x7FFF
_U16_MAX = 0xFFFF
_U32_MAX = 0xFFFFFFFF

# The densest element of a snappy stream copies 64 bytes and takes 3, so no honest stream grows more than
# this.
_SNAPPY_EXPANSION_MAX = 22


class Module(IntEnum):
    """Who a packet is for. The first two belong to the node (group 0), the others to a group."""

    AMOP = 1
    TOPIC = 2
    PBFT = 8
    """Also rPBFT."""
    BLOCK_SYNC = 9
    """Status, blocks and transactions."""
    TRANSACTION_POOL = 10
    """Reserved: no node sends it."""
    RAFT = 11


@dataclass(frozen=True, slots=True)
class Packet:
    """One message between two nodes, its payload as the module wrote it (not compressed)."""

    group: int
    """The group it belongs to, 0 for the node itself."""
    module: int
    """One of `Module`, or a number we do not know."""
    packet_type: int
    seq: int
    """Joins an answer to its request; 0 is what topic announcements carry."""
    payload: bytes
    is_response: bool = False


def decode_frame(frame: bytes | memoryview) -> Packet:
    """Read one whole frame, as its length field cut it.

    Raises:
        MalformedFrame: it is shorter than a header, or its payload does not decompress.
    """
    if len(frame) < HEADER_BYTES:
        raise MalformedFrame(f"frame of {len(frame)} bytes, shorter than its header")
    _, version, protocol_id, packet_type, seq = _HEADER.unpack_from(frame)
    body = frame[HEADER_BYTES:]
    payload = _decompress(body) if version & _COMPRESSED else bytes(body)
    group, module = divmod(abs(protocol_id), 1 << 16)
    return Packet(group, module, packet_type, seq, payload, protocol_id < 0)


def _decompress(body: bytes | memoryview) -> bytes:
    try:
        size = cramjam.snappy.decompress_raw_len(body)
    except cramjam.DecompressionError as error:
        raise MalformedFrame(f"compressed payload: {error}") from error
    if size > FRAME_BYTES_MAX:
        raise MalformedFrame(f"compressed payload announces {size} bytes, more than {FRAME_BYTES_MAX}")
    if size > len(body) * _SNAPPY_EXPANSION_MAX:
        raise MalformedFrame(f"compressed payload of {len(body)} bytes announces {size}")
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise MalformedFrame(f"compressed payload: {error}") from error


class FrameEncoder:
    """Encodes packets. Share one among the sessions of a node: a payload that goes to several peers in a row,
    as every broadcast does, is then compressed once.
    """

    def __init__(self, *, compress: bool) -> None:
        self._compress = compress
        self._last_payload = b""
        self._last_compressed: bytes | None = None

    def encode(self, packet: Packet) -> bytes:
        """The frame of a packet.

        Raises:
            LocalProtocolError: a field does not fit its place, or the payload is too large for a frame.
        """
        if not 0 <= packet.group <= _GROUP_MAX or not 0 < packet.module <= _U16_MAX:
            raise LocalProtocolError(f"no protocol id for group {packet.group}, module {packet.module}")
        if not 0 <= packet.packet_type <= _U16_MAX or not 0 <= packet.seq <= _U32_MAX:
            raise LocalProtocolError(
                f"packet type {packet.packet_type} or sequence {packet.seq} out of range"
            )
        payload = packet.payload
        if len(payload) > FRAME_BYTES_MAX - HEADER_BYTES:
            raise LocalProtocolError(f"payload of {len(payload)} bytes is too large for a frame")
        protocol_id = packet.group << 16 | packet.module
        if packet.is_response:
            protocol_id = -protocol_id
        compressed = self._compressed(payload)
        version = 0
        if compressed is not None:
            version, payload = _COMPRESSED, compressed
        length = HEADER_BYTES + len(payload)
        return _HEADER.pack(length, version, protocol_id, packet.packet_type, packet.seq) + payload

    def _compressed(self, payload: bytes) -> bytes | None:
        """The compressed form, or None if the payload is better sent as it is."""
        if not self._compress or len(payload) <= COMPRESSION_THRESHOLD_BYTES:
            return None
        if payload is not self._last_payload:
            compressed = bytes(cramjam.snappy.compress_raw(payload))
            self._last_payload = payload
            self._last_compressed = compressed if len(compressed) < len(payload) else None
        return self._last_compressed
