"""Engines with real ledgers: sealers take turns, proposals come down the tree or around it."""

import pytest

from hansa.consensus.pbft.messages import PbftPacket, Prepare
from hansa.consensus.rpbft.messages import ProposalPacketType
from hansa.consensus.rpbft.rotation import WORKING_SEALER_MANAGER
from hansa.kernel import Block, Suite
from tests.unit.consensus.rpbft.group import Group, Member, eventually


def all_at(group: Group, height: int) -> bool:
    return all(member.ledger.head.number >= height for member in group.members if member.is_up)


def block_at(member: Member, height: int) -> Block:
    block = member.ledger.block(height)
    assert block is not None
    return block


async def commit(group: Group, height: int, to: list[Member] | None = None) -> None:
    """One more block."""
    await group.submit(group.transactions(2), to=to)
    await eventually(lambda: all_at(group, height))


async def test_only_the_working_sealers_stand_in_a_block_and_sign_it() -> None:
    async with Group(6, working=4, epoch=100) as group:
        working = group.working
        assert len(working) == 4
        await commit(group, 1)
        for member in group.members:
            block = block_at(member, 1)
            assert block.header.sealer_list == [member.key.id for member in working]
            signers = [group.keys[index].id for index, _ in block.signatures]
            assert len(signers) == 3
            assert {member.key.id for member in working}.issuperset(signers)
            assert group.keys[block.header.sealer].id in {member.key.id for member in working}


@pytest.mark.parametrize("suite", [Suite.STANDARD, Suite.SM])
async def test_one_goes_and_one_comes_when_an_epoch_ends(suite: Suite) -> None:
    async with Group(6, working=4, epoch=3, suite=suite) as group:
        before = {member.key.id for member in group.working}
        for height in range(1, 4):
            await commit(group, height)
        assert {member.key.id for member in group.working} == before
        await eventually(lambda: all_at(group, 4))  # nothing waits, and yet the epoch ends
        rotation = block_at(group.members[0], 4)
        assert len(rotation.transactions) == 1
        assert rotation.transactions[0].to == WORKING_SEALER_MANAGER
        assert rotation.failed_count() == 0
        after = {member.key.id for member in group.working}
        assert len(after) == 4
        assert len(after - before) == len(before - after) == 1
        for height in range(5, 12):
            await commit(group, height)
        assert len({member.ledger.block_hash(11) for member in group.members}) == 1
        rotations = [
            height
            for height in range(1, 12)
            if block_at(group.members[0], height).transactions[0].to == WORKING_SEALER_MANAGER
        ]
        assert rotations == [4, 7, 10]


async def test_a_rotation_takes_the_place_of_one_transaction_which_waits() -> None:
    async with Group(4, working=3, epoch=2) as group:
        await commit(group, 1)
        await commit(group, 2)
        await eventually(lambda: all_at(group, 3))
        await commit(group, 4)
        raws = group.transactions(3)
        await group.submit(raws)
        await eventually(lambda: all(len(member.pool) == 0 for member in group.members))
        seen = [
            transaction.raw
            for height in range(1, group.members[0].ledger.head.number + 1)
            for transaction in block_at(group.members[0], height).transactions
        ]
        assert all(seen.count(raw) == 1 for raw in raws)


async def test_one_of_four_working_sealers_may_be_away() -> None:
    async with Group(5, working=4, epoch=3) as group:
        await commit(group, 1)
        away = group.working[1]
        await away.stop()
        for member in group.members:
            member.jump(3000)  # the others need not wait for their leader
        alive = [member for member in group.members if member is not away]
        height = group.members[0].ledger.head.number
        await group.submit(group.transactions(1), to=alive)

        def moves_on() -> bool:
            for member in alive:
                member.jump(50)
            return all(member.ledger.head.number > height + 3 or not len(member.pool) for member in alive)

        await eventually(moves_on)
        assert all(member.ledger.head.number > height for member in alive)


async def test_a_leader_reaches_its_three_children_only() -> None:
    async with Group(7, working=7, epoch=100) as group:
        await commit(group, 1)
        leader = group.keys[block_at(group.members[0], 1).header.sealer].id
        sent = [
            (source, target)
            for source, target, packet_type, payload in group.wire.sent
            if packet_type in (0, 1)
            and isinstance(message := PbftPacket.decode(payload).message, Prepare)
            and message.block_hash
            and message.height == 1
            and group.keys[message.index].id == leader
        ]
        assert len({target for source, target in sent if source == leader}) == 3
        assert len({target for _, target in sent}) == 6


async def test_a_proposal_that_does_not_come_down_the_tree_is_asked_for() -> None:
    """All three must vote, and whatever the third gets without asking is lost."""
    settings = "prepare_status_broadcast_percent=100"
    async with Group(3, working=3, epoch=100, settings=settings) as group:
        third = group.keys[2].id
        group.wire.drops = lambda source, target, packet_type, payload: (
            target == third
            and packet_type in (0, 1)
            and isinstance(PbftPacket.decode(payload).message, Prepare)
        )
        await commit(group, 1)
        asked = [packet[:3] for packet in group.wire.sent if packet[2] == ProposalPacketType.REQUEST]
        given = [packet[:3] for packet in group.wire.sent if packet[2] == ProposalPacketType.RESPONSE]
        assert asked[0][0] == third
        assert given[0][:2] == (asked[0][1], third)


async def test_transactions_are_asked_of_a_sealer_that_has_them() -> None:
    """The fifth is a grandchild of the leader: its parent can help it as well."""
    settings = "prepare_status_broadcast_percent=100"
    async with Group(5, working=5, epoch=100, settings=settings) as group:
        lacking = group.members[4]
        raws = group.transactions(4)
        await group.submit(raws, to=[member for member in group.members if member is not lacking])
        await eventually(lambda: all_at(group, 1))
        asked = {
            target for source, target, kind, _ in group.wire.sent if kind == 2 and source == lacking.key.id
        }
        assert len(asked) <= 1


async def test_direct_proposals_where_the_operator_wants_them() -> None:
    async with Group(4, working=4, epoch=100, settings="broadcast_prepare_by_tree=false") as group:
        await commit(group, 1)
        types = {packet_type for _, _, packet_type, _ in group.wire.sent}
        assert not types & {4, 5, 6}


@pytest.mark.parametrize("payload", [b"", b"noise", b"\xc1\x80"])
async def test_noise_is_dropped(payload: bytes) -> None:
    async with Group(4, working=4, epoch=100) as group:
        for packet_type in (4, 5, 6, 7):
            group.members[0].engine.on_packet(group.keys[1].id, packet_type, payload)
        await commit(group, 1)
