"""What a chain chooses once: everything that is hashed or signed with the suite it is made with."""

import pytest

from hansa.kernel import (
    Block,
    Executor,
    Header,
    Suite,
    Transaction,
    TransactionList,
    TransactionPool,
    keccak256,
    public_key,
    recover,
    recover_batch,
    sign,
    transactions_root,
    verify_batch,
)

SECRET = bytes(31) + b"\x05"
SUITES = [Suite.STANDARD, Suite.SM]


def transaction(suite: Suite, nonce: int = 1) -> Transaction:
    return Transaction.create(
        SECRET,
        nonce=nonce,
        gas_price=1,
        gas=1,
        block_limit=500,
        to=bytes(20),
        value=0,
        data=b"data",
        chain_id=1,
        group_id=1,
        suite=suite,
    )


def test_suites_are_told_apart() -> None:
    assert Suite.SM != Suite.STANDARD
    assert {Suite.SM: "sm"}[Header(number=0, timestamp=0, suite=Suite.SM).suite] == "sm"
    assert repr(Suite.SM) == "Suite.SM"
    assert Suite.STANDARD.hash(b"") == keccak256(b"")
    assert Suite.SM.hash(b"").hex() == "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"
    assert (Suite.STANDARD.signature_size, Suite.SM.signature_size) == (65, 128)


@pytest.mark.parametrize("suite", SUITES)
def test_signatures_are_of_the_suite_they_are_made_with(suite: Suite) -> None:
    digest, key = suite.hash(b"text"), public_key(SECRET, suite=suite)
    signature = sign(SECRET, digest, suite=suite)
    assert len(signature) == suite.signature_size
    assert sign(SECRET, digest, suite=suite) == signature
    assert recover(digest, signature, suite=suite) == key
    assert recover_batch([digest], [signature], suite=suite) == [key]
    assert verify_batch([key, bytes(64)], [digest] * 2, [signature] * 2, suite=suite) == [True, False]
    other = Suite.SM if suite == Suite.STANDARD else Suite.STANDARD
    assert recover(digest, signature, suite=other) is None
    assert verify_batch([key], [digest], [signature], suite=other) == [False]


def test_the_account_of_a_transaction_follows_the_suite() -> None:
    for suite in SUITES:
        made = transaction(suite)
        assert made.sender == suite.address(public_key(SECRET, suite=suite))
        assert made.hash == suite.hash(made.raw)
        assert Transaction.decode(made.raw, suite=suite).sender == made.sender
    assert b'"v":"0x' + public_key(SECRET, suite=Suite.SM).hex().encode() in transaction(Suite.SM).json()
    with pytest.raises(ValueError, match="transaction v"):
        Transaction.decode(transaction(Suite.SM).raw)


@pytest.mark.parametrize("suite", SUITES)
def test_a_block_keeps_its_suite(suite: Suite) -> None:
    transactions = TransactionList.decode([transaction(suite).raw], suite=suite)
    block = Block.propose(Header(number=1, timestamp=5, suite=suite), transactions)
    assert block.suite == block.header.suite == suite
    assert block.hash == suite.hash(block.header.encode()) == block.header.hash
    assert block.header.transactions_root == transactions_root(transactions.hashes, suite=suite)
    signed = block.with_signatures([(0, sign(SECRET, block.hash, suite=suite))])
    decoded = Block.decode(signed.encode(), suite=suite)
    assert decoded.signatures == signed.signatures
    assert Block.decode_proposal(block.encode_proposal(), suite=suite)[0].suite == suite
    assert TransactionList.decode_blob(transactions.encode_blob(), suite=suite).hashes == transactions.hashes
    with pytest.raises(ValueError, match=f"{suite.signature_size} bytes expected, not 64"):
        block.with_signatures([(0, bytes(64))])
    other = Suite.SM if suite == Suite.STANDARD else Suite.STANDARD
    with pytest.raises(ValueError, match="hash item"):
        Block.decode(signed.encode(), suite=other)


def test_a_pool_takes_transactions_of_its_chain() -> None:
    pool = TransactionPool(chain_id=1, group_id=1, count_limit=9, byte_limit=1 << 20, suite=Suite.SM)
    raws = [transaction(suite).raw for suite in SUITES]
    statuses = [status for status, _ in pool.submit(raws, 0, from_client=True)]
    assert statuses == [10005, 0]
    assert pool.all().hashes == [transaction(Suite.SM).hash]


@pytest.mark.parametrize("suite", SUITES)
def test_an_executor_runs_blocks_of_its_chain_only(suite: Suite) -> None:
    rows: dict[bytes, bytes] = {}
    hashes: dict[int, bytes] = {}
    executor = Executor(
        read_many=lambda keys: [rows.get(key) for key in keys], read_block_hash=hashes.get, suite=suite
    )
    other = Suite.SM if suite == Suite.STANDARD else Suite.STANDARD
    with pytest.raises(ValueError, match="another crypto suite"):
        executor.genesis(Header(number=0, timestamp=0, suite=other), [])
    genesis = executor.genesis(Header(number=0, timestamp=0, suite=suite), [])
    rows.update(genesis.state_rows())
    hashes[0] = genesis.block.hash

    def block(of: Suite) -> Block:
        transactions = TransactionList.decode([transaction(of).raw], suite=of)
        header = Header(number=1, parent_hash=hashes[0], timestamp=1, suite=of)
        return Block.propose(header, transactions)

    executed = executor.execute(block(suite)).block
    assert executed.suite == suite
    assert executed.hash == suite.hash(executed.header.encode())
    selector = suite.hash(b"Error(string)")[:4].hex().encode()
    assert b'"output":"0x' + selector in executed.receipt_json(0), "there is no contract to call"
    with pytest.raises(ValueError, match="another crypto suite"):
        executor.execute(block(other))
