"""Registering, searching history, following the head: filters over a chain in memory."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from hansa.channel.handlers import SessionInfo
from hansa.codec import rlp
from hansa.events import ContractEvents, EventGroup, EventLimits, service
from hansa.kernel import Block, Header, Transaction, TransactionList

CONTRACT, OTHER = b"\xc1" * 20, b"\xc2" * 20
GREETED, MOVED = b"\xa1" * 32, b"\xa2" * 32
SESSION = SessionInfo(1, "127.0.0.1:1", "CN=sdk", "key")
ALL_BITS = b"\xff" * 256
"""A bloom that excludes nothing: what it excludes is tested in the kernel."""

Log = tuple[bytes, Sequence[bytes], bytes]


def block_with(height: int, logs: Sequence[Log]) -> Block:
    """A block of one transaction that left these logs."""
    transaction = Transaction.create(
        b"\x01" * 32,
        nonce=height,
        gas_price=0,
        gas=0,
        block_limit=100,
        to=CONTRACT,
        value=0,
        data=b"",
        chain_id=1,
        group_id=1,
    )
    proposed = Block.propose(Header(number=height, timestamp=0), TransactionList.decode([transaction.raw]))
    header, blob, block_hash, _, _ = rlp.decode(proposed.encode())
    entries = [[address, list(topics), data] for address, topics, data in logs]
    receipt = [bytes(32), 0, bytes(20), ALL_BITS, 0, b"", 0, entries]
    return Block.decode(rlp.encode([header, blob, block_hash, [], [receipt]]))


@dataclass
class Chain:
    blocks: dict[int, Block] = field(default_factory=dict)
    reads: list[int] = field(default_factory=list)
    failure: Exception | None = None

    @property
    def head(self) -> Any:
        return SimpleNamespace(number=max(self.blocks))

    def block(self, height: int) -> Block | None:
        if self.failure is not None:
            raise self.failure
        self.reads.append(height)
        return self.blocks.get(height)

    def grow(self, *logs: Log) -> None:
        height = max(self.blocks, default=-1) + 1
        self.blocks[height] = block_with(height, logs)


@dataclass
class Outlet:
    pushed: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    slow: set[int] = field(default_factory=set)

    def push_events(self, session_id: int, body: bytes) -> None:
        assert body.endswith(b"\n")
        self.pushed[session_id].append(json.loads(body))

    def takes_more(self, session_id: int) -> bool:
        return session_id not in self.slow

    def seen(self, filter_id: str = "a", session: int = 1) -> list[str]:
        """The data of all logs pushed to a filter."""
        pushes = [push for push in self.pushed[session] if push["filterID"] == filter_id]
        return [log["data"] for push in pushes for log in push["logs"] or ()]


def greeted(data: bytes, contract: bytes = CONTRACT) -> Log:
    return contract, (GREETED,), data


def body(filter_id: str = "a", **changes: object) -> bytes:
    members: dict[str, Any] = {"addresses": [], "topics": [], "groupID": 1, "filterID": filter_id}
    return json.dumps(members | changes).encode()


@dataclass
class Node:
    chain: Chain
    outlet: Outlet
    events: ContractEvents
    allowed: set[str]

    def commit(self, *logs: Log) -> None:
        self.chain.grow(*logs)
        self.events.on_block(1)


@asynccontextmanager
async def running(limits: EventLimits | None = None, *, blocks: int = 4) -> AsyncIterator[Node]:
    """A chain in which block N has one log with the data N."""
    chain, outlet, allowed = Chain(), Outlet(), {"key"}
    for height in range(blocks):
        chain.grow(greeted(bytes([height])))
    with ThreadPoolExecutor(2) as threads:
        events = ContractEvents(threads)
        async with events.running(outlet):
            events.add_group(EventGroup(1, chain, limits or EventLimits(), allowed.__contains__))
            yield Node(chain, outlet, events, allowed)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def settle() -> None:
    """Time for anything that might still come."""
    await asyncio.sleep(0.05)


async def test_history_then_the_head_each_log_once_and_in_order() -> None:
    async with running(blocks=10) as node:
        assert node.events.register(SESSION, body(fromBlock="2")) == 0
        await until(lambda: len(node.outlet.seen()) == 8)
        node.commit(greeted(b"\x0a"), greeted(b"\x0b"))
        await until(lambda: len(node.outlet.seen()) == 10)
        await settle()
    assert node.outlet.seen() == [f"0x{number:02x}" for number in range(2, 12)]
    assert all(push["result"] == 0 for push in node.outlet.pushed[1])
    assert len(node.outlet.pushed[1]) == 4, "three blocks a turn"


async def test_latest_begins_with_the_head_itself() -> None:
    async with running() as node:
        assert node.events.register(SESSION, body()) == 0
        await until(lambda: node.outlet.seen() == ["0x03"])
        node.commit(greeted(b"\x09"))
        await until(lambda: node.outlet.seen() == ["0x03", "0x09"])


async def test_a_block_without_matching_logs_is_not_told() -> None:
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="4", topics=["0x" + MOVED.hex()]))
        node.commit(greeted(b"\x01"))
        node.commit((OTHER, (MOVED,), b"\x02"))
        await until(lambda: node.outlet.seen() == ["0x02"])
        assert len(node.outlet.pushed[1]) == 1


async def test_a_range_ends_with_a_completed_push_and_the_filter() -> None:
    async with running() as node:
        assert node.events.register(SESSION, body(fromBlock="1", toBlock="5")) == 0
        await until(lambda: len(node.outlet.seen()) == 3)
        for data in (b"\x04", b"\x05", b"\x06"):
            node.commit(greeted(data))
        await until(lambda: node.outlet.pushed[1][-1]["result"] == 1)
        await settle()
    assert node.outlet.seen() == ["0x01", "0x02", "0x03", "0x04", "0x05"]
    assert node.outlet.pushed[1][-1] == {"filterID": "a", "logs": None, "result": 1}


async def test_filters_and_sessions_do_not_see_each_others_logs() -> None:
    second = SessionInfo(2, "127.0.0.1:2", "CN=sdk", "key")
    async with running() as node:
        node.events.register(SESSION, body("a", fromBlock="4", addresses=["0x" + CONTRACT.hex()]))
        node.events.register(SESSION, body("b", fromBlock="4", addresses="0x" + OTHER.hex()))
        node.events.register(second, body("a", fromBlock="4"))
        node.commit(greeted(b"\x01"), greeted(b"\x02", OTHER))
        await until(lambda: len(node.outlet.seen("a", 2)) == 2)
        await until(lambda: node.outlet.seen("b") == ["0x02"])
        assert node.outlet.seen("a") == ["0x01"]
        assert node.chain.reads == [4], "one block is read once for all filters"


async def test_codes_of_refused_registrations() -> None:
    async with running(EventLimits(block_range_max=3)) as node:
        register = node.events.register
        assert register(SESSION, b"{") == -41001
        assert register(SESSION, body(groupID=9)) == -41002
        assert register(SESSION, body(fromBlock="3", toBlock="2")) == -41003
        assert register(SESSION, body(toBlock="2")) == -41003, "latest is block 3"
        assert register(SESSION, body(fromBlock="0")) == -41003, "four blocks, three allowed"
        assert register(SESSION, body(fromBlock="1")) == 0
        node.allowed.clear()
        assert register(SESSION, body()) == -41006


async def test_too_many_filters_of_one_session_are_refused() -> None:
    async with running() as node:
        codes = [node.events.register(SESSION, body(str(number))) for number in range(257)]
        assert codes == [0] * 256 + [-41001]
        node.events.forget_session(SESSION)
        assert node.events.register(SESSION, body()) == 0


async def test_a_session_that_loses_access_keeps_its_filter_but_gets_nothing() -> None:
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="4"))
        node.allowed.clear()
        node.commit(greeted(b"\x04"))
        await settle()
        assert node.outlet.seen() == []
        node.allowed.add("key")
        await until(lambda: node.outlet.seen() == ["0x04"])


async def test_a_client_that_does_not_keep_up_waits_while_others_are_served() -> None:
    second = SessionInfo(2, "127.0.0.1:2", "CN=sdk", "key")
    async with running() as node:
        node.outlet.slow.add(1)
        node.events.register(SESSION, body(fromBlock="0"))
        node.events.register(second, body(fromBlock="0"))
        await until(lambda: len(node.outlet.seen("a", 2)) == 4)
        assert node.outlet.seen() == []
        node.outlet.slow.clear()
        await until(lambda: len(node.outlet.seen()) == 4)


async def test_cancelling_needs_a_whole_registration_and_ends_the_filter() -> None:
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="4"))
        assert node.events.cancel(SESSION, b'{"groupID": "1", "filterID": "a"}') == -41001
        node.commit(greeted(b"\x04"))
        await until(lambda: node.outlet.seen() == ["0x04"])
        assert node.events.cancel(SESSION, body()) == 0
        assert node.events.cancel(SESSION, body("unknown")) == 0
        node.commit(greeted(b"\x05"))
        await settle()
        assert node.outlet.seen() == ["0x04"]


async def test_what_is_found_for_a_session_that_ended_meanwhile_is_not_pushed() -> None:
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="0"))
        node.events.forget_session(SESSION)
        await settle()
        assert node.outlet.pushed == {}


async def test_a_turn_ends_when_much_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_TURN_BYTES_MAX", 1)
    async with running(EventLimits(blocks_per_turn_max=100)) as node:
        node.events.register(SESSION, body(fromBlock="0"))
        await until(lambda: len(node.outlet.seen()) == 4)
    assert len(node.outlet.pushed[1]) == 4


async def test_a_log_that_fits_into_no_frame_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_LOG_BYTES_MAX", 600)
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="4"))
        node.commit(greeted(bytes(300)), greeted(b"\x04"))
        await until(lambda: node.outlet.seen() == ["0x04"])


async def test_a_group_that_goes_takes_its_filters_along() -> None:
    async with running() as node:
        node.events.register(SESSION, body(fromBlock="4"))
        node.events.remove_group(1)
        node.commit(greeted(b"\x04"))
        await settle()
        assert node.outlet.pushed == {}
        assert node.events.register(SESSION, body()) == -41002


async def test_a_disk_that_fails_is_not_survived() -> None:
    async def fail() -> None:
        async with running() as node:
            node.chain.failure = OSError("disk gone")
            node.events.register(SESSION, body(fromBlock="0"))
            await asyncio.sleep(5)

    with pytest.raises(ExceptionGroup) as caught:
        await fail()
    assert caught.group_contains(OSError, match="disk gone")
