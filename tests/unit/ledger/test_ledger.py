"""The ledger grows by whole blocks, remembers them, and takes foreign ones only when every rule holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hansa.kernel import Block, Suite
from hansa.ledger import schema
from hansa.ledger.errors import ForeignDatabase, InvalidBlock, StaleBlock
from hansa.ledger.ledger import CommittedBlock, Ledger
from hansa.primitives import Height
from hansa.storage import MemoryStore, StorageFailed, WriteBatch
from tests.unit.ledger.chains import THREADS, Group


async def test_a_new_store_begins_with_the_genesis_block() -> None:
    group = Group()
    ledger = group.ledger
    assert ledger.head.number == 0
    assert ledger.genesis_hash == ledger.head.hash
    assert list(ledger.membership.sealers) == group.sealers
    assert ledger.membership.observers == ()
    assert ledger.system_config("tx_count_limit") == "1000"
    assert ledger.system_config("tx_gas_limit") == "300000000"
    assert ledger.system_config("consensus_timeout") == "3"
    assert ledger.totals == (0, 0)


async def test_a_committed_block_can_be_found_by_every_key() -> None:
    group = Group()
    transaction = group.transaction(b"some data")
    block = await group.extend([transaction])
    ledger = group.ledger
    assert ledger.head.hash == block.hash
    assert ledger.block_hash(1) == block.hash
    assert ledger.height_of(block.hash) == 1
    assert ledger.find_transaction(transaction.hash) == schema.Position(Height(1), 0)
    assert ledger.totals == (1, 0)
    stored = Block.decode(ledger.block_bytes(1) or b"")
    assert stored.hash == block.hash
    assert stored.receipt_json(0) == block.receipt_json(0)
    assert [index for index, _ in stored.signatures] == [0, 1, 2]
    assert ledger.block(2) is None
    assert ledger.header(2) is None
    assert ledger.height_of(bytes(32)) is None
    assert ledger.find_transaction(bytes(32)) is None


async def test_a_guomi_chain_takes_foreign_blocks_signed_with_sm2() -> None:
    group, other = Group(suite=Suite.SM), Group(suite=Suite.SM)
    block = await group.extend([group.transaction(b"data")])
    assert block.suite == Suite.SM
    assert block.hash == Suite.SM.hash(block.header.encode())
    imported = await other.ledger.import_block(block.encode())
    assert imported.hash == block.hash
    assert other.ledger.find_transaction(block.transactions.hashes[0]) == schema.Position(Height(1), 0)

    again = Ledger(other.store, other.genesis, THREADS)
    assert again.head.hash == block.hash
    next_block = await group.extend([group.transaction()])
    forged = next_block.with_signatures([(index, bytes(128)) for index in range(3)])
    with pytest.raises(InvalidBlock, match="0 valid signatures, 3 needed"):
        await again.import_block(forged.encode())


async def test_a_database_of_the_other_suite_is_refused() -> None:
    group = Group()
    with pytest.raises(ForeignDatabase, match="the other crypto suite"):
        Ledger(group.store, replace(group.genesis, suite=Suite.SM), THREADS)


async def test_failed_transactions_are_counted() -> None:
    group = Group()
    await group.extend([group.transaction(), group.transaction(to=b"\x09" * 20)])
    assert group.ledger.totals == (2, 1)


async def test_a_reopened_chain_goes_on_where_it_was() -> None:
    group = Group()
    block = await group.extend([group.transaction(b"x")])
    again = Ledger(group.store, group.genesis, THREADS)
    assert again.head.hash == block.hash
    assert again.totals == (1, 0)
    assert again.membership == group.ledger.membership
    assert again.recent_nonces() == group.ledger.recent_nonces()
    assert [height for height, _ in again.recent_nonces()] == [0, 1]


async def test_another_genesis_file_is_noticed() -> None:
    group = Group(4)
    with pytest.raises(ForeignDatabase, match="put back the genesis file"):
        Ledger(group.store, Group(3).genesis, THREADS)


async def test_an_unknown_layout_is_noticed() -> None:
    group = Group()
    batch = WriteBatch()
    batch.put(schema.FORMAT_KEY, b"99")
    group.store.write(batch)
    with pytest.raises(ForeignDatabase, match="another version"):
        Ledger(group.store, group.genesis, THREADS)


async def test_listeners_hear_of_each_block_in_order() -> None:
    group = Group()
    heard: list[CommittedBlock] = []
    group.ledger.subscribe(heard.append)
    for _ in range(3):
        await group.extend([group.transaction()])
    assert [committed.block.number for committed in heard] == [1, 2, 3]
    assert heard[-1].membership == group.ledger.membership


class _FailingStore(MemoryStore):
    fails = False

    def write(self, batch: WriteBatch, *, sync: bool = True) -> None:
        if self.fails:
            raise StorageFailed("disk", "no space left")
        super().write(batch, sync=sync)


async def test_a_disk_that_fails_changes_nothing() -> None:
    store = _FailingStore()
    group = Group(store=store)
    executed = await group.ledger.execute(group.propose([group.transaction()]))
    store.fails = True
    with pytest.raises(StorageFailed):
        await group.commit(executed)
    assert group.ledger.head.number == 0
    store.fails = False
    assert (await group.commit(executed)).number == 1


async def test_only_the_next_block_is_executed_or_committed() -> None:
    group = Group()
    early = await group.ledger.execute(group.propose([group.transaction()]))
    await group.extend([group.transaction()])
    with pytest.raises(StaleBlock):
        await group.commit(early)
    with pytest.raises(StaleBlock):
        await group.ledger.execute(group.propose([group.transaction()], number=5))
    with pytest.raises(InvalidBlock, match="parent"):
        await group.ledger.execute(group.propose([group.transaction()], parent_hash=bytes(32)))


async def test_a_foreign_block_that_keeps_every_rule_is_imported() -> None:
    source, target = Group(), Group()
    block = await source.extend([source.transaction(b"x"), source.transaction(to=b"\x09" * 20)])
    imported = await target.ledger.import_block(block.encode())
    assert imported.hash == target.ledger.head.hash == block.hash
    assert target.ledger.totals == source.ledger.totals


async def test_a_foreign_block_that_breaks_a_rule_is_refused() -> None:
    source, target = Group(), Group()
    executed = await source.ledger.execute(source.propose([source.transaction()]))
    good = executed.block

    async def refused(block: Block, reason: str) -> None:
        with pytest.raises(InvalidBlock, match=reason):
            await target.ledger.import_block(block.encode())
        assert target.ledger.head.number == 0

    three = (0, 1, 2)
    await refused(good.with_signatures(source.signatures(good.hash, (0, 1))), "2 valid signatures, 3 needed")
    twice = source.signatures(good.hash, (0, 1)) + source.signatures(good.hash, (1,))
    await refused(good.with_signatures(twice), "2 valid signatures")
    strangers = [(index + 4, signature) for index, signature in source.signatures(good.hash, three)]
    await refused(good.with_signatures(strangers), "0 valid signatures")
    await refused(good.with_signatures(source.signatures(bytes(32), three)), "0 valid signatures")

    other = source.propose([source.transaction()], sealer_list=source.sealers[:3])
    await refused(other.with_signatures(source.signatures(other.hash, three)), "sealer list")
    empty = source.propose([])
    await refused(empty.with_signatures(source.signatures(empty.hash, three)), "0 transactions")
    unexecuted = source.propose([source.transaction()])
    await refused(unexecuted.with_signatures(source.signatures(unexecuted.hash, three)), "executes to")
    with pytest.raises(InvalidBlock):
        await target.ledger.import_block(b"\xc0")


async def test_blocks_of_a_raft_group_carry_no_signatures() -> None:
    source, target = (Group(consensus="consensus_type=raft") for _ in range(2))
    executed = await source.ledger.execute(source.propose([source.transaction()]))
    block = await source.ledger.commit(executed, ())
    imported = await target.ledger.import_block(block.encode())
    assert (imported.hash, imported.signatures) == (block.hash, [])


async def test_only_signatures_of_working_sealers_count() -> None:
    source, target = (Group(6, consensus="consensus_type=rpbft\nepoch_sealer_num=4") for _ in range(2))
    membership = source.ledger.membership
    assert len(membership.working) == 4
    working = [source.sealers.index(worker) for worker in membership.working]
    pending = [index for index in range(6) if index not in working]
    executed = await source.ledger.execute(source.propose([source.transaction()]))
    block = executed.block
    for signers in (working[:2], working[:2] + pending):
        unsigned = block.with_signatures(source.signatures(block.hash, signers))
        with pytest.raises(InvalidBlock, match="2 valid signatures, 3 needed"):
            await target.ledger.import_block(unsigned.encode())
    signed = block.with_signatures(source.signatures(block.hash, working[:3]))
    assert (await target.ledger.import_block(signed.encode())).hash == block.hash


async def test_a_block_that_is_known_is_stale() -> None:
    source, target = Group(), Group()
    block = await source.extend([source.transaction()])
    await target.ledger.import_block(block.encode())
    with pytest.raises(StaleBlock):
        await target.ledger.import_block(block.encode())


async def test_deep_blocks_are_read_from_the_store() -> None:
    group = Group()
    blocks = [await group.extend([group.transaction()]) for _ in range(20)]
    first = group.ledger.block(1)
    assert first is not None
    assert first.hash == blocks[0].hash
