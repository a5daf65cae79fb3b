"""Headers and blocks through their stages."""

import json

import pytest

from hansa.codec import rlp
from hansa.kernel import Block, Header, Transaction, TransactionList, keccak256, sign, transactions_root

SECRET = b"\x01" * 32


def transactions(count: int) -> TransactionList:
    made = [
        Transaction.create(
            SECRET,
            nonce=nonce + 2**200,
            gas_price=0,
            gas=0,
            block_limit=100,
            to=None,
            value=0,
            data=b"",
            chain_id=1,
            group_id=1,
        ).raw
        for nonce in range(count)
    ]
    return TransactionList.decode(made)


def proposed(count: int = 2) -> Block:
    header = Header(
        number=5, parent_hash=b"\x07" * 32, timestamp=1_700_000_000_000, sealer=1, sealer_list=[b"\x0a" * 64]
    )
    return Block.propose(header, transactions(count))


def receipt(status: int = 0) -> list[object]:
    return [bytes(32), 21_000, bytes(20), bytes(256), status, b"", 0, []]


def executed(statuses: list[int]) -> Block:
    """Put together what execution makes."""
    block = proposed(len(statuses))
    header, blob, block_hash, _, _ = rlp.decode(block.encode())
    return Block.decode(rlp.encode([header, blob, block_hash, [], [receipt(status) for status in statuses]]))


def test_event_logs_say_where_they_are() -> None:
    block = proposed(2)
    header, blob, block_hash, _, _ = rlp.decode(block.encode())
    address, topic, other = b"\xc1" * 20, b"\xa1" * 32, b"\xa2" * 32
    logs = [[address, [topic], b"one"], [address, [other, topic], b"two"]]
    receipts: list[object] = [receipt(), [bytes(32), 0, bytes(20), b"\xff" * 256, 0, b"", 0, logs]]
    block = Block.decode(rlp.encode([header, blob, block_hash, [], receipts]))
    (found,) = block.event_logs_json([address], [[other], [topic, other]])
    assert found == (
        b'{"address":"0x%b","blockHash":"0x%b","blockNumber":"5","data":"0x%b","logIndex":"0x1",'
        b'"topics":["0x%b","0x%b"],"transactionHash":"0x%b","transactionIndex":"0x1"}'
        % tuple(
            item.hex().encode()
            for item in (address, block.hash, b"two", other, topic, block.transactions[1].hash)
        )
    )
    assert len(block.event_logs_json([], [])) == len(block.event_logs_json([], [[]])) == 2
    assert block.event_logs_json([bytes(20)], []) == []
    assert proposed().event_logs_json([], []) == []
    with pytest.raises(ValueError, match="20 bytes expected, not 1"):
        block.event_logs_json([b"\x01"], [])
    with pytest.raises(ValueError, match="32 bytes expected, not 1"):
        block.event_logs_json([], [[b"\x01"]])


def test_a_header_is_its_thirteen_fields() -> None:
    header = Header(
        number=7,
        parent_hash=b"\x01" * 32,
        state_root=b"\x02" * 32,
        transactions_root=b"\x03" * 32,
        receipts_root=b"\x04" * 32,
        db_hash=b"\x05" * 32,
        timestamp=8,
        extra_data=[b"mark", b""],
        sealer=2**256 - 1,
        sealer_list=[b"\x06" * 64, b"\x07" * 64],
    )
    expected = [
        *(bytes([number]) * 32 for number in range(1, 6)),
        bytes(256),
        7,
        0,
        0,
        8,
        [b"mark", b""],
        2**256 - 1,
        [b"\x06" * 64, b"\x07" * 64],
    ]
    assert header.encode() == rlp.encode(expected)
    assert header.hash == keccak256(header.encode())
    again = Header.decode(header.encode())
    assert again.encode() == header.encode()
    assert (again.number, again.timestamp, again.sealer) == (7, 8, 2**256 - 1)
    assert again.extra_data == [b"mark", b""]
    assert again.sealer_list == [b"\x06" * 64, b"\x07" * 64]
    assert again.db_hash == b"\x05" * 32
    assert (again.gas_limit, again.gas_used, again.log_bloom) == (0, 0, bytes(256))


def test_a_header_defaults_to_zeros() -> None:
    header = Header(number=0, timestamp=0)
    assert header.parent_hash == header.state_root == header.receipts_root == bytes(32)
    assert (header.sealer, header.sealer_list, header.extra_data) == (0, [], [])


def test_header_fields_are_checked() -> None:
    with pytest.raises(ValueError, match="32 bytes expected, not 33"):
        Header(number=1, timestamp=1, state_root=bytes(33))
    with pytest.raises(ValueError, match="an integer between 0 and 2\\^64 - 1 expected"):
        Header(number=-1, timestamp=1)
    with pytest.raises(ValueError, match="a height is below 2\\^63"):
        Header(number=2**63, timestamp=1)
    with pytest.raises(ValueError, match="header: bytes where a list belongs"):
        Header.decode(b"\x80")
    fields = rlp.decode(Header(number=1, timestamp=1).encode())
    with pytest.raises(ValueError, match="header sealerList: the item is missing"):
        Header.decode(rlp.encode(fields[:12]))
    fields[6] = b"\x80" + bytes(7)
    with pytest.raises(ValueError, match="header number: the value is too long"):
        Header.decode(rlp.encode(fields))


def test_a_proposal_commits_to_its_transactions() -> None:
    block = proposed()
    assert block.header.transactions_root == transactions_root(block.transactions.hashes)
    assert block.hash == block.header.hash
    assert block.number == 5
    assert (block.receipt_count, block.signatures, block.failed_count()) == (0, [], 0)
    assert block.nonces == [(nonce + 2**200).to_bytes(32, "big") for nonce in range(2)]
    assert block.index_of(block.transactions[1].hash) == 1
    assert block.index_of(bytes(32)) is None

    header, hashes, block_hash = Block.decode_proposal(block.encode_proposal())
    assert header.encode() == block.header.encode()
    assert hashes == block.transactions.hashes
    assert block_hash == block.hash


def test_an_empty_block_has_the_root_of_nothing() -> None:
    assert proposed(0).header.transactions_root == keccak256(b"")
    assert Block.decode(proposed(0).encode()).encode() == proposed(0).encode()


def test_signatures_are_outside_the_hash() -> None:
    block = proposed()
    signed = block.with_signatures([(0, sign(SECRET, block.hash)), (2, bytes(65))])
    assert signed.hash == block.hash
    assert signed.signatures == [(0, sign(SECRET, block.hash)), (2, bytes(65))]
    assert Block.decode(signed.encode()).signatures == signed.signatures
    assert signed.with_signatures([]).encode() == block.encode()
    with pytest.raises(ValueError, match="65 bytes expected, not 64"):
        block.with_signatures([(0, bytes(64))])


def test_receipts_count_and_show_their_status() -> None:
    block = executed([0, 22, 10_000])
    assert block.receipt_count == 3
    assert block.failed_count() == 2
    shown = [json.loads(text) for text in block.receipts_json()]
    assert [one["status"] for one in shown] == ["0x0", "0x16", "0x2710"]
    assert [one["statusMsg"] for one in shown] == ["None", "RevertInstruction", "StackUnderflow"]
    assert [one["transactionIndex"] for one in shown] == ["0x0", "0x1", "0x2"]
    assert shown[0]["gasUsed"] == "0x5208"


def test_batches_of_receipts_are_cut_at_the_end() -> None:
    block = executed([0] * 5)

    def indices(start: int, count: int) -> list[str]:
        batch = json.loads(block.batch_receipts_json(start, count))
        assert batch["blockInfo"]["receiptsCount"] == "0x5"
        return [entry["transactionIndex"] for entry in batch["transactionReceipts"]]

    assert indices(1, 2) == ["0x1", "0x2"]
    assert indices(3, 2**64 - 1) == ["0x3", "0x4"]
    assert indices(5, 1) == indices(2**64 - 1, 1) == indices(0, 0) == []


def test_positions_beyond_the_end_are_index_errors() -> None:
    block = executed([0])
    for view in (
        block.transaction_json,
        block.receipt_json,
        block.logs_json,
        block.transaction_proof_json,
        block.receipt_proof_json,
    ):
        assert json.loads(view(0)) is not None
        with pytest.raises(IndexError, match="index 1 is out of range: there are 1"):
            view(1)
        with pytest.raises(ValueError, match="an integer between 0"):
            view(-1)
    with pytest.raises(IndexError, match="index 0 is out of range"):
        proposed().receipt_json(0)


def test_blocks_that_contradict_themselves_are_refused() -> None:
    block = proposed()
    header, blob, block_hash, signatures, _ = rlp.decode(block.encode())
    for item in (bytes(32), block_hash[:-1] + b"\x00"):
        with pytest.raises(ValueError, match="the hash item is not the hash of the header"):
            Block.decode(rlp.encode([header, blob, item, signatures, []]))
    with pytest.raises(ValueError, match="the number of receipts is not that of the transactions"):
        Block.decode(rlp.encode([header, blob, block_hash, signatures, [receipt()]]))
    with pytest.raises(ValueError, match="entry 1: receipt stateRoot: the item is missing"):
        Block.decode(rlp.encode([header, blob, block_hash, signatures, [receipt(), []]]))
    with pytest.raises(ValueError, match="transactions: the offset table does not fit"):
        Block.decode(rlp.encode([header, blob + b"\x00", block_hash, signatures, []]))
    with pytest.raises(ValueError, match="block receipts: the item is missing"):
        Block.decode(rlp.encode([header, blob, block_hash, signatures]))
    with pytest.raises(ValueError, match="proposal hash: the hash item is not"):
        Block.decode_proposal(rlp.encode([header, [], bytes(32)]))
