"""The pool's shell: kernel calls on worker threads, listeners on the loop, expiry on a timer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor as ThreadPool
from typing import TypeVar

from hansa.kernel import Block, Suite, TransactionList, TransactionPool
from hansa.primitives import Hash32
from hansa.txpool.admission import Admission, AdmissionStatus

__all__ = ["Pool"]

_EXPIRY_SWEEP_S = 3.0
_EXPIRY_COUNT_MAX = 10_000

_Result = TypeVar("_Result")


class Pool:
    """One group's pool. Reads are immediate; whatever recovers signatures runs on a worker thread."""

    def __init__(
        self,
        *,
        chain_id: int,
        group_id: int,
        count_limit: int,
        byte_limit: int,
        expiry_s: int,
        threads: ThreadPool,
        head: int,
        nonces: Sequence[tuple[int, bytes]],
        suite: Suite = Suite.STANDARD,
    ) -> None:
        """Args: `head` and `nonces` tell which transactions the chain has seen (`Ledger.recent_nonces`)."""
        self._kernel = TransactionPool(
            chain_id=chain_id,
            group_id=group_id,
            count_limit=count_limit,
            byte_limit=byte_limit,
            suite=suite,
        )
        self._kernel.reset_head(head, nonces)
        self._threads = threads
        self._expiry_ms = expiry_s * 1000
        self._on_admitted: list[Callable[[], None]] = []
        self._on_dropped: list[Callable[[Sequence[Hash32]], None]] = []

    def on_admitted(self, listener: Callable[[], None]) -> None:
        """Tell `listener` after each batch of which something was admitted."""
        self._on_admitted.append(listener)

    def on_dropped(self, listener: Callable[[Sequence[Hash32]], None]) -> None:
        """Tell `listener` which transactions expired: their senders get a receipt with status 29."""
        self._on_dropped.append(listener)

    # --- admission ---------------------------------------------------------------------------------

    async def submit(self, raws: Sequence[bytes], *, from_client: bool) -> list[Admission]:
        """Admit a batch of raw transactions, in order."""
        answers = await self._run(self._submit, raws, from_client)
        self._tell_admitted(answer.status for answer in answers)
        return answers

    async def submit_list(self, transactions: TransactionList, *, from_client: bool = False) -> list[int]:
        """Admit decoded transactions; their statuses."""
        statuses = await self._run(self._submit_list, transactions, from_client)
        self._tell_admitted(statuses)
        return statuses

    def _submit(self, raws: Sequence[bytes], from_client: bool) -> list[Admission]:
        answers = self._kernel.submit(raws, _now_ms(), from_client=from_client)
        return [Admission(status, Hash32(digest)) for status, digest in answers]

    def _submit_list(self, transactions: TransactionList, from_client: bool) -> list[int]:
        return self._kernel.submit_list(transactions, _now_ms(), from_client=from_client)

    # --- what consensus and gossip ask -------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._kernel)

    def seal(self, count_limit: int, excluded: Sequence[bytes] = ()) -> TransactionList:
        """The oldest transactions for a block; they stay until it commits."""
        return self._kernel.seal(count_limit, excluded)

    def lookup(self, hashes: Sequence[bytes]) -> tuple[TransactionList, list[int]]:
        """Those that are here, and the indices of those that are not."""
        return self._kernel.lookup(hashes)

    async def first_unfit(self, transactions: TransactionList) -> int | None:
        """The index of the first transaction that no block on the head may hold."""
        return await self._run(self._kernel.first_unfit, transactions)

    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        """Which of these are here, or were committed lately."""
        return self._kernel.contains(hashes)

    def take_unsent(self, count_max: int) -> TransactionList:
        """Clients' transactions that were not yet passed on."""
        return self._kernel.take_unsent(count_max)

    def take_unannounced(self, age_ms_min: int, count_max: int) -> list[bytes]:
        """Hashes to announce to peers."""
        return self._kernel.take_unannounced(_now_ms(), age_ms_min, count_max)

    def all(self) -> TransactionList:
        """Everything that waits, oldest first."""
        return self._kernel.all()

    def commit(self, block: Block) -> None:
        """A block became durable."""
        self._kernel.commit(block)

    # --- time --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Drop what has waited too long; runs until cancelled."""
        while True:
            await asyncio.sleep(_EXPIRY_SWEEP_S)
            dropped = await self._run(
                self._kernel.evict_expired, _now_ms(), self._expiry_ms, _EXPIRY_COUNT_MAX
            )
            if dropped:
                hashes = [Hash32(digest) for digest in dropped]
                for listener in self._on_dropped:
                    listener(hashes)

    def _tell_admitted(self, statuses: Iterable[int]) -> None:
        if any(status == AdmissionStatus.ADMITTED for status in statuses):
            for listener in self._on_admitted:
                listener()

    async def _run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
