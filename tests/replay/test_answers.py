"""Recorded chains in a real ledger, asked the recorded questions through the real JSON-RPC.

Only what needs other nodes (views, peers, sync) is not asked here; `tests/golden/rpc` compares its form.
Questions that were asked on the way are put at the same place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from hansa.kernel import Block, TransactionList
from hansa.ledger.genesis import parse_genesis_settings
from hansa.ledger.ledger import Ledger
from hansa.node.group_view import RunningGroup
from hansa.primitives import NodeId
from hansa.rpc import RpcService
from hansa.storage import MemoryStore
from hansa.txpool import Pool
from tests.golden.rpc.recordings import load
from tests.replay.test_replay import GOLDEN, Record, recorded_header, suite_of, unhex
from tests.unit.rpc.fakes import FakeNode

NEEDS_OTHER_NODES = {
    "getClientVersion",
    "getConsensusStatus",
    "getGroupList",
    "getNodeIDList",
    "getNodeInfo",
    "getPbftView",
    "getPeers",
    "getSyncStatus",
    "queryPeers",
    "addPeers",
    "erasePeers",
}
ASKED_AFTER = {
    "child code": "Misc.mk child (CREATE)",
    "child code after selfdestruct": "Misc.killChild",
    "nokey": "SystemConfig nokey=1",
    "before": "Consensus.addSealer already sealer",
    "after addObserver": "Consensus.addObserver (sealer->observer)",
    "after remove": "Consensus.remove",
    "after addSealer": "Consensus.addSealer back",
}
"""Notes of questions that were asked on the way, and the transaction before them."""


RECORDED = {"four-node": 112, "sm-four-node": 61}
"""How many questions there are: none may get lost."""


def signatures_of(name: str, recorded: Record) -> dict[int, list[tuple[int, bytes]]]:
    """Of the blocks that are asked for whole."""
    if name == "sm-four-node":
        sealers = [unhex(sealer) for sealer in recorded["genesis"]["sealers"]]
        return {
            record["number"]: [(index, unhex(pair) + sealers[index]) for index, pair in record["signatures"]]
            for record in recorded["blocks"][:1]
        }
    return {
        int(record["block"]["number"], 16): [
            (int(entry["index"], 16), unhex(entry["signature"])) for entry in record["block"]["signatureList"]
        ]
        for record in load("chain.json")["blocks"]
    }


class Chain:
    """The recorded chain up to a height, with everything a node keeps of a group."""

    def __init__(self, name: str, threads: ThreadPoolExecutor) -> None:
        self.recorded: Record = orjson.loads((GOLDEN / name / "chain.json").read_bytes())
        self.signatures = signatures_of(name, self.recorded)
        genesis = self.recorded["genesis"]
        self.suite = suite_of(genesis)
        nodes = "\n".join(f"node.{index}={sealer}" for index, sealer in enumerate(genesis["sealers"]))
        text = f"[group]\nid=1\ntimestamp={genesis['timestamp']}\n[consensus]\n{nodes}\n"
        settings = parse_genesis_settings(text, "group.1.genesis", (2, 11, 1), self.suite)
        self.ledger = Ledger(MemoryStore(), settings, threads)
        self.pool = Pool(
            chain_id=1,
            group_id=1,
            count_limit=150_000,
            byte_limit=1 << 29,
            expiry_s=600,
            threads=threads,
            head=0,
            nonces=self.ledger.recent_nonces(),
            suite=self.suite,
        )
        self.ledger.subscribe(lambda committed: self.pool.commit(committed.block))
        group: Any = SimpleNamespace(
            ledger=self.ledger,
            pool=self.pool,
            sync=SimpleNamespace(blocks_behind=0),
            is_member=True,
            consensus_type="pbft",
            me=NodeId(unhex(genesis["sealers"][0])),
        )
        node: Any = FakeNode({1: RunningGroup(group, threads, acts_as_member=False)})  # type: ignore[dict-item]
        self.service = RpcService(node)

    async def extend(self, record: Record) -> None:
        """Execute and commit the next recorded block."""
        header = recorded_header(record, self.recorded["genesis"])
        raws = [unhex(transaction["raw"]) for transaction in record["transactions"]]
        transactions = TransactionList.decode(raws, suite=self.suite)
        executed = await self.ledger.execute(Block.propose(header, transactions))
        assert executed.block.hash == unhex(record["hash"])
        await self.ledger.commit(executed, self.signatures.get(record["number"], []))

    async def ask(self, request: Record) -> Record:
        answer: Record = orjson.loads(await self.service.handle(orjson.dumps(request)))
        return answer


@dataclass(frozen=True, slots=True)
class Question:
    """A recorded exchange."""

    note: str
    request: Record
    response: Record

    def is_answered_by(self, made: Record) -> bool:
        """Equal; of a -32603 text, the rest of which is about C++ sources, the reason counts."""
        error = self.response.get("error", {})
        if "words" not in error:
            return made == self.response
        text = made.get("error", {}).pop("message", "")
        expected = {name: value for name, value in error.items() if name != "words"}
        return error["words"] in text and made == {**self.response, "error": expected}


def questions(name: str) -> list[Question]:
    recorded = GOLDEN / name / "exchanges.json"
    loaded = orjson.loads(recorded.read_bytes()) if recorded.exists() else load("exchanges.json")
    return [
        Question(exchange["note"], exchange["request"], exchange["response"])
        for exchange in loaded["exchanges"]
        if exchange["request"]["method"] not in NEEDS_OTHER_NODES
    ]


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.mark.parametrize("name", sorted(RECORDED))
async def test_the_replayed_chain_gives_the_recorded_answers(
    name: str, threads: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, asked = Chain(name, threads), questions(name)
    on_the_way = [question for question in asked if question.note in ASKED_AFTER]
    wrong: list[str] = []
    put_count = 0

    async def put(question: Question) -> None:
        nonlocal put_count
        put_count += 1
        made = await chain.ask(question.request)
        if not question.is_answered_by(made):
            wrong.append(
                f"{question.note} {question.request['method']}: {made}, recorded {question.response}"
            )

    for record in chain.recorded["blocks"]:
        await chain.extend(record)
        done = record["transactions"][0]["name"]
        for question in on_the_way:
            if done.split(":")[0] == ASKED_AFTER[question.note]:
                await put(question)
    for question in asked:
        if question.note not in ASKED_AFTER:
            await put(question)
    with capsys.disabled():
        sys.stdout.write(f"\nJSON-RPC, {name}: {len(asked) - len(wrong)} of {len(asked)} recorded answers\n")
    assert wrong == []
    assert put_count == len(asked) == RECORDED[name]
