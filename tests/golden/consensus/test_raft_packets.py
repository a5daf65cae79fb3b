"""Recorded packets of a FISCO BCOS 2.11.1 Raft group: read, written again, and answered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hansa.consensus.raft import events as ev
from hansa.consensus.raft.machine import RaftMachine
from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    VoteRequest,
    VoteResponse,
    decode_packet,
    encode_packet,
)
from hansa.consensus.raft.patience import RaftTiming
from hansa.kernel import Block
from hansa.primitives import Hash32, Height, NodeId

RECORDING: dict[str, Any] = json.loads((Path(__file__).parent / "raft-packets.json").read_text())
SEALERS = tuple(NodeId(bytes.fromhex(sealer)) for sealer in RECORDING["sealers"])
PACKETS: list[dict[str, Any]] = RECORDING["packets"]
ME = 2
"""The sealer whose sessions were recorded."""

KINDS = {
    "VoteReq": VoteRequest,
    "VoteResp": VoteResponse,
    "HeartBeat": HeartBeat,
    "HeartBeatResp": HeartBeatResponse,
}


def name(packet: dict[str, Any]) -> str:
    return f"{packet['ms']}-{packet['direction']}-{packet['expected']['type']}"


def payload(packet: dict[str, Any]) -> bytes:
    return bytes.fromhex(packet["payload"])


def digest(text: str) -> Hash32:
    return Hash32(bytes.fromhex(text[2:]))


@pytest.mark.parametrize("packet", PACKETS, ids=name)
def test_packets_are_read_and_written_to_the_byte(packet: dict[str, Any]) -> None:
    message, expected = decode_packet(payload(packet)), packet["expected"]
    assert type(message) is KINDS[expected["type"]]
    assert (message.index, message.term, message.height) == (
        expected["idx"],
        expected["term"],
        expected["height"],
    )
    assert message.block_hash == digest(expected["blockHash"])
    match message:
        case VoteRequest():
            assert message.candidate == expected["candidate"]
            assert message.last_leader_term == expected["lastLeaderTerm"]
            assert message.last_block_number == expected["lastBlockNumber"]
        case VoteResponse():
            assert (message.flag, message.last_leader_term) == (
                expected["voteFlag"],
                expected["lastLeaderTerm"],
            )
        case HeartBeat():
            assert (message.leader, message.block_number) == (
                expected["leader"],
                expected["uncommittedBlockNumber"],
            )
        case HeartBeatResponse():
            assert message.uncommitted_hash == digest(expected["uncommittedBlockHash"])
    assert encode_packet(message) == payload(packet)


def test_the_block_in_a_heartbeat_is_the_full_form_before_execution() -> None:
    with_blocks = [packet for packet in PACKETS if "uncommittedBlock" in packet["expected"]]
    assert len(with_blocks) == 3
    for packet in with_blocks:
        message = decode_packet(payload(packet))
        assert isinstance(message, HeartBeat)
        block, expected = Block.decode(message.block), packet["expected"]["uncommittedBlock"]
        assert block.hash == digest(expected["hash"])
        assert block.transactions.hashes == [digest(text) for text in expected["transactions"]]
        assert (block.header.timestamp, block.header.sealer) == (expected["timestamp"], expected["sealer"])
        assert tuple(block.header.sealer_list) == SEALERS
        assert (block.receipt_count, block.signatures) == (0, [])
        assert block.encode() == message.block


def follower(height: int, block_hash: Hash32) -> RaftMachine:
    head = ev.Head(Height(height), block_hash, SEALERS, 1000)
    return RaftMachine(SEALERS[ME], RaftTiming(), 500, head, lambda count: 0, 0)


def answers(machine: RaftMachine, packet: dict[str, Any]) -> list[bytes]:
    """What the machine sends when it reads a recorded packet."""
    message = decode_packet(payload(packet))
    event: ev.Event
    match message:
        case VoteRequest():
            event = ev.VoteRequested(message)
        case HeartBeat(block=b""):
            event = ev.HeartBeatReceived(message, None)
        case HeartBeat():
            block = Block.decode(message.block)
            offer = ev.BlockOffer(Height(block.number), Hash32(block.hash), Hash32(block.header.parent_hash))
            event = ev.HeartBeatReceived(replace(message, block=b""), offer)
        case _:
            raise AssertionError("an answer has no answer")
    effects = machine.handle(event, packet["ms"])
    return [encode_packet(effect.message) for effect in effects if isinstance(effect, ev.Send)]


def test_a_vote_and_the_answers_to_heartbeats_are_those_a_reference_group_accepted() -> None:
    """The recorded peer answered in the same way, was counted, and blocks were committed."""
    at = {packet["ms"]: packet for packet in PACKETS if packet["direction"] == "in"}
    told = {packet["ms"]: payload(packet) for packet in PACKETS if packet["direction"] == "out"}

    early = follower(13, digest(at[3925]["expected"]["blockHash"]))
    assert answers(early, at[3925]) == [told[3925]]  # a vote in term 2
    assert answers(early, at[5190]) == [told[5190]]  # and in term 3
    assert answers(early, at[5447]) == [told[5447]]  # an idle heartbeat

    later = follower(14, digest(at[7462]["expected"]["blockHash"]))
    assert answers(later, at[7462]) == [told[7463]]  # a heartbeat with a block
