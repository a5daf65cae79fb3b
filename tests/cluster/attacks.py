"""What a bad peer may send: endless streams of frames, seeded.

The first part needs no more than a certificate of the chain. The second is for a sealer gone bad: what it
signs is valid and means nothing.
"""

from __future__ import annotations

import itertools
import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import cramjam

from hansa.consensus.pbft.messages import (
    Commit,
    Message,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PacketType,
    PbftPacket,
    Prepare,
    Sign,
    ViewChange,
    WantedTransaction,
)
from hansa.consensus.pbft.signing import sign_message
from hansa.kernel import keccak256
from hansa.node.links import NodeSigner
from hansa.p2p import Module
from hansa.primitives import Hash32, Height, View
from hansa.sync.packets import (
    FROM_CLIENT,
    BlockRequest,
    Blocks,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    encode_packet,
)
from tests.cluster.intruder import frame

__all__ = [
    "bombs",
    "forged_votes",
    "garbage",
    "greedy_requests",
    "invented_announcements",
    "lying_statuses",
    "missed_transactions",
    "recorded_malformed",
    "unwanted_blocks",
    "valid_nonsense",
]

_RECORDED = Path(__file__).parents[1] / "golden" / "p2p" / "malformed.json"
YEAR_MS = 365 * 24 * 3600 * 1000


def _digest(chance: random.Random) -> Hash32:
    return Hash32(chance.randbytes(32))


def lying_statuses(genesis_hash: Hash32, time_ms: int) -> Iterator[bytes]:
    """Heights that do not exist, and a clock that is a year ahead."""
    chance = random.Random(1)
    while True:
        height = Height(chance.choice((1_000, 10**6, 2**62)))
        yield frame(
            Module.BLOCK_SYNC,
            encode_packet(Status(height, genesis_hash, _digest(chance), time_ms + YEAR_MS)),
        )


def garbage() -> Iterator[bytes]:
    """Bytes that mean nothing, to every module there is and some there are not, up to 64 KiB each."""
    chance = random.Random(2)
    while True:
        payload = chance.randbytes(chance.choice((0, 1, 2, 50, 1_000, 60_000)))
        if chance.random() < 0.5:
            payload = bytes([chance.randrange(1, 7)]) + payload  # the beginning of a sync packet
        module = chance.choice((*Module, 99))
        yield frame(module, payload, packet_type=chance.randrange(8), group=chance.choice((0, 1, 1, 1, 9)))


def recorded_malformed() -> Iterator[bytes]:
    """What was sent to a reference node to see what it does; without the one frame that ends a session."""
    records = json.loads(_RECORDED.read_text())["frames"]
    return itertools.cycle(
        bytes.fromhex(record["sent"]) for record in records if not record["connectionClosed"]
    )


def bombs() -> Iterator[bytes]:
    """Small frames that expand to 100 MB."""
    payload = bytes(cramjam.snappy.compress_raw(bytes(100_000_000)))
    header = struct.Struct(">IHiHI")
    for seq in itertools.count(1):
        yield header.pack(header.size + len(payload), 0x8000, 1 << 16 | Module.BLOCK_SYNC, 0, seq) + payload


def missed_transactions() -> Iterator[bytes]:
    """Asks leaders for transactions of blocks they never proposed, and answers what nobody asked."""
    chance = random.Random(3)
    while True:
        wanted = tuple(WantedTransaction(_digest(chance), index) for index in range(10))
        request = MissedTransactionsRequest(Height(5), _digest(chance), wanted)
        yield frame(Module.PBFT, request.encode(), packet_type=PacketType.MISSED_TRANSACTIONS_REQUEST)
        response = MissedTransactionsResponse(Height(5), _digest(chance), chance.randbytes(2_000))
        yield frame(Module.PBFT, response.encode(), packet_type=PacketType.MISSED_TRANSACTIONS_RESPONSE)


def greedy_requests() -> Iterator[bytes]:
    """Asks for every block, again and again."""
    chance = random.Random(4)
    while True:
        yield frame(Module.BLOCK_SYNC, encode_packet(BlockRequest(Height(chance.randrange(3)), 10_000)))


def invented_announcements() -> Iterator[bytes]:
    """Announces transactions that do not exist, asks for others, and sends what is none."""
    chance = random.Random(5)
    while True:
        hashes = tuple(_digest(chance) for _ in range(500))
        yield frame(Module.BLOCK_SYNC, encode_packet(TransactionsStatus(Height(1), hashes)))
        yield frame(Module.BLOCK_SYNC, encode_packet(TransactionsRequest(hashes)))
        offsets = struct.pack("<I3I", 2, 0, 1_000, 2_000)
        blob = offsets + chance.randbytes(2_000)
        yield frame(Module.BLOCK_SYNC, encode_packet(Transactions(blob, 0)), packet_type=FROM_CLIENT)


def unwanted_blocks() -> Iterator[bytes]:
    """Blocks nobody asked for, a megabyte each."""
    chance = random.Random(6)
    while True:
        yield frame(Module.BLOCK_SYNC, encode_packet(Blocks((chance.randbytes(1 << 20),))))


def forged_votes(index: int) -> Iterator[bytes]:
    """Votes in another sealer's name with signatures that are none."""
    chance = random.Random(7)
    while True:
        kind = chance.choice((Sign, Commit, ViewChange, Prepare))
        message = kind(
            Height(chance.randrange(200)),
            View(chance.randrange(9)),
            index,
            chance.randrange(2**40),
            _digest(chance),
            chance.randbytes(65),
            chance.randbytes(65),
        )
        yield _packed(message)


def valid_nonsense(index: int, secret: bytes, height: int) -> Iterator[bytes]:
    """Votes and proposals in the own name, well signed: for blocks that do not exist, in views up to 2^60."""
    chance = random.Random(8)
    signer = NodeSigner(secret)
    while True:
        kind = chance.choice((Sign, Commit, ViewChange, Prepare))
        unsigned = kind(
            Height(height + chance.choice((-1, 0, 1, 2, 3, 1_000, 2**60))),
            View(chance.choice((0, 1, 2, 5, 1_000, 2**60))),
            index,
            chance.randrange(2**40),
            _digest(chance),
        )
        yield _packed(sign_message(unsigned, signer, keccak256))


def _packed(message: Message) -> bytes:
    return frame(Module.PBFT, PbftPacket(message, ttl=2, has_empty_block=False, unreached=()).encode())
