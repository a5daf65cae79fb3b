"""Recorded chains, run again (README.md): every receipt, root and block hash is the recorded one, and so is
the answer to every call that was made between the blocks.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from hansa.execution.installing import installations
from hansa.kernel import (
    Block,
    ExecutedBlock,
    Executor,
    Header,
    Suite,
    Transaction,
    TransactionList,
    keccak256,
    verify_batch,
)

GOLDEN = Path(__file__).parent / "golden"
EMPTY_BLOOM = "0x" + "00" * 256
NO_CONTRACT = "0x" + "00" * 20

Record = dict[str, Any]


@dataclass(slots=True)
class Counts:
    """How much of a recording there is, or matched."""

    blocks: int = 0
    transactions: int = 0
    calls: int = 0


# What each recording holds: nothing may get lost from it.
RECORDED = {
    "four-node": Counts(blocks=192, transactions=192, calls=51),
    "one-node": Counts(blocks=29, transactions=34, calls=0),
    "one-node-gascharge": Counts(blocks=17, transactions=17, calls=4),
    "raft-three-node": Counts(blocks=12, transactions=12, calls=0),
    "sm-four-node": Counts(blocks=192, transactions=192, calls=51),
}


def unhex(text: str) -> bytes:
    digits = text.removeprefix("0x")
    return bytes.fromhex(digits)


@dataclass(frozen=True, slots=True)
class Difference:
    """What in a block is not as recorded."""

    number: int
    what: str


class Node:
    """An executor over a dict, with the hashes of the blocks it has committed."""

    def __init__(self, genesis: Record, *, parallel: bool = True) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.hashes: dict[int, bytes] = {}
        self.suite = suite_of(genesis)
        self.executor = Executor(
            read_many=self._read_many,
            read_block_hash=self.hashes.get,
            contracts=installations(),
            parallel=parallel,
            suite=self.suite,
        )
        self.commit(self.executor.genesis(genesis_header(genesis), list(genesis_rows(genesis))))

    def _read_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self.rows.get(key) for key in keys]

    def execute(self, header: Header, raws: Sequence[bytes]) -> ExecutedBlock:
        transactions = TransactionList.decode(raws, suite=self.suite)
        return self.executor.execute(Block.propose(header, transactions))

    def commit(self, executed: ExecutedBlock, block_hash: bytes | None = None) -> None:
        self.rows.update(executed.state_rows())
        self.executor.apply(executed)
        self.hashes[executed.block.number] = block_hash or executed.block.hash


def suite_of(genesis: Record) -> Suite:
    suite: Suite = getattr(Suite, genesis.get("suite", "STANDARD"))
    return suite


def genesis_header(genesis: Record) -> Header:
    """Its extra data says how the chain was made (data model §6.3)."""
    sealers = "".join(f"{sealer}," for sealer in genesis["sealers"])
    consensus = genesis.get("consensus", "pbft")
    mark = f"1-{sealers}-{consensus}-storage-0-1000-300000000-3"
    return Header(
        number=0, timestamp=genesis["timestamp"], extra_data=[mark.encode()], suite=suite_of(genesis)
    )


def genesis_rows(genesis: Record) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The rows a genesis writes (data model §6.3)."""
    for key, value in (("tx_count_limit", "1000"), ("tx_gas_limit", "300000000"), ("consensus_timeout", "3")):
        yield "_sys_config_", [("key", key), ("value", value), ("enable_num", "0")]
    for sealer in genesis["sealers"]:
        fields = [("name", "node"), ("type", "sealer"), ("node_id", sealer), ("enable_num", "0")]
        yield "_sys_consensus_", fields


def recorded_header(record: Record, genesis: Record) -> Header:
    """As it was before the block ran: the roots are for us to find."""
    return Header(
        number=record["number"],
        parent_hash=unhex(record["parentHash"]),
        timestamp=record["timestamp"],
        sealer=record["sealer"],
        sealer_list=[unhex(sealer) for sealer in record.get("sealerList", genesis["sealers"])],
        suite=suite_of(genesis),
    )


def receipt_differences(made: Record, recorded: Record) -> Iterator[str]:
    expected = {"contractAddress": NO_CONTRACT, "logs": [], "remainGas": "0x0", **recorded}
    if expected.get("logsBloom") == "0x0":
        expected["logsBloom"] = EMPTY_BLOOM
    for name, value in expected.items():
        got = made[name]
        if name == "logs":
            got = [{part: entry[part] for part in ("address", "topics", "data")} for entry in got]
        if got != value:
            yield f"{name} {str(got)[:80]}, recorded {str(value)[:80]}"


def block_differences(executed: ExecutedBlock, record: Record) -> Iterator[str]:
    header = executed.block.header
    for name, made in (
        ("stateRoot", header.state_root),
        ("transactionsRoot", header.transactions_root),
        ("receiptsRoot", header.receipts_root),
        ("hash", header.hash),
    ):
        if made != unhex(record[name]):
            yield f"{name} {made.hex()[:16]}…, recorded {record[name][2:18]}…"
    assert header.db_hash == header.state_root
    for index, transaction in enumerate(record["transactions"]):
        made = orjson.loads(executed.block.receipt_json(index))
        for difference in receipt_differences(made, transaction["receipt"]):
            yield f"transaction {index}, {transaction['name']}: {difference}"


def signature_differences(executed: ExecutedBlock, record: Record) -> Iterator[str]:
    """The sealers' signatures verify, where they are recorded: of SM2 ones r and s."""
    sealers = executed.block.header.sealer_list
    signed = [(sealers[index], unhex(pair) + sealers[index]) for index, pair in record.get("signatures", [])]
    keys, signatures = [key for key, _ in signed], [signature for _, signature in signed]
    verdicts = verify_batch(keys, [unhex(record["hash"])] * len(signed), signatures, suite=Suite.SM)
    for (index, _), is_valid in zip(record.get("signatures", []), verdicts, strict=True):
        if not is_valid:
            yield f"the signature of sealer {index} does not verify"


def call_differences(node: Node, record: Record, timestamp: int) -> Iterator[str]:
    result = node.executor.call(
        sender=unhex(record["from"]),
        to=unhex(record["to"]),
        data=unhex(record["data"]),
        value=int(record["value"], 16),
        height=record["height"],
        timestamp=timestamp,
    )
    made, recorded = (hex(result.status), "0x" + result.output.hex()), (record["status"], record["output"])
    if made != recorded:
        yield f"call {record['name']}: {made}, recorded {recorded}"


@dataclass(slots=True)
class Replay:
    """What came of a recorded chain."""

    name: str
    total: Counts = field(default_factory=Counts)
    matched: Counts = field(default_factory=Counts)
    differences: list[Difference] = field(default_factory=list)

    def table(self) -> str:
        total, matched = self.total, self.matched
        lines = [
            f"{self.name}: matched {matched.blocks} of {total.blocks} blocks, {matched.transactions} of "
            f"{total.transactions} transactions, {matched.calls} of {total.calls} calls"
        ]
        lines += [f"  block {difference.number}: {difference.what}" for difference in self.differences]
        return "\n".join(lines) + "\n"


def replay(name: str, *, parallel: bool) -> Replay:
    recorded = orjson.loads((GOLDEN / name / "chain.json").read_bytes())
    genesis = recorded["genesis"]
    node = Node(genesis, parallel=parallel)
    assert node.hashes[0] == unhex(genesis["hash"])

    result = Replay(name)
    for record in recorded["blocks"]:
        number = record["number"]
        raws = [unhex(transaction["raw"]) for transaction in record["transactions"]]
        executed = node.execute(recorded_header(record, genesis), raws)
        found = [*block_differences(executed, record), *signature_differences(executed, record)]
        result.total.blocks += 1
        result.total.transactions += len(raws)
        if not found:
            result.matched.blocks += 1
            result.matched.transactions += len(raws)
        node.commit(executed, unhex(record["hash"]))
        for call in recorded.get("calls", []):
            if call["height"] == number:
                wrong = list(call_differences(node, call, record["timestamp"]))
                result.total.calls += 1
                result.matched.calls += not wrong
                found += wrong
        result.differences += [Difference(number, what) for what in found]
    return result


@pytest.mark.parametrize("parallel", [False, True], ids=["serial", "parallel"])
@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_chain_gives_the_recorded_receipts_and_roots(
    name: str, parallel: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    result = replay(name, parallel=parallel)
    with capsys.disabled():
        sys.stdout.write("\n" + result.table())
    assert result.differences == []
    assert result.total == result.matched == RECORDED[name]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_larger_blocks_come_to_the_same_in_parallel(name: str) -> None:
    """The recorded transactions again, sixteen to a block."""
    recorded = orjson.loads((GOLDEN / name / "chain.json").read_bytes())
    transactions = [transaction for block in recorded["blocks"] for transaction in block["transactions"]]
    raws = [unhex(transaction["raw"]) for transaction in transactions]
    nodes = [Node(recorded["genesis"], parallel=parallel) for parallel in (False, True)]
    for number, start in enumerate(range(0, len(raws), 16), start=1):
        parent_hash = nodes[0].hashes[number - 1]
        header = Header(number=number, parent_hash=parent_hash, timestamp=number, suite=nodes[0].suite)
        runs = [node.execute(header, raws[start : start + 16]) for node in nodes]
        assert runs[0].block.encode() == runs[1].block.encode()
        assert sorted(runs[0].state_rows()) == sorted(runs[1].state_rows())
        for node, executed in zip(nodes, runs, strict=True):
            node.commit(executed)


def test_two_runs_write_the_same_rows() -> None:
    recorded = orjson.loads((GOLDEN / "one-node" / "chain.json").read_bytes())
    nodes = [Node(recorded["genesis"]), Node(recorded["genesis"])]
    for record in recorded["blocks"]:
        raws = [unhex(transaction["raw"]) for transaction in record["transactions"]]
        runs = [node.execute(recorded_header(record, recorded["genesis"]), raws) for node in nodes]
        assert sorted(runs[0].state_rows()) == sorted(runs[1].state_rows())
        assert runs[0].block.encode() == runs[1].block.encode()
        for node, executed in zip(nodes, runs, strict=True):
            node.commit(executed, unhex(record["hash"]))


class TestShortData:
    """Transactions and calls with fewer than four bytes of data are answered like any others."""

    SECRET = keccak256(b"golden-account-0")

    @pytest.fixture
    def recorded(self) -> Record:
        loaded: Record = orjson.loads((GOLDEN / "short-data.json").read_bytes())
        return loaded

    @pytest.fixture
    def node(self, recorded: Record) -> Node:
        """A chain on which the contract is at the recorded address: the seventh that its account made."""
        node = Node({"sealers": ["11" * 64], "timestamp": 0})
        creations = [b""] * 6 + [unhex(recorded["deploy"])]
        self.run(node, [self.creation(nonce, data) for nonce, data in enumerate(creations)])
        assert node.executor.code(unhex(recorded["contract"]))
        return node

    def creation(self, nonce: int, data: bytes) -> bytes:
        transaction = Transaction.create(
            self.SECRET,
            nonce=nonce,
            gas_price=1,
            gas=300_000_000,
            block_limit=500,
            to=None,
            value=0,
            data=data,
            chain_id=1,
            group_id=1,
        )
        return transaction.raw

    def run(self, node: Node, raws: Sequence[bytes]) -> list[Record]:
        head = max(node.hashes)
        header = Header(number=head + 1, parent_hash=node.hashes[head], timestamp=1)
        executed = node.execute(header, raws)
        node.commit(executed)
        return [orjson.loads(executed.block.receipt_json(index)) for index in range(len(raws))]

    def test_transactions_have_the_recorded_receipts(self, node: Node, recorded: Record) -> None:
        for record in recorded["transactions"]:
            (made,) = self.run(node, [unhex(record["raw"])])
            expected = record["receipt"]
            assert {name: made[name] for name in expected} == expected, record["name"]

    def test_calls_have_the_recorded_answers(self, node: Node, recorded: Record) -> None:
        for record in recorded["calls"]:
            result = node.executor.call(
                sender=unhex(record["from"]),
                to=unhex(record["to"]),
                data=unhex(record["data"]),
                value=0,
                height=1,
                timestamp=1,
            )
            answer = (hex(result.status), "0x" + result.output.hex())
            assert answer == (record["status"], record["output"]), record["name"]

    def test_what_killed_the_recorded_node_is_an_unknown_selector(self, node: Node, recorded: Record) -> None:
        answers = {
            "crud": "0x" + "ff" * 30 + "3c4b",
            "tablefactory": "0x",
            "dag": "0x",
            "consensus": "0x" + "00" * 32,
        }
        for record in recorded["crash"]:
            (made,) = self.run(node, [unhex(record["raw"])])
            contract = record["name"].split()[1].rstrip(",")
            assert (made["status"], made["output"]) == ("0x0", answers[contract]), record["name"]
