"""Engines with real ledgers, pools and keys agree on blocks; what goes wrong ends the right thing."""

import asyncio
import logging
from dataclasses import replace

import pytest

from hansa.consensus.errors import CommitFailed, UnreadableBackup
from hansa.consensus.pbft.backup import PREPARED, VOTE, decode_prepared, decode_vote
from hansa.consensus.pbft.engine import PbftSettings
from hansa.consensus.pbft.messages import (
    Commit,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PacketType,
    PbftPacket,
    Prepare,
    Sign,
    ViewChange,
    WantedTransaction,
)
from hansa.consensus.pbft.post import PostSettings
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.consensus.pbft.signing import sign_message
from hansa.kernel import Block, Header, Suite, TransactionList, keccak256, verify_batch
from hansa.primitives import Hash32, Height, NodeId, View
from tests.unit.consensus.pbft.group import Group, Member, eventually

AT_ONCE = PbftSettings(sealing=SealingSettings(min_block_generation_ms=0))


def all_at(group: Group, height: int) -> bool:
    return all(member.ledger.head.number >= height for member in group.members if member.is_up)


def statements(group: Group, kind: type) -> list[PbftPacket]:
    packets = [
        PbftPacket.decode(payload) for _, _, packet_type, payload in group.wire.sent if packet_type in (0, 1)
    ]
    return [packet for packet in packets if isinstance(packet.message, kind)]


@pytest.mark.parametrize("size", [1, 2, 4])
async def test_a_group_commits_the_same_blocks(size: int) -> None:
    async with Group(size, AT_ONCE) as group:
        for height in (1, 2, 3):
            await group.submit(group.transactions(3))
            await eventually(lambda height=height: all_at(group, height))
        hashes = {member.ledger.block_hash(3) for member in group.members}
        assert len(hashes) == 1
        assert all(len(member.pool) == 0 for member in group.members)


async def test_a_block_carries_exactly_a_quorum_of_valid_signatures() -> None:
    async with Group(4, AT_ONCE) as group:
        await group.submit(group.transactions(1))
        await eventually(lambda: all_at(group, 1))
        for member in group.members:
            block = member.ledger.block(1)
            assert block is not None
            keys = [group.keys[index].id for index, _ in block.signatures]
            signatures = [signature for _, signature in block.signatures]
            assert len(set(keys)) == 3
            assert verify_batch(keys, [block.hash] * 3, signatures) == [True] * 3


async def test_a_guomi_group_signs_with_its_own_suite() -> None:
    async with Group(4, AT_ONCE, Suite.SM) as group:
        others = [member for member in group.members if member is not group.leader()]
        raws = group.transactions(3)
        await group.submit(raws[:2], to=others)
        await group.submit(raws, to=[group.leader()])
        await eventually(lambda: all_at(group, 1))
        blocks = [member.ledger.block(1) for member in group.members]
        assert len({block.hash for block in blocks if block is not None}) == 1
        for block in blocks:
            assert block is not None
            assert block.suite == Suite.SM
            assert block.receipt_count == 3
            keys = [group.keys[index].id for index, _ in block.signatures]
            signatures = [signature for _, signature in block.signatures]
            assert [signature[64:] for signature in signatures] == keys
            assert verify_batch(keys, [block.hash] * 3, signatures, suite=Suite.SM) == [True] * 3
        types = [packet_type for _, _, packet_type, _ in group.wire.sent]
        assert types.count(PacketType.MISSED_TRANSACTIONS_RESPONSE) >= 1


async def test_proposals_carry_hashes_and_transactions_that_are_missing_are_asked_for() -> None:
    async with Group(4, AT_ONCE) as group:
        others = [member for member in group.members if member is not group.leader()]
        raws = group.transactions(5)
        await group.submit(raws[:3], to=others)
        await group.submit(raws, to=[group.leader()])
        await eventually(lambda: all_at(group, 1))
        types = [packet_type for _, _, packet_type, _ in group.wire.sent]
        assert types.count(PacketType.PREPARE_WITH_HASHES) == 3
        assert types.count(PacketType.MISSED_TRANSACTIONS_REQUEST) >= 1
        assert types.count(PacketType.MISSED_TRANSACTIONS_RESPONSE) >= 1
        block = group.members[0].ledger.block(1)
        assert block is not None
        assert len(block.transactions) == 5


async def test_a_full_pool_of_another_sealer_does_not_keep_it_from_executing() -> None:
    async with Group(4, AT_ONCE) as group:
        for member in group.members:
            if member is not group.leader():
                member.pool.submit_list = refuse_all  # type: ignore[method-assign]
        await group.submit(group.transactions(3), to=[group.leader()])
        await eventually(lambda: all_at(group, 1))


async def refuse_all(transactions: list[object], *, from_client: bool = False) -> list[int]:
    return [28] * len(transactions)


async def test_full_proposals_where_the_group_is_configured_so() -> None:
    settings = PbftSettings(
        sealing=AT_ONCE.sealing, post=PostSettings(optimize_ttl=False), propose_with_hashes=False
    )
    async with Group(4, settings) as group:
        await group.submit(group.transactions(2))
        await eventually(lambda: all_at(group, 1))
        prepares = [
            packet.message for packet in statements(group, Prepare) if isinstance(packet.message, Prepare)
        ]
        assert prepares
        assert all(len(Block.decode(prepare.block).transactions) == 2 for prepare in prepares)
        assert all(packet.unreached is None for packet in statements(group, Sign))


async def test_sealers_without_a_session_hear_through_the_others() -> None:
    async with Group(4, AT_ONCE) as group:
        one, other = group.keys[0].id, group.keys[1].id
        group.wire.cut.add(frozenset((one, other)))
        await group.submit(group.transactions(2))
        await eventually(lambda: all_at(group, 1))
        listed = [packet for packet in statements(group, Sign) if packet.unreached]
        assert listed
        forwarded = [packet for packet in statements(group, Sign) if packet.ttl == 1]
        assert forwarded
        assert all(packet.unreached == () for packet in forwarded)


async def test_an_idle_leader_passes_its_turn_on() -> None:
    async with Group(4) as group:
        group.leader().jump(1000)
        await eventually(lambda: all(member.engine.view == 1 for member in group.members))
        empty = statements(group, Prepare)
        assert len(empty) == 3
        assert all(packet.has_empty_block for packet in empty)
        status = group.members[0].engine.status()
        assert (status.view, status.to_view, status.leader_failed) == (1, 1, False)
        assert status.connected_nodes == 3
        assert [node for node, _ in status.views] == [key.id for key in group.keys]


async def test_the_group_goes_on_without_a_silent_leader() -> None:
    async with Group(4, AT_ONCE) as group:
        await group.leader().stop()
        await group.submit(group.transactions(1))
        for member in group.members:
            member.jump(3000)
        await eventually(lambda: all_at(group, 1))
        block = group.members[1].ledger.block(1)
        assert block is not None
        assert block.header.sealer == 1


async def test_votes_are_on_the_disk_before_they_are_on_the_wire() -> None:
    group = Group(4, AT_ONCE)
    told: list[str] = []
    member = group.members[0]

    def on_save(name: str, data: bytes) -> None:
        told.append(name)
        kinds = {VOTE: Sign, PREPARED: Commit}
        own = [
            packet
            for packet in statements(group, kinds[name])
            if packet.message.index == 0 and packet.message.height == 1
        ]
        assert own == []

    member.disk.on_save = on_save
    async with group:
        await group.submit(group.transactions(1))
        await eventually(lambda: all_at(group, 1))
    assert told == [VOTE, PREPARED]
    vote = decode_vote(member.disk.records[VOTE])
    kept = decode_prepared(member.disk.records[PREPARED])
    committed = member.ledger.block(1)
    assert committed is not None
    assert (vote.height, vote.view, vote.block_hash) == (1, 0, committed.hash)
    assert Block.decode(kept.block).hash == kept.record.block_hash


async def test_a_prepared_block_is_finished_after_a_restart_of_everybody() -> None:
    group = Group(4, AT_ONCE)
    async with group:
        # Everybody prepares, nobody hears a commit.
        for member in group.members:
            drop_commits(member)
        await group.submit(group.transactions(1))
        await eventually(lambda: all(PREPARED in member.disk.records for member in group.members))
        prepared = {decode_prepared(member.disk.records[PREPARED]).record for member in group.members}
        assert len(prepared) == 1
        for member in group.members:
            await member.stop()
        group.wire.sent.clear()
        for member in group.members:
            await member.start()
        await eventually(lambda: all_at(group, 1))
        repeated = [packet.message for packet in statements(group, Prepare)]
        assert {message.block_hash for message in repeated} == {prepared.pop().block_hash}
        assert {message.view for message in repeated} == {1}


def drop_commits(member: Member) -> None:
    deliver = member.engine.on_packet

    def on_packet(node: object, packet_type: int, payload: bytes) -> None:
        if packet_type > 1 or not isinstance(PbftPacket.decode(payload).message, Commit):
            deliver(node, packet_type, payload)  # type: ignore[arg-type]

    member.engine.on_packet = on_packet  # type: ignore[method-assign]


async def test_a_vote_that_cannot_be_kept_ends_the_node_unsent() -> None:
    group = Group(4, AT_ONCE)
    broken = group.members[2]
    async with group:
        broken.disk.is_broken = True
        await group.submit(group.transactions(1))
        with pytest.raises(ExceptionGroup) as caught:
            await broken.task
        broken.is_up = False
        assert caught.group_contains(OSError)
        assert [packet for packet in statements(group, Sign) if packet.message.index == 2] == []


async def test_a_block_that_cannot_be_stored_ends_the_node() -> None:
    group = Group(1, AT_ONCE)
    member = group.members[0]

    async def fail(*_: object) -> object:
        raise OSError("disk failure")

    member.ledger.commit = fail  # type: ignore[method-assign,assignment]
    await member.start()
    await group.submit(group.transactions(1))
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(member.task, 5)
    assert caught.group_contains(CommitFailed)


@pytest.mark.parametrize("name", [VOTE, PREPARED])
async def test_a_damaged_backup_keeps_the_node_from_starting(name: str) -> None:
    group = Group(1)
    member = group.members[0]
    member.disk.records[name] = b"\x01damaged"
    await member.start()
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(member.task, 5)
    assert caught.group_contains(UnreadableBackup)


async def test_foreign_and_forged_packets_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hansa.consensus")
    async with Group(4) as group:
        listener, liar = group.members[0], group.members[1]
        head = listener.ledger.head
        honest = ViewChange(Height(0), View(5), 2, 1, head.hash)
        forged = sign_message(honest, liar.key, keccak256)
        listener.engine.on_packet(group.keys[1].id, 0, PbftPacket(forged, 2).encode())
        listener.engine.on_packet(group.keys[1].id, 0, b"noise")
        listener.engine.on_packet(group.keys[1].id, 3, b"noise")
        listener.engine.on_packet(group.keys[1].id, 9, b"")
        stranger = NodeId(bytes(64))
        listener.engine.on_packet(stranger, 0, PbftPacket(forged, 2).encode())
        await eventually(lambda: caplog.text.count("malformed packet") == 3)
        assert "wrong signature" in caplog.text
        assert "who is no sealer here" in caplog.text
        assert listener.engine.status().views[2][1] == 0


def lying_proposal(group: Group, raws: list[bytes], **changes: object) -> Prepare:
    """What the leader of block 1 signs if it does not care for the rules."""
    head = group.members[0].ledger.head
    fields: dict[str, object] = {
        "number": 1,
        "parent_hash": head.hash,
        "state_root": head.state_root,
        "timestamp": head.timestamp + 1,
        "sealer": 0,
        "sealer_list": [key.id for key in group.keys],
    }
    block = Block.propose(Header(**(fields | changes)), TransactionList.decode(raws))  # type: ignore[arg-type]
    prepare = Prepare(Height(1), View(0), 0, 1, Hash32(block.hash), block=block.encode_proposal())
    return sign_message(prepare, group.keys[0], keccak256)


@pytest.mark.parametrize(
    "changes",
    [{"state_root": b"\x07" * 32}, {"extra_data": [b"more"]}, {"timestamp": 1}, {"sealer_list": []}],
)
async def test_a_header_with_liberties_is_not_signed(
    changes: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    async with Group(4) as group:
        raws = group.transactions(1)
        await group.submit(raws)
        prepare = lying_proposal(group, raws, **changes)
        for member in group.members[1:]:
            member.engine.on_packet(group.keys[0].id, 1, PbftPacket(prepare, 2).encode())
        await eventually(lambda: caplog.text.count("InvalidPrepare") == 3)
        assert statements(group, Sign) == []


async def test_a_leader_cannot_repeat_a_transaction(caplog: pytest.LogCaptureFixture) -> None:
    async with Group(4, AT_ONCE) as group:
        raws = group.transactions(1)
        await group.submit(raws)
        await eventually(lambda: all(member.ledger.head.number == 1 for member in group.members))
        head, leader = group.members[0].ledger.head, group.keys[1]
        block = Block.propose(
            Header(
                number=2,
                parent_hash=head.hash,
                state_root=head.state_root,
                timestamp=head.timestamp + 1,
                sealer=1,
                sealer_list=[key.id for key in group.keys],
            ),
            TransactionList.decode(raws),
        )
        prepare = Prepare(Height(2), View(0), 1, 1, Hash32(block.hash), block=block.encode())
        packet = PbftPacket(sign_message(prepare, leader, keccak256), 2).encode()
        for member in group.members:
            if member.key is not leader:
                member.engine.on_packet(leader.id, 0, packet)
        await eventually(lambda: caplog.text.count("may not be in this block") == 3)


async def test_a_block_that_is_not_the_one_named_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async with Group(4) as group:
        first, second = group.transactions(2)
        await group.submit([first, second])
        honest, other = lying_proposal(group, [first]), lying_proposal(group, [second])
        follower = group.members[1].engine
        follower.on_packet(group.keys[2].id, 1, PbftPacket(replace(honest, block=other.block), 2).encode())
        follower.on_packet(group.keys[2].id, 1, PbftPacket(replace(honest, block=b"none"), 2).encode())
        await eventually(lambda: "InvalidPrepare" in caplog.text)
        # The leader's own copy is welcome all the same.
        follower.on_packet(group.keys[0].id, 1, PbftPacket(honest, 2).encode())
        await eventually(lambda: len(statements(group, Sign)) == 3)


async def test_only_so_many_answers_about_one_proposal() -> None:
    async with Group(4, AT_ONCE) as group:
        leader = group.leader()
        for member in group.members:
            if member is not leader:
                drop_all(member)
        await group.submit(group.transactions(2), to=[leader])
        await eventually(lambda: len(statements(group, Prepare)) == 3)
        proposed = statements(group, Prepare)[0].message
        _, hashes, _ = Block.decode_proposal(proposed.block)  # type: ignore[union-attr]
        asking = group.keys[3].id

        def ask(wanted: WantedTransaction) -> None:
            request = MissedTransactionsRequest(Height(1), proposed.block_hash, (wanted,))
            leader.engine.on_packet(asking, PacketType.MISSED_TRANSACTIONS_REQUEST, request.encode())

        ask(WantedTransaction(Hash32(hashes[0]), 1))
        ask(WantedTransaction(Hash32(hashes[0]), 7))
        for _ in range(5):
            ask(WantedTransaction(Hash32(hashes[1]), 1))
        await asyncio.sleep(0.05)
        answers = [
            MissedTransactionsResponse.decode(payload)
            for _, _, packet_type, payload in group.wire.sent
            if packet_type == PacketType.MISSED_TRANSACTIONS_RESPONSE
        ]
        assert len(answers) == 3
        assert TransactionList.decode_blob(answers[0].transactions).hashes == [hashes[1]]


def drop_all(member: Member) -> None:
    member.engine.on_packet = lambda node, packet_type, payload: None  # type: ignore[method-assign]
