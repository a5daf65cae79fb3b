"""The pool's shell: answers in order, listeners told once a batch, expiry reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from hansa.kernel import Transaction, TransactionList, keccak256
from hansa.primitives import Hash32
from hansa.txpool import Admission, AdmissionStatus, Pool
from hansa.txpool import pool as pool_module

SENDER = keccak256(b"test key of a sender")
THREADS = ThreadPoolExecutor(1)


def make_pool(*, count_limit: int = 100, expiry_s: int = 600) -> Pool:
    return Pool(
        chain_id=1,
        group_id=1,
        count_limit=count_limit,
        byte_limit=1 << 20,
        expiry_s=expiry_s,
        threads=THREADS,
        head=0,
        nonces=[],
    )


def transaction(nonce: int, **changes: int) -> Transaction:
    fields = {"block_limit": 100, "chain_id": 1, "group_id": 1} | changes
    return Transaction.create(
        SENDER, nonce=nonce, gas_price=1, gas=1, to=bytes(20), value=0, data=b"", **fields
    )


async def test_a_batch_is_answered_in_order() -> None:
    pool = make_pool()
    good, again = transaction(1), transaction(1)
    foreign, late = transaction(2, chain_id=9), transaction(3, block_limit=5000)
    answers = await pool.submit([good.raw, again.raw, foreign.raw, late.raw, b"noise"], from_client=True)
    assert answers == [
        Admission(AdmissionStatus.ADMITTED, Hash32(good.hash)),
        Admission(AdmissionStatus.ALREADY_KNOWN, Hash32(good.hash)),
        Admission(AdmissionStatus.INVALID_CHAIN_ID, Hash32(foreign.hash)),
        Admission(AdmissionStatus.BLOCK_LIMIT_CHECK_FAIL, Hash32(late.hash)),
        Admission(AdmissionStatus.MALFORMED, Hash32(b"")),
    ]
    assert len(pool) == 1
    assert pool.all().hashes == [good.hash]


async def test_listeners_hear_of_a_batch_once_and_only_if_something_came_in() -> None:
    pool, calls = make_pool(), []
    pool.on_admitted(lambda: calls.append(len(pool)))
    await pool.submit([transaction(1).raw, transaction(2).raw], from_client=True)
    await pool.submit([transaction(1).raw], from_client=True)
    batch = TransactionList.decode([transaction(3).raw])
    assert await pool.submit_list(batch) == [AdmissionStatus.ADMITTED]
    assert calls == [2, 3]


async def test_a_full_pool_says_so() -> None:
    pool = make_pool(count_limit=1)
    answers = await pool.submit([transaction(1).raw, transaction(2).raw], from_client=True)
    assert [answer.status for answer in answers] == [AdmissionStatus.ADMITTED, AdmissionStatus.POOL_IS_FULL]


async def test_only_clients_transactions_are_passed_on() -> None:
    pool = make_pool()
    await pool.submit([transaction(1).raw], from_client=True)
    await pool.submit([transaction(2).raw], from_client=False)
    assert pool.take_unsent(10).hashes == [transaction(1).hash]
    assert len(pool.take_unsent(10)) == 0
    assert pool.contains([transaction(2).hash, bytes(32)]) == [True, False]
    found, missing = pool.lookup([transaction(2).hash, bytes(32)])
    assert (found.hashes, missing) == ([transaction(2).hash], [1])
    assert pool.seal(10, [transaction(1).hash]).hashes == [transaction(2).hash]


async def test_what_waits_too_long_is_dropped_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_EXPIRY_SWEEP_S", 0.01)
    pool = make_pool(expiry_s=0)
    dropped: list[Hash32] = []
    seen = asyncio.Event()

    def note(hashes: Sequence[Hash32]) -> None:
        dropped.extend(hashes)
        seen.set()

    pool.on_dropped(note)
    await pool.submit([transaction(1).raw], from_client=True)
    work = asyncio.create_task(pool.run())
    async with asyncio.timeout(5):
        await seen.wait()
    work.cancel()
    assert dropped == [transaction(1).hash]
    assert len(pool) == 0
