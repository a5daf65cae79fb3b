"""The kernel against the readable reference, and against whatever a stranger may send."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.codec import rlp
from hansa.kernel import (
    Block,
    Header,
    Transaction,
    TransactionList,
    TransactionPool,
    keccak256,
    transactions_root,
)

SECRET = b"\x2a" * 32

numbers = st.integers(0, 2**256 - 1) | st.integers(0, 300)
addresses = st.none() | st.binary(min_size=20, max_size=20)

transactions = st.builds(
    Transaction.create,
    st.just(SECRET),
    nonce=numbers,
    gas_price=numbers,
    gas=numbers,
    block_limit=numbers,
    to=addresses,
    value=numbers,
    data=st.binary(max_size=300),
    chain_id=numbers,
    group_id=numbers,
    extra_data=st.binary(max_size=60),
)

DECODERS: list[Callable[[bytes], object]] = [
    Transaction.decode,
    TransactionList.decode_blob,
    Header.decode,
    Block.decode,
    Block.decode_proposal,
]


def root(hashes: list[bytes]) -> bytes:
    """The sixteen-ary root as the data model words it (§5)."""
    nodes = [rlp.encode(index) + digest for index, digest in enumerate(hashes)]
    if not nodes:
        return keccak256(b"")
    while len(nodes) > 1:
        nodes = [keccak256(b"".join(nodes[start : start + 16])) for start in range(0, len(nodes), 16)]
    return keccak256(nodes[0])


@given(transactions)
def test_a_transaction_is_the_list_of_its_items(transaction: Transaction) -> None:
    items = rlp.decode(transaction.raw)
    assert items[:10] == rlp.decode(
        rlp.encode(
            [
                transaction.nonce,
                transaction.gas_price,
                transaction.gas,
                transaction.block_limit,
                transaction.to or b"",
                transaction.value,
                transaction.data,
                transaction.chain_id,
                transaction.group_id,
                transaction.extra_data,
            ]
        )
    )
    assert transaction.signing_hash == keccak256(rlp.encode(items[:10]))
    assert transaction.hash == keccak256(transaction.raw)
    assert Transaction.decode(transaction.raw).sender == transaction.sender
    shown = json.loads(transaction.json())
    assert int(shown["nonce"], 16) == transaction.nonce
    assert json.dumps(shown, sort_keys=True, separators=(",", ":")).encode() == transaction.json()


@given(st.integers(0, 600))
def test_roots_are_those_of_the_reference(count: int) -> None:
    hashes = [index.to_bytes(32, "big") for index in range(count)]
    assert transactions_root(hashes) == root(hashes)


@given(st.lists(transactions, max_size=4), st.integers(0, 2**63 - 1), numbers)
def test_blocks_round_trip(included: list[Transaction], number: int, sealer: int) -> None:
    listed = TransactionList.decode([transaction.raw for transaction in included])
    block = Block.propose(Header(number=number, timestamp=number, sealer=sealer), listed)
    again = Block.decode(block.encode())
    assert again.encode() == block.encode()
    assert again.header.transactions_root == root(again.transactions.hashes)
    assert Block.decode_proposal(block.encode_proposal())[1] == block.transactions.hashes


@pytest.mark.parametrize("decode", DECODERS)
@given(
    data=st.binary(max_size=300)
    | st.recursive(st.binary(max_size=40), st.lists, max_leaves=20).map(rlp.encode)
)
def test_noise_is_a_value_error(decode: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


@settings(max_examples=50)
@given(transactions, st.data())
def test_a_damaged_block_is_a_value_error_or_another_block(
    transaction: Transaction, data: st.DataObject
) -> None:
    listed = TransactionList.decode([transaction.raw] * 2)
    encoded = bytearray(Block.propose(Header(number=1, timestamp=1), listed).encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    damaged = (
        bytes(encoded[: data.draw(st.integers(0, len(encoded)))])
        if data.draw(st.booleans())
        else bytes(encoded)
    )
    block = None
    with contextlib.suppress(ValueError):
        block = Block.decode(damaged)
    if block is not None:
        assert Block.decode(block.encode()).hash == block.hash


@given(st.lists(st.binary(max_size=80) | transactions.map(lambda transaction: transaction.raw), max_size=6))
def test_the_pool_answers_each_submission(raws: list[bytes]) -> None:
    pool = TransactionPool(chain_id=1, group_id=1, count_limit=3, byte_limit=4096)
    answers = pool.submit(raws, 0, from_client=True)
    assert len(answers) == len(raws)
    for raw, (status, digest) in zip(raws, answers, strict=True):
        assert (digest == b"") <= (status == 10005)
        if digest:
            assert digest == Transaction.decode(raw).hash
    assert len(pool) == sum(status == 0 for status, _ in answers) <= 3
    assert pool.byte_size <= 4096
