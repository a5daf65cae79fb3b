"""The pool through its bindings; its rules are tested beside its source."""

import threading

import pytest

from hansa.codec import rlp
from hansa.kernel import Block, Header, Transaction, TransactionList, TransactionPool

SECRET = b"\x01" * 32


def pool(*, count_limit: int = 100, byte_limit: int = 1 << 20) -> TransactionPool:
    return TransactionPool(chain_id=1, group_id=2, count_limit=count_limit, byte_limit=byte_limit)


def transaction(nonce: int, *, block_limit: int = 500, chain_id: int = 1, group_id: int = 2) -> Transaction:
    return Transaction.create(
        SECRET,
        nonce=nonce,
        gas_price=0,
        gas=0,
        block_limit=block_limit,
        to=None,
        value=0,
        data=b"",
        chain_id=chain_id,
        group_id=group_id,
    )


def block(number: int, *included: Transaction) -> Block:
    raws = TransactionList.decode([one.raw for one in included])
    return Block.propose(Header(number=number, timestamp=1), raws)


def test_statuses_and_hashes_come_in_the_order_of_the_bytes() -> None:
    mine = pool()
    batch = [
        transaction(1),
        transaction(1),
        transaction(2, chain_id=9),
        transaction(3, group_id=9),
        transaction(4, block_limit=2000),
        transaction(2**256 - 1),
    ]
    answers = mine.submit([b"noise", *(one.raw for one in batch)], 0, from_client=True)
    assert answers[0] == (10005, b"")
    assert [status for status, _ in answers[1:]] == [0, 10000, 10002, 10003, 16, 15]
    assert [digest for _, digest in answers[1:]] == [one.hash for one in batch]
    assert len(mine) == 1
    assert mine.byte_size > len(batch[0].raw)


def test_a_transaction_lives_from_admission_to_its_block() -> None:
    mine = pool()
    first, second = transaction(1), transaction(2)
    accepted = TransactionList.decode([second.raw, first.raw])
    assert mine.submit_list(accepted, 0, from_client=False) == [0, 0]
    assert mine.all().hashes == mine.seal(10).hashes == [second.hash, first.hash]
    assert mine.seal(10, [second.hash]).hashes == mine.seal(10, (second.hash,)).hashes == [first.hash]
    found, missing = mine.lookup([bytes(32), first.hash])
    assert (found.hashes, missing) == ([first.hash], [0])
    mine.commit(block(1, first))
    assert mine.contains([first.hash, second.hash, bytes(32)]) == [True, True, False]
    assert mine.first_unfit(accepted) == 1
    assert mine.submit([first.raw], 0, from_client=True) == [(15, first.hash)]
    mine.clear()
    assert (len(mine), mine.byte_size) == (0, 0)


def test_limits_refuse() -> None:
    full = pool(count_limit=1)
    assert [
        status for status, _ in full.submit([transaction(1).raw, transaction(2).raw], 0, from_client=True)
    ] == [0, 28]
    assert pool(byte_limit=10).submit([transaction(1).raw], 0, from_client=True)[0][0] == 10006


def test_the_head_brings_its_nonces() -> None:
    mine = pool()
    mine.reset_head(100, [(99, rlp.encode([1, 2])), (100, rlp.encode([]))])
    statuses = [mine.submit([transaction(nonce).raw], 0, from_client=True)[0][0] for nonce in (1, 2, 3)]
    assert statuses == [15, 15, 0]
    with pytest.raises(ValueError, match="entry 0: nonces"):
        mine.reset_head(1, [(1, b"")])


def test_gossip_asks_once() -> None:
    mine = pool()
    mine.submit([transaction(1).raw], 1_000, from_client=True)
    mine.submit([transaction(2).raw], 1_000, from_client=False)
    assert mine.take_unsent(10).hashes == [transaction(1).hash]
    assert len(mine.take_unsent(10)) == 0
    assert mine.take_unannounced(1_200, 300, 10) == []
    assert mine.take_unannounced(1_300, 300, 10) == [transaction(1).hash, transaction(2).hash]
    assert mine.take_unannounced(9_000, 300, 10) == []


def test_expiry_tells_the_hashes() -> None:
    mine = pool()
    mine.submit([transaction(1).raw], 0, from_client=True)
    assert mine.evict_expired(600_000, 600_000, 10) == []
    assert mine.evict_expired(600_001, 600_000, 10) == [transaction(1).hash]
    assert mine.submit([transaction(1).raw], 0, from_client=True)[0][0] == 10001


def test_threads_share_it() -> None:
    mine = pool()
    raws = [transaction(nonce).raw for nonce in range(40)]
    answers: list[int] = []

    def submit() -> None:
        answers.extend(status for status, _ in mine.submit(raws, 0, from_client=True))

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0] * 40 + [10000] * 120
