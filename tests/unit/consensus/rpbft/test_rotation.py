"""The rotation is made when an epoch ends, and asked of every leader then."""

import pytest
from eth_abi.abi import decode

from hansa.consensus.errors import InvalidProposal
from hansa.consensus.headers import header_on
from hansa.consensus.rpbft.rotation import WORKING_SEALER_MANAGER, Rotation
from hansa.kernel import Block, Transaction, TransactionList, vrf_verify
from hansa.primitives import GroupId
from tests.unit.consensus.joined import Key
from tests.unit.consensus.rpbft.group import Group, Member, eventually


def rotation_of(member: Member, key: Key | None = None) -> Rotation:
    return Rotation(
        chain=member.ledger,
        key=key or member.key,
        chain_id=1,
        group_id=GroupId(1),
        draw=lambda count: count - 1,
    )


def block_of(member: Member, transactions: TransactionList, *, sealer: int) -> Block:
    header = header_on(
        member.ledger.head,
        member.ledger.membership.working,
        timestamp=member.ledger.head.timestamp + 1,
        sealer=sealer,
    )
    return Block.propose(header, transactions)


async def test_the_rotation_proves_its_input_and_stands_first() -> None:
    async with Group(1, working=1, epoch=1000) as group:
        member = group.members[0]
        await group.submit(group.transactions(1))
        await eventually(lambda: member.ledger.head.number == 1)
        await member.stop()
        rotation = rotation_of(member)
        assert not rotation.is_due()
        pooled = TransactionList.decode(group.transactions(3))
        assert rotation.complete(pooled, member.ledger.head) is pooled
        rotation.is_due = lambda: True  # type: ignore[method-assign]
        completed = rotation.complete(pooled, member.ledger.head)
        assert [each.raw for each in completed][1:] == [each.raw for each in pooled][:2]
        first = completed[0]
        assert (first.to, first.gas, first.block_limit) == (WORKING_SEALER_MANAGER, 0, 501)
        assert first.data[:4].hex() == "df04e6b2"
        public_key, text, proof = decode(["string", "string", "string"], first.data[4:])
        assert text == member.ledger.head.hash.hex()
        assert vrf_verify(text.encode(), public_key.encode(), proof.encode()) is not None


async def test_a_rotation_of_another_leader_is_not_taken_from_the_pool() -> None:
    async with Group(1, working=1, epoch=1000) as group:
        member = group.members[0]
        await member.stop()
        rotation = rotation_of(member)
        rotation.is_due = lambda: True  # type: ignore[method-assign]
        foreign = rotation.complete(TransactionList.decode([]), member.ledger.head)
        raws = [foreign[0].raw, *group.transactions(2)]
        completed = rotation.complete(TransactionList.decode(raws), member.ledger.head)
        assert [each.raw for each in completed][1:] == raws[1:]


async def test_the_first_block_of_a_chain_rotates_nobody() -> None:
    async with Group(3, working=2, epoch=2) as group:
        assert not rotation_of(group.members[0]).is_due()


@pytest.mark.parametrize("fault", ["none", "missing", "foreign", "sealer"])
async def test_what_sealers_sign_when_an_epoch_ends(fault: str) -> None:
    async with Group(1, working=1, epoch=1000) as group:
        member = group.members[0]
        await member.stop()
        rotation = rotation_of(member)
        rotation.is_due = lambda: True  # type: ignore[method-assign]
        own = rotation.complete(TransactionList.decode([]), member.ledger.head)
        other = rotation_of(member, Key(99))
        other.is_due = lambda: True  # type: ignore[method-assign]
        transactions = {
            "none": own,
            "missing": TransactionList.decode(group.transactions(1)),
            "foreign": other.complete(TransactionList.decode([]), member.ledger.head),
            "sealer": own,
        }[fault]
        block = block_of(member, transactions, sealer=7 if fault == "sealer" else 0)
        if fault == "none":
            rotation.check(block)
        else:
            with pytest.raises(InvalidProposal):
                rotation.check(block)
        assert isinstance(block.transactions[0], Transaction)


async def test_a_leader_without_its_rotation_gets_no_signs() -> None:
    """Another one leads, and the chain goes on."""
    async with Group(4, working=4, epoch=2) as group:
        for height in (1, 2):
            if height == 2:
                dishonest = group.members[2]  # who leads after block 2
                dishonest.engine._agenda.complete = lambda pooled, head: pooled
            await group.submit(group.transactions(1))
            await eventually(lambda height=height: all(m.ledger.head.number >= height for m in group.members))
        await group.submit(group.transactions(1))

        def moves_on() -> bool:
            for member in group.members:
                member.jump(50)
            return all(member.ledger.head.number >= 3 for member in group.members)

        await eventually(moves_on)
        third = group.members[0].ledger.block(3)
        assert third is not None
        assert third.header.sealer != 2
        assert third.transactions[0].to == WORKING_SEALER_MANAGER
