"""What the node plugs into a channel server, each a small `Protocol` beside the values it speaks of.

RpcHandler        answers JSON-RPC text with JSON-RPC text
TransactionSink   takes a loop turn's transactions as one batch
EventFilters      contract event filters (client protocol §8)
AmopRouter        messages between SDKs (client protocol §7)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hansa.channel.protocol import AmopReceived

__all__ = [
    "Accepted",
    "AmopRouter",
    "EventFilters",
    "Refused",
    "Rejected",
    "RpcHandler",
    "SessionInfo",
    "SubmissionOutcome",
    "SubmittedTransaction",
    "TransactionSink",
]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Who is on the other side of a session. Never changes while the session lasts."""

    session_id: int
    """Unique in this process, never used twice."""
    address: str
    """`ip:port` of the client."""
    subject: str
    """The certificate's subject, for people."""
    public_key: str
    """The key an allow-list names: 128 hexadecimal digits (`allow_list.py`)."""


@dataclass(frozen=True, slots=True)
class SubmittedTransaction:
    """One sendRawTransaction or sendRawTransactionAndGetProof."""

    session: SessionInfo
    seq: bytes
    request_id: int | str | None
    """The JSON-RPC id, to be echoed."""
    group_id: int
    """As the client wrote it: any 32-bit number."""
    raw: bytes
    with_proof: bool
    """The receipt is wanted with txProof and receiptProof."""

    @property
    def method(self) -> str:
        """The JSON-RPC method it came by."""
        return "sendRawTransactionAndGetProof" if self.with_proof else "sendRawTransaction"


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the pool: the client gets the hash now and the receipt later."""

    hash: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Well formed but not taken (client protocol §3.8).

    A session of version 3 gets the hash and a receipt with the status, an older one the JSON-RPC error.
    """

    hash: bytes
    status: int
    status_message: str
    code: int
    """JSON-RPC error for sessions below version 3: −32603, or −40009 when this node is not in the group."""
    message: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Answered with an error in every version: unknown group, no transaction, bad signature, limits."""

    code: int
    message: str


SubmissionOutcome = Accepted | Refused | Rejected


class RpcHandler(Protocol):
    """Every JSON-RPC request but the transactions of `TransactionSink`."""

    async def handle(self, data: bytes, session: SessionInfo) -> bytes:
        """The response text for a request text. Turns every failure into a response."""


class TransactionSink(Protocol):
    """Where transactions go."""

    async def submit_transactions(self, batch: Sequence[SubmittedTransaction]) -> Sequence[SubmissionOutcome]:
        """Check and pool them; one outcome for each, in order.

        The next batch is handed over when this one is answered, so that what arrives meanwhile is collected.
        """


class EventFilters(Protocol):
    """Keeps the event filters of all sessions; sends with `ChannelServer.push_events`."""

    def register(self, session: SessionInfo, body: bytes) -> int:
        """Take a registration; the code of client protocol §8.1, 0 = accepted."""

    def cancel(self, session: SessionInfo, body: bytes) -> int:
        """End a filter; the code for the answer."""

    def forget_session(self, session: SessionInfo) -> None:
        """The session ended: its filters go with it."""


class AmopRouter(Protocol):
    """Routes AMOP; answers and forwards with `ChannelServer.send_frame`."""

    def receive(self, session: SessionInfo, message: AmopReceived) -> None:
        """A frame of type 0x30, 0x31, 0x35, 0x37 or 0x38 arrived; the router owes the answer."""

    def change_topics(self, session: SessionInfo, topics: frozenset[str]) -> None:
        """The session's whole set of topics is now this one."""

    def forget_session(self, session: SessionInfo) -> None:
        """The session ended: nothing can be sent to it any more."""
