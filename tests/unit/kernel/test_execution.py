"""The executor's face: what it refuses, whom it asks, what it answers about committed state."""

import orjson
import pytest

from hansa.kernel import Block, ExecutedBlock, Executor, Header, Transaction, TransactionList, keccak256

SECRET = keccak256(b"an account")
CALLER = bytes(20)

# PUSH1 42, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
ANSWER_42 = bytes.fromhex("602a60005260206000f3")
# The creation code that returns it.
CREATE_42 = bytes.fromhex("600a80600b6000396000f3") + ANSWER_42
# PUSH1 1, NUMBER, SUB, BLOCKHASH, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
ANSWER_PARENT_HASH = bytes.fromhex("600143034060005260206000f3")

SET_LIMIT = keccak256(b"setValueByKey(string,string)")[:4]
SYSTEM_CONFIG = bytes(18) + b"\x10\x00"


class Chain:
    """An executor over a dict."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.hashes: dict[int, bytes] = {}
        self.reads: list[list[bytes]] = []
        self.executor = Executor(read_many=self._read_many, read_block_hash=self.hashes.get)
        sealer = [("name", "node"), ("type", "sealer"), ("node_id", "11" * 64), ("enable_num", "0")]
        self.commit(self.executor.genesis(Header(number=0, timestamp=0), [("_sys_consensus_", sealer)]))

    def _read_many(self, keys: list[bytes]) -> list[bytes | None]:
        self.reads.append(keys)
        return [self.rows.get(key) for key in keys]

    def commit(self, executed: ExecutedBlock) -> None:
        self.rows.update(executed.state_rows())
        self.executor.apply(executed)
        self.hashes[executed.block.number] = executed.block.hash

    def next_header(self) -> Header:
        head = max(self.hashes)
        return Header(number=head + 1, parent_hash=self.hashes[head], timestamp=1000)

    def execute(self, *raws: bytes) -> ExecutedBlock:
        return self.executor.execute(Block.propose(self.next_header(), TransactionList.decode(raws)))

    def deploy(self, code: bytes, nonce: int = 1) -> bytes:
        executed = self.execute(transaction(nonce, None, code))
        self.commit(executed)
        receipt = orjson.loads(executed.block.receipt_json(0))
        assert receipt["status"] == "0x0"
        return bytes.fromhex(receipt["contractAddress"][2:])


def transaction(nonce: int, to: bytes | None, data: bytes) -> bytes:
    made = Transaction.create(
        SECRET,
        nonce=nonce,
        gas_price=1,
        gas=300_000_000,
        block_limit=500,
        to=to,
        value=0,
        data=data,
        chain_id=1,
        group_id=1,
    )
    return made.raw


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_a_contract_is_deployed_called_and_found(chain: Chain) -> None:
    contract = chain.deploy(CREATE_42)
    assert chain.executor.code(contract) == ANSWER_42
    result = chain.executor.call(sender=CALLER, to=contract, data=b"", value=0, height=1, timestamp=1000)
    assert (result.status, int.from_bytes(result.output)) == (0, 42)
    assert result.gas_used == 21_018
    assert chain.executor.code(CALLER) == b""


def test_a_call_changes_nothing(chain: Chain) -> None:
    rows = dict(chain.rows)
    arguments = keccak256(b"userAdd(string,uint256)")[:4] + bytes(32) * 4
    chain.executor.call(
        sender=CALLER, to=bytes(18) + b"\x50\x02", data=arguments, value=0, height=0, timestamp=0
    )
    assert chain.rows == rows


def test_block_hashes_are_asked_for(chain: Chain) -> None:
    contract = chain.deploy(bytes.fromhex("600d80600b6000396000f3") + ANSWER_PARENT_HASH)
    receipt = orjson.loads(chain.execute(transaction(2, contract, b"")).block.receipt_json(0))
    assert receipt["output"] == "0x" + chain.hashes[1].hex()


def test_rows_are_selected_without_hidden_fields(chain: Chain) -> None:
    (row,) = chain.executor.select("_sys_consensus_", "node")
    assert row == {"name": b"node", "type": b"sealer", "node_id": b"11" * 64, "enable_num": b"0"}
    assert chain.executor.select("_sys_consensus_", "other") == []
    assert chain.executor.select("no_such_table", "node") == []


def test_changed_tables_tell_what_may_be_new(chain: Chain) -> None:
    executed = chain.execute(transaction(1, SYSTEM_CONFIG, SET_LIMIT + words("tx_count_limit", "500")))
    assert executed.changed_tables() == ["_sys_config_"]
    assert chain.execute(transaction(1, CALLER, b"")).changed_tables() == []


def words(first: str, second: str) -> bytes:
    """Two short strings as ABI arguments."""
    head = (64).to_bytes(32) + (128).to_bytes(32)
    return head + b"".join(
        len(text).to_bytes(32) + text.encode().ljust(32, b"\0") for text in (first, second)
    )


def test_a_committed_row_is_read_once(chain: Chain) -> None:
    contract = chain.deploy(CREATE_42)
    chain.execute(transaction(2, contract, b""))
    chain.reads.clear()
    chain.execute(transaction(3, contract, b""))
    assert chain.reads == []


def test_what_a_block_reads_for_sure_is_read_at_once(chain: Chain) -> None:
    contract = chain.deploy(CREATE_42)
    again = Executor(read_many=chain._read_many, read_block_hash=chain.hashes.get)
    chain.reads.clear()
    again.execute(Block.propose(chain.next_header(), TransactionList.decode([transaction(2, contract, b"")])))
    assert len(chain.reads) < sum(map(len, chain.reads))


@pytest.mark.parametrize(
    ("number", "parent", "reason"),
    [
        (0, 0, "genesis"),
        (3, 1, "parent is not committed"),
        (2, 0, "parent is another block"),
        (1, 0, "of this height is committed"),
    ],
)
def test_a_block_must_follow_the_head(chain: Chain, number: int, parent: int, reason: str) -> None:
    chain.commit(chain.execute(transaction(1, CALLER, b"")))
    header = Header(number=number, parent_hash=chain.hashes[parent], timestamp=2)
    block = Block.propose(header, TransactionList.decode([transaction(2, CALLER, b"")]))
    with pytest.raises(ValueError, match=reason):
        chain.executor.execute(block)


def test_an_invalid_signature_names_its_transaction(chain: Chain) -> None:
    good, bad = transaction(1, CALLER, b""), bytearray(transaction(2, CALLER, b""))
    bad[-32:] = b"\xff" * 32  # s beyond the order of the curve
    with pytest.raises(ValueError, match="transaction 1 has no valid signature"):
        chain.execute(good, bytes(bad))


def test_a_storage_that_fails_is_not_a_transaction_that_fails() -> None:
    def read_many(keys: list[bytes]) -> list[bytes | None]:
        raise RuntimeError("the disk is gone")

    executor = Executor(
        read_many=read_many, read_block_hash=lambda number: bytes(32) if number == 0 else None
    )
    header = Header(number=1, parent_hash=bytes(32), timestamp=1)
    block = Block.propose(header, TransactionList.decode([transaction(1, CALLER, b"")]))
    with pytest.raises(OSError, match="the disk is gone"):
        executor.execute(block)


@pytest.mark.parametrize("answers", [[], [None, None], [b"\xff"]])
def test_a_storage_that_answers_nonsense_is_found_out(answers: list[bytes | None]) -> None:
    executor = Executor(read_many=lambda keys: answers, read_block_hash=lambda number: None)
    with pytest.raises(OSError, match=r"answers for|damaged rows"):
        executor.code(CALLER)


@pytest.mark.parametrize("version", [(2, 8, 0), (2, 12, 0), (3, 0, 0)])
def test_versions_that_are_not_built_are_refused(version: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="supported_version"):
        Executor(
            read_many=lambda keys: [None] * len(keys),
            read_block_hash=lambda number: None,
            supported_version=version,
        )


def test_a_genesis_row_of_an_unknown_table_is_refused(chain: Chain) -> None:
    with pytest.raises(ValueError, match="row of table u_nothing"):
        chain.executor.genesis(Header(number=0, timestamp=0), [("u_nothing", [("key", "a")])])
