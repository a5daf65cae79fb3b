"""Engines with real ledgers elect a leader and agree on blocks; what goes wrong ends the right thing."""

from dataclasses import replace

import pytest

from hansa.consensus.errors import CommitFailed, UnreadableBackup
from hansa.consensus.headers import header_on
from hansa.consensus.raft.backup import ACCEPTED, BALLOT, decode_accepted, decode_ballot, encode_accepted
from hansa.consensus.raft.events import Accepted
from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    Term,
    VoteRequest,
    decode_packet,
    encode_packet,
)
from hansa.kernel import Block, Suite
from hansa.ledger.errors import InvalidBlock
from hansa.primitives import Hash32, Height
from tests.unit.consensus.raft.group import Group, Member, eventually


def all_at(group: Group, height: int) -> bool:
    return all(member.ledger.head.number >= height for member in group.members if member.is_up)


def packets(group: Group, kind: type) -> list[object]:
    decoded = [decode_packet(payload) for _, _, _, payload in group.wire.sent]
    return [packet for packet in decoded if isinstance(packet, kind)]


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_a_group_elects_a_leader_and_commits_the_same_blocks(size: int) -> None:
    async with Group(size) as group:
        await eventually(lambda: len(group.leaders) == 1)
        for height in (1, 2, 3):
            await group.submit(group.transactions(3))
            await eventually(lambda height=height: all_at(group, height))
        assert len({member.ledger.block_hash(3) for member in group.members}) == 1
        assert all(len(member.pool) == 0 for member in group.members)
        block = group.members[0].ledger.block(3)
        assert block is not None
        assert block.signatures == []


async def test_a_guomi_group_commits_the_same_blocks() -> None:
    async with Group(3, suite=Suite.SM) as group:
        await eventually(lambda: len(group.leaders) == 1)
        await group.submit(group.transactions(3))
        await eventually(lambda: all_at(group, 1))
        assert len({member.ledger.block_hash(1) for member in group.members}) == 1


async def test_all_name_the_same_leader() -> None:
    async with Group(3) as group:
        await eventually(lambda: len(group.leaders) == 1)
        leader = group.leaders[0].key.id
        await eventually(lambda: all(member.engine.status().leader == leader for member in group.members))
        status = group.members[1].engine.status()
        assert (status.me, status.index, status.height) == (group.members[1].key.id, 1, 0)
        assert status.sealers == tuple(key.id for key in group.keys)


async def test_a_dead_leader_is_replaced_and_comes_back_as_a_follower() -> None:
    async with Group(3) as group:
        await eventually(lambda: len(group.leaders) == 1)
        old = group.leaders[0]
        await group.submit(group.transactions(2))
        await eventually(lambda: all_at(group, 1))
        await old.stop()
        await eventually(lambda: len(group.leaders) == 1)
        alive = [member for member in group.members if member is not old]
        await group.submit(group.transactions(2), to=alive)
        await eventually(lambda: all_at(group, 2))
        await group.start(old)
        await eventually(lambda: all_at(group, 2))
        leader = group.leaders[0]
        await eventually(lambda: old.engine.status().leader == leader.key.id)


async def test_what_a_majority_kept_is_committed_by_the_next_leader() -> None:
    """The leader dies at the moment when the others have the block and it does not know."""
    async with Group(3) as group:
        await eventually(lambda: len(group.leaders) == 1)
        old = group.leaders[0]
        others = [member for member in group.members if member is not old]
        deaf = {frozenset((old.key.id, other.key.id)) for other in others}

        def cut_when_kept(name: str, data: bytes) -> None:
            if name == ACCEPTED:
                group.wire.cut |= deaf

        for other in others:
            other.disk.on_save = cut_when_kept
        raws = group.transactions(1)
        await group.submit(raws, to=[old])
        await eventually(lambda: group.wire.cut == deaf)
        await old.stop()
        group.wire.cut.clear()
        await eventually(lambda: all_at(group, 1))
        block = others[0].ledger.block(1)
        assert block is not None
        assert [transaction.raw for transaction in block.transactions] == raws


async def test_a_vote_is_on_the_disk_before_it_is_on_the_wire() -> None:
    async with Group(3) as group:
        seen: list[tuple[str, int]] = []
        for member in group.members:
            member.disk.on_save = lambda name, data: seen.append((name, len(group.wire.sent)))
        await eventually(lambda: len(group.leaders) == 1)
        asked = next(place for place, entry in enumerate(group.wire.sent) if entry[3][:1] == b"\x80")
        assert any(name == BALLOT and place <= asked for name, place in seen)
        granted = [member for member in group.members if BALLOT in member.disk.records]
        assert len(granted) >= 2
        assert decode_ballot(granted[0].disk.records[BALLOT]).term >= 1


async def test_a_follower_keeps_the_very_block_that_is_committed() -> None:
    async with Group(3) as group:
        await eventually(lambda: len(group.leaders) == 1)
        await group.submit(group.transactions(2))
        await eventually(lambda: all_at(group, 1))
        for member in group.members:
            if ACCEPTED in member.disk.records:
                kept = decode_accepted(member.disk.records[ACCEPTED])
                assert Block.decode(kept.block).hash == kept.record.block_hash
                assert kept.record.height == 1
        assert sum(ACCEPTED in member.disk.records for member in group.members) >= 2


async def test_a_block_that_is_kept_by_all_is_not_sent_again() -> None:
    async with Group(3) as group:
        await eventually(lambda: len(group.leaders) == 1)
        await group.submit(group.transactions(1))
        await eventually(lambda: all_at(group, 1))
        count = sum(bool(beat.block) for beat in packets(group, HeartBeat) if isinstance(beat, HeartBeat))
        await eventually(lambda: len(packets(group, HeartBeat)) > 20)
        later = sum(bool(beat.block) for beat in packets(group, HeartBeat) if isinstance(beat, HeartBeat))
        assert later == count


def standing(member: Member, index: int, term: int) -> tuple[int, Term, Height, Hash32]:
    head = member.ledger.head
    return index, Term(term), Height(head.number), Hash32(head.hash)


async def test_noise_and_packets_in_another_ones_name_are_dropped() -> None:
    async with Group(3, election_ms=(5000, 6000)) as group:
        member, sender = group.members[0], group.keys[1].id
        stands = standing(member, 1, 9)
        good = HeartBeat(*stands, leader=1)
        for payload in (
            b"",
            b"noise",
            encode_packet(replace(good, index=2)),
            encode_packet(replace(good, index=7)),
            encode_packet(replace(good, leader=2)),
            encode_packet(VoteRequest(*stands, 2, Term(0), Height(0))),
            encode_packet(replace(good, block=b"no block", block_number=Height(1))),
        ):
            member.engine.on_packet(sender, 0, payload)
        member.engine.on_packet(member.key.id, 0, encode_packet(good))
        member.engine.on_packet(sender, 0, encode_packet(good))
        await eventually(lambda: member.engine.status().leader == sender)
        answers = packets(group, HeartBeatResponse)
        assert len(answers) == 1


@pytest.mark.parametrize("change", ["number", "empty"])
async def test_a_heartbeat_with_a_wrong_block_is_dropped(change: str) -> None:
    async with Group(3, election_ms=(5000, 6000)) as group:
        leader, member = group.members[1], group.members[0]
        await group.submit(group.transactions(1), to=[leader])
        transactions = leader.pool.seal(0 if change == "empty" else 10)
        header = header_on(
            member.ledger.head,
            member.ledger.membership.sealers,
            timestamp=member.ledger.head.timestamp + 1,
            sealer=1,
        )
        block = Block.propose(header, transactions)
        number = Height(2 if change == "number" else 1)
        beat = HeartBeat(*standing(member, 1, 9), leader=1, block=block.encode(), block_number=number)
        member.engine.on_packet(leader.key.id, 0, encode_packet(beat))
        member.engine.on_packet(
            leader.key.id, 0, encode_packet(replace(beat, block=b"", block_number=Height(0)))
        )
        await eventually(lambda: member.engine.status().leader == leader.key.id)
        assert len(packets(group, HeartBeatResponse)) == 1
        assert ACCEPTED not in member.disk.records


async def ended(member: Member) -> BaseException:
    """Wait for the engine to give up; why it did."""
    with pytest.raises(ExceptionGroup) as failure:
        await member.task
    member.is_up = False
    return failure.value.exceptions[0]


async def test_a_damaged_record_ends_the_engine() -> None:
    async with Group(3) as group:
        member = group.members[0]
        await member.stop()
        member.disk.records[BALLOT] = b"damaged"
        await member.start()
        assert isinstance(await ended(member), UnreadableBackup)


@pytest.mark.parametrize("data", [b"no block", b"another"])
async def test_a_kept_block_that_is_another_ends_the_engine(data: bytes) -> None:
    async with Group(1) as group:
        await group.submit(group.transactions(1))
        await eventually(lambda: all_at(group, 1))
        member = group.members[0]
        await member.stop()
        block = member.ledger.block(1)
        assert block is not None
        record = Accepted(Term(1), Height(2), Hash32(b"h" * 32))
        member.disk.records[ACCEPTED] = encode_accepted(
            record, data if data == b"no block" else block.encode()
        )
        await member.start()
        assert isinstance(await ended(member), UnreadableBackup)


async def test_a_disk_that_fails_ends_the_engine_before_it_votes() -> None:
    async with Group(1) as group:
        member = group.members[0]
        member.disk.is_broken = True
        assert isinstance(await ended(member), OSError)
        assert BALLOT not in member.disk.records


async def test_a_commit_that_fails_ends_the_engine() -> None:
    async with Group(1) as group:
        member = group.members[0]

        async def fail(*_: object) -> Block:
            raise OSError("no space left")

        member.ledger.commit = fail  # type: ignore[method-assign, assignment]
        await group.submit(group.transactions(1))
        reason = await ended(member)
        assert isinstance(reason, CommitFailed)
        assert reason.height == 1


async def test_a_block_that_cannot_be_executed_costs_the_leader_its_term() -> None:
    async with Group(1) as group:
        member = group.members[0]
        execute, failures = member.ledger.execute, [1]

        async def fail_once(block: Block) -> object:
            if failures:
                failures.clear()
                raise InvalidBlock(block.number, "for the test")
            return await execute(block)

        member.ledger.execute = fail_once  # type: ignore[method-assign, assignment]
        await group.submit(group.transactions(1))
        await eventually(lambda: all_at(group, 1))
        assert decode_ballot(member.disk.records[BALLOT]).term == 2


async def test_a_loud_peer_is_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    async with Group(3, election_ms=(5000, 6000)) as group:
        member = group.members[0]
        for _ in range(1100):
            member.engine.on_packet(group.keys[1].id, 0, b"noise")
        assert "sends too much" in caplog.text
