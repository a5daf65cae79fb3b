"""Event filters of a real chain: every verdict and every push, byte for byte.

The recorded blocks are put together again from the transactions and receipts their clients saw. Their headers
are not known, so the block hash is the one thing in a push that is put in from the recording.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hansa.channel.frames import FrameDecoder, FrameType, decode_topic_data
from hansa.channel.handlers import SessionInfo
from hansa.codec import rlp
from hansa.events import ContractEvents, EventGroup, EventLimits
from hansa.events.filters import EventFilter, InvalidFilter, parse_filter
from hansa.events.pushes import log_pushes
from hansa.kernel import Block, Header, TransactionList

HERE = Path(__file__).parent
FRAMES = json.loads((HERE / "recorded-frames.json").read_text())["frames"]
REGISTRATIONS = json.loads((HERE / "registrations.json").read_text())
SESSION = SessionInfo(1, "127.0.0.1:1", "CN=sdk", "")


def data_of(item: dict[str, Any]) -> tuple[bytes, bytes]:
    decoder = FrameDecoder()
    decoder.feed(bytes.fromhex(item["frame"]))
    frame = decoder.next_frame()
    assert frame is not None
    return frame.seq, frame.data


def frames(type: FrameType, sender: str) -> list[tuple[bytes, bytes]]:
    return [data_of(item) for item in FRAMES if item["type"] == type and item["from"] == sender]


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def number(text: str) -> int:
    return int(text, 16)


def recorded_blocks() -> dict[int, tuple[Block, bytes]]:
    """By height: the block, and its recorded hash."""
    raws = {}
    for seq, data in frames(FrameType.RPC, "sdk"):
        request = json.loads(data)
        if request["method"].startswith("sendRawTransaction"):
            raws[seq] = raw(request["params"][1])
    blocks = {}
    for seq, data in frames(FrameType.RECEIPT, "node"):
        receipt = json.loads(data)
        header = Header(number=number(receipt["blockNumber"]), timestamp=0)
        proposed = Block.propose(header, TransactionList.decode([raws[seq]]))
        logs = [
            [raw(log["address"]), [raw(topic) for topic in log["topics"]], raw(log["data"])]
            for log in receipt["logs"]
        ]
        encoded_receipt = [
            raw(receipt["root"]),
            number(receipt["gasUsed"]),
            raw(receipt["contractAddress"]),
            raw(receipt["logsBloom"]),
            number(receipt["status"]),
            raw(receipt["output"]),
            number(receipt["remainGas"]),
            logs,
        ]
        fields, blob, block_hash, _, _ = rlp.decode(proposed.encode())
        block = Block.decode(rlp.encode([fields, blob, block_hash, [], [encoded_receipt]]))
        blocks[block.number] = block, raw(receipt["blockHash"])
    return blocks


def test_every_push_is_made_from_its_blocks() -> None:
    blocks = recorded_blocks()
    assert sorted(blocks) == [207, 208, 209]
    filters: dict[str, EventFilter] = {}
    for _, data in frames(FrameType.EVENT_REGISTER, "sdk"):
        try:
            parsed = parse_filter(decode_topic_data(data)[1])
        except InvalidFilter:
            continue
        filters[parsed.filter_id] = parsed
    pushes = [data for _, data in frames(FrameType.EVENT_LOG, "node")]
    assert len(pushes) == 3
    for push in pushes:
        members = json.loads(push)
        wanted = filters[members["filterID"]]
        logs = []
        for height in sorted({int(log["blockNumber"]) for log in members["logs"]}):
            block, recorded_hash = blocks[height]
            logs += [
                log.replace(block.hash.hex().encode(), recorded_hash.hex().encode())
                for log in block.event_logs_json(wanted.addresses, wanted.topics)
            ]
        assert list(log_pushes(wanted.filter_id, logs, bytes_max=1 << 20)) == [push]


class RecordedChain:
    head = SimpleNamespace(number=208)

    def block(self, height: int) -> None:
        return None


class NoOutlet:
    def push_events(self, session_id: int, body: bytes) -> None:
        raise AssertionError("these blocks hold nothing")

    def takes_more(self, session_id: int) -> bool:
        return True


async def test_every_request_gets_its_recorded_verdict() -> None:
    verdicts = {
        seq: json.loads(decode_topic_data(data)[1])["result"]
        for type in (FrameType.EVENT_REGISTER, FrameType.EVENT_CANCEL)
        for seq, data in frames(type, "node")
    }
    with ThreadPoolExecutor(1) as threads:
        events = ContractEvents(threads)
        async with events.running(NoOutlet()):
            events.add_group(EventGroup(1, RecordedChain(), EventLimits(), lambda key: True))
            asked = 0
            for type, ask in (
                (FrameType.EVENT_REGISTER, events.register),
                (FrameType.EVENT_CANCEL, events.cancel),
            ):
                for seq, data in frames(type, "sdk"):
                    assert ask(SESSION, decode_topic_data(data)[1]) == verdicts[seq], seq
                    asked += 1
            assert asked == len(verdicts) == 9


@pytest.mark.parametrize("case", REGISTRATIONS["valid"], ids=lambda case: case["case"])
async def test_what_clients_send_is_understood(case: dict[str, Any]) -> None:
    parsed = parse_filter(json.dumps(case["json"]).encode())
    assert (parsed.group_id, parsed.filter_id) == (1, case["json"]["filterID"])


@pytest.mark.parametrize("case", REGISTRATIONS["invalid"], ids=lambda case: case["case"])
async def test_what_cannot_be_followed_has_its_code(case: dict[str, Any]) -> None:
    with ThreadPoolExecutor(1) as threads:
        events = ContractEvents(threads)
        async with events.running(NoOutlet()):
            events.add_group(EventGroup(1, RecordedChain(), EventLimits(), lambda key: True))
            assert events.register(SESSION, json.dumps(case["json"]).encode()) == case["result"]
