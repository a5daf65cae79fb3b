"""Recorded packets of a FISCO BCOS 2.11.1 group: read, written again, verified, and followed step by step."""

import json
from pathlib import Path
from typing import Any

import pytest

from hansa.consensus.headers import header_on
from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import (
    Commit,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PbftPacket,
    Prepare,
    Sign,
    ViewChange,
    WantedTransaction,
)
from hansa.consensus.pbft.proposals import EMPTY_PROPOSAL_SEALER, open_proposal
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.consensus.pbft.signing import digests
from hansa.kernel import Block, Header, TransactionList, keccak256, recover
from hansa.primitives import Hash32, Height, NodeId

RECORDING: dict[str, Any] = json.loads((Path(__file__).parent / "pbft-packets.json").read_text())
SEALERS = tuple(NodeId(bytes.fromhex(sealer)) for sealer in RECORDING["sealers"])
KINDS = {"prepare": Prepare, "sign": Sign, "commit": Commit, "viewchange": ViewChange}

STATEMENTS = [packet for packet in RECORDING["packets"] if packet["packetType"] <= 1]
REQUESTS = [packet for packet in RECORDING["packets"] if packet["packetType"] == 2]
RESPONSES = [packet for packet in RECORDING["packets"] if packet["packetType"] == 3]


def name(packet: dict[str, Any]) -> str:
    return f"session{packet['session']}-{packet['ms']}-{packet['expected']['kind']}"


def payload(packet: dict[str, Any]) -> bytes:
    return bytes.fromhex(packet["payload"])


@pytest.mark.parametrize("packet", STATEMENTS, ids=name)
def test_packets_are_read_and_written_to_the_byte(packet: dict[str, Any]) -> None:
    decoded, expected = PbftPacket.decode(payload(packet)), packet["expected"]
    message = decoded.message
    assert type(message) is KINDS[expected["kind"]]
    assert (message.height, message.view, message.index) == (
        expected["height"],
        expected["view"],
        expected["index"],
    )
    assert message.timestamp == expected["timestamp"]
    assert message.block_hash.hex() == expected["blockHash"]
    assert decoded.ttl | decoded.has_empty_block << 7 == expected["ttl"]
    unreached = None if decoded.unreached is None else [node.hex() for node in decoded.unreached]
    assert unreached == expected["unreached"]
    assert decoded.encode() == payload(packet)


@pytest.mark.parametrize("packet", STATEMENTS, ids=name)
def test_both_signatures_are_those_of_the_sealer_at_the_index(packet: dict[str, Any]) -> None:
    message = PbftPacket.decode(payload(packet)).message
    block_digest, view_digest = digests(message, keccak256)
    assert view_digest.hex() == packet["expected"]["viewDigest"]
    assert recover(block_digest, message.signature) == SEALERS[message.index]
    assert recover(view_digest, message.view_signature) == SEALERS[message.index]


@pytest.mark.parametrize("packet", REQUESTS, ids=name)
def test_requests_for_transactions(packet: dict[str, Any]) -> None:
    request, expected = MissedTransactionsRequest.decode(payload(packet)), packet["expected"]
    assert (request.height, request.block_hash.hex()) == (expected["height"], expected["blockHash"])
    assert request.wanted == tuple(
        WantedTransaction(Hash32(bytes.fromhex(digest)), index) for digest, index in expected["wanted"]
    )
    assert request.encode() == payload(packet)


@pytest.mark.parametrize("packet", RESPONSES, ids=name)
def test_answers_with_transactions(packet: dict[str, Any]) -> None:
    response, expected = MissedTransactionsResponse.decode(payload(packet)), packet["expected"]
    transactions = TransactionList.decode_blob(response.transactions)
    assert [digest.hex() for digest in transactions.hashes] == expected["hashes"]
    assert transactions.encode_blob() == response.transactions
    assert response.encode() == payload(packet)


# --- proposals -------------------------------------------------------------------------------------------


def prepares() -> list[dict[str, Any]]:
    return [packet for packet in STATEMENTS if packet["expected"]["kind"] == "prepare"]


def parent_of(header: Header) -> Header:
    """As much of the parent as a proposal tells. Its hash is not among it: that needs all of the parent."""
    return Header(number=header.number - 1, state_root=header.state_root, timestamp=header.timestamp - 1)


def proposed_header(prepare: Prepare) -> Header:
    try:
        return Block.decode_proposal(prepare.block)[0]
    except ValueError:
        return Block.decode(prepare.block).header


def is_executed_form(prepare: Prepare) -> bool:
    return proposed_header(prepare).hash != prepare.block_hash


@pytest.mark.parametrize("packet", prepares(), ids=name)
def test_a_recorded_proposal_belongs_to_its_hash(packet: dict[str, Any]) -> None:
    prepare = PbftPacket.decode(payload(packet)).message
    assert isinstance(prepare, Prepare)
    header = FIRST_OF_SESSION_8 if is_executed_form(prepare) else proposed_header(prepare)
    proposal = open_proposal(prepare, parent_of(header), SEALERS)
    assert proposal.block_hash == prepare.block_hash
    assert bool(proposal.hashes) == (header.sealer < len(SEALERS))


FIRST_OF_SESSION_8 = next(
    proposed_header(message)
    for packet in prepares()
    if packet["session"] == 8
    and isinstance(message := PbftPacket.decode(payload(packet)).message, Prepare)
    and message.view == 6
)
"""What the repeated block of that session was before its execution."""


def test_an_empty_proposal_is_built_to_the_byte() -> None:
    packet = next(packet for packet in prepares() if packet["expected"]["ttl"] == 0x82)
    prepare = PbftPacket.decode(payload(packet)).message
    assert isinstance(prepare, Prepare)
    recorded, _, _ = Block.decode_proposal(prepare.block)
    header = Header(
        number=recorded.number,
        parent_hash=recorded.parent_hash,
        state_root=recorded.state_root,
        timestamp=recorded.timestamp,
        sealer=EMPTY_PROPOSAL_SEALER,
        sealer_list=SEALERS,
    )
    block = Block.propose(header, TransactionList.decode([]))
    assert block.encode_proposal() == prepare.block
    assert block.hash == prepare.block_hash
    ours = header_on(parent_of(recorded), SEALERS, timestamp=recorded.timestamp, sealer=EMPTY_PROPOSAL_SEALER)
    assert (ours.state_root, ours.number, ours.sealer) == (header.state_root, header.number, header.sealer)


def test_a_repeated_block_is_taken_back_to_the_form_before_execution() -> None:
    first, repeated = (
        message
        for packet in prepares()
        if packet["session"] == 8
        and isinstance(message := PbftPacket.decode(payload(packet)).message, Prepare)
        and message.height == 53
        and packet["expected"]["ttl"] == 2
    )
    assert (first.view, repeated.view) == (6, 8)
    assert first.block_hash == repeated.block_hash
    assert is_executed_form(repeated)
    parent = parent_of(proposed_header(first))
    proposal = open_proposal(repeated, parent, SEALERS)
    assert proposal.hashes == Block.decode_proposal(first.block)[1]
    assert proposal.fetched is not None
    assert proposal.fetched.hashes == proposal.hashes


# --- session 8: a block is prepared, its view fails, the next leaders finish it ---------------------------


def test_the_machine_does_what_the_recorded_node_did() -> None:
    """Node 0 (index 1) hears what it heard; it must say what it said, when it said it."""
    me = 1
    packets = [packet for packet in STATEMENTS if packet["session"] == 8]
    heard = [(packet["ms"], PbftPacket.decode(payload(packet)).message) for packet in packets]
    recorded = [
        (type(message).__name__, message.height, message.view, message.block_hash, ms)
        for ms, message in heard
        if message.index == me
    ]
    parent = next(message.block_hash for _, message in heard if isinstance(message, ViewChange))
    executed = next(message.block_hash for _, message in heard if isinstance(message, Sign))
    said = Replay(me, Height(52), parent, executed).play(heard, until_ms=16_200)

    assert [entry[:4] for entry in said] == [entry[:4] for entry in recorded]
    for ours, theirs in zip(said, recorded, strict=True):
        assert abs(ours[4] - theirs[4]) <= 25, (ours, theirs)


class Replay:
    """A machine whose shell executes and stores at once."""

    def __init__(self, me: int, height: Height, parent: Hash32, executed: Hash32) -> None:
        self._me, self._executed = me, executed
        self._head = ev.Head(height, parent, SEALERS, 1000, 3000)
        # One view timed out before the recording begins: patience is that of the second view change.
        self._machine = PbftMachine(SEALERS[me], SealingSettings(), self._head, 0)
        self._machine.handle(ev.TimerFired(), 3000)
        self.said: list[tuple[str, int, int, bytes, int]] = []

    def play(
        self, heard: list[tuple[int, Prepare | Sign | Commit | ViewChange]], *, until_ms: int
    ) -> list[tuple[str, int, int, bytes, int]]:
        """Tell all that the others said, with timers in between."""
        for ms, message in sorted(heard, key=lambda entry: entry[0]):
            if message.index != self._me:
                self._pass_time(ms)
                if self._machine.is_timely(message):
                    self._tell(_event_of(message), ms)
        self._pass_time(until_ms)
        return self.said

    def _pass_time(self, until_ms: int) -> None:
        while (deadline := self._machine.next_deadline()) is not None and deadline <= until_ms:
            self._tell(ev.TimerFired(), deadline)

    def _tell(self, event: ev.Event, ms: int) -> None:
        for effect in self._machine.handle(event, ms):
            match effect:
                case ev.ExecuteProposal(block_hash):
                    self._tell(ev.ProposalExecuted(block_hash, self._executed), ms)
                case ev.BroadcastSign(height, view, block_hash):
                    self.said.append(("Sign", height, view, block_hash, ms))
                    self._tell(ev.SignReceived(Sign(height, view, self._me, ms, block_hash)), ms)
                case ev.BroadcastCommit(height, view, block_hash):
                    self.said.append(("Commit", height, view, block_hash, ms))
                    self._tell(ev.CommitReceived(Commit(height, view, self._me, ms, block_hash)), ms)
                case ev.BroadcastViewChange(height, view, block_hash):
                    self.said.append(("ViewChange", height, view, block_hash, ms))
                    vote = ViewChange(height, view, self._me, ms, block_hash)
                    self._tell(ev.ViewChangeReceived(vote), ms)
                case ev.CommitBlock(height, _, executed_hash, _):
                    head = ev.Head(height, executed_hash, SEALERS, 1000, 3000)
                    self._tell(ev.HeadAdvanced(head), ms)
                case _:
                    pass


def _event_of(message: Prepare | Sign | Commit | ViewChange) -> ev.Event:
    match message:
        case Prepare():
            header = proposed_header(message)
            try:
                count = len(Block.decode_proposal(message.block)[1])
            except ValueError:
                count = len(Block.decode(message.block).transactions)
            parent = Hash32(header.parent_hash)
            place = (message.height, message.view, message.index)
            return ev.ProposalReceived(*place, message.block_hash, parent, count)
        case Sign():
            return ev.SignReceived(message)
        case Commit():
            return ev.CommitReceived(message)
        case ViewChange():
            return ev.ViewChangeReceived(message)
