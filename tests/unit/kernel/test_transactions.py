"""Transactions and lists of them."""

import gc
import json

import pytest

from hansa.kernel import Transaction, TransactionList, keccak256, public_key

SECRET = bytes.fromhex("3f7e2c1d5b4a69788796a5b4c3d2e1f00123456789abcdef0fedcba987654321")
TO = bytes.fromhex("1234567890123456789012345678901234567890")
U256_MAX = 2**256 - 1


def create(*, nonce: int = 0x1234567890ABCDEF, to: bytes | None = TO, extra_data: bytes = b"") -> Transaction:
    return Transaction.create(
        SECRET,
        nonce=nonce,
        gas_price=300_000_000,
        gas=300_000_000,
        block_limit=501,
        to=to,
        value=0,
        data=bytes.fromhex("4ed3885e"),
        chain_id=1,
        group_id=1,
        extra_data=extra_data,
    )


def test_a_new_transaction_is_the_one_other_software_makes() -> None:
    transaction = create()
    assert transaction.hash.hex() == "8461a7b4c55ba7685b14c7c1f7cfb20a84f36290cc92666a6f5f163136edda78"
    assert (
        transaction.signing_hash.hex() == "82bf7f481d870d171afef37e842cce6cf0c3f0627539faeb46da8604bf22e8fa"
    )
    assert transaction.sender == keccak256(public_key(SECRET))[12:]
    assert transaction.hash == keccak256(transaction.raw)


def test_what_was_put_in_comes_out() -> None:
    for transaction in (create(), Transaction.decode(create().raw)):
        assert transaction.nonce == 0x1234567890ABCDEF
        assert transaction.gas_price == transaction.gas == 300_000_000
        assert transaction.block_limit == 501
        assert transaction.to == TO
        assert transaction.value == 0
        assert transaction.data == bytes.fromhex("4ed3885e")
        assert (transaction.chain_id, transaction.group_id) == (1, 1)
        assert transaction.extra_data == b""


@pytest.mark.parametrize("nonce", [0, 1, 2**64 - 1, 2**64, U256_MAX])
def test_integers_of_any_size_up_to_256_bits(nonce: int) -> None:
    assert Transaction.decode(create(nonce=nonce).raw).nonce == nonce


@pytest.mark.parametrize("nonce", [-1, U256_MAX + 1, -(2**300)])
def test_other_integers_are_refused(nonce: int) -> None:
    with pytest.raises(ValueError, match="an integer between 0 and 2"):
        create(nonce=nonce)


def test_no_recipient_is_a_creation_and_zero_is_one() -> None:
    assert create(to=None).to is None
    assert create(to=bytes(20)).to == bytes(20)
    with pytest.raises(ValueError, match="20 bytes expected, not 19"):
        create(to=bytes(19))


def test_json_of_a_pending_transaction() -> None:
    text = create(to=None, extra_data=b"\x01").json()
    shown = json.loads(text)
    assert list(shown) == sorted(shown)
    assert b" " not in text
    assert shown["to"] == "0x" + "00" * 20
    assert shown["nonce"] == "0x1234567890abcdef"
    assert shown["value"] == "0x0"
    assert shown["extraData"] == "0x01"
    assert shown["from"] == "0xb1f7e8ba4717276fd84b218b80ef988a6d692f67"
    assert shown["signature"]["v"] in ("0x0", "0x1")
    assert "blockHash" not in shown
    assert "transactionIndex" not in shown


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "transaction: the data ends inside an item"),
        (b"\x80", "transaction: bytes where a list belongs"),
        (b"\xc0", "transaction nonce: the item is missing"),
        (b"\xc1\x00", "transaction nonce: an integer with a leading zero byte"),
        (create().raw + b"\x00", "transaction: bytes follow the item"),
        (create().raw[:-1], "transaction: the data ends inside an item"),
    ],
)
def test_what_is_no_transaction_says_why(raw: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Transaction.decode(raw)


def test_an_invalid_signature_has_no_sender() -> None:
    raw = create().raw
    assert Transaction.decode(raw[:-32] + b"\xee" * 32).sender is None


def test_lists_are_sequences() -> None:
    raws = [create(nonce=nonce).raw for nonce in range(50)]
    transactions = TransactionList.decode(raws)
    assert len(transactions) == 50
    assert [transaction.raw for transaction in transactions] == raws
    assert transactions[0].nonce == 0
    assert transactions[-1].nonce == transactions[49].nonce == 49
    assert transactions.hashes == [keccak256(raw) for raw in raws]
    assert transactions.byte_size == sum(map(len, raws))
    for index in (50, -51, 2**62):
        with pytest.raises(IndexError, match=f"index {index} is out of range: there are 50"):
            transactions[index]


def test_a_list_names_the_entry_that_is_no_transaction() -> None:
    raws = [create(nonce=nonce).raw for nonce in range(40)]
    raws[7] = raws[30] = b"\xc0"
    with pytest.raises(ValueError, match="entry 7: transaction nonce"):
        TransactionList.decode(raws)


def test_blobs_round_trip() -> None:
    for count in (0, 1, 3):
        transactions = TransactionList.decode([create(nonce=nonce).raw for nonce in range(count)])
        blob = transactions.encode_blob()
        assert (blob == b"") == (count == 0)
        assert TransactionList.decode_blob(blob).hashes == transactions.hashes
    with pytest.raises(ValueError, match="the offset table does not fit the bytes"):
        TransactionList.decode_blob(b"\x01\x00\x00\x00" + bytes(8))


def test_senders_are_recovered_together_and_the_invalid_named() -> None:
    raws = [create(nonce=nonce).raw for nonce in range(10)]
    raws[3] = raws[3][:-32] + b"\xee" * 32
    transactions = TransactionList.decode(raws)
    assert transactions.recover_senders() == [3]
    assert transactions.recover_senders() == [3]
    assert transactions[3].sender is None
    assert transactions[4].sender == create().sender


def test_an_entry_outlives_its_list() -> None:
    entry = TransactionList.decode([create().raw])[0]
    gc.collect()
    assert entry.hash == create().hash
