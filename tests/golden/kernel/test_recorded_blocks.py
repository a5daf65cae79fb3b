"""Blocks of a real chain: off the wire, and as its node shows them to clients."""

import json
from pathlib import Path
from typing import Any

import pytest

from hansa.codec import rlp
from hansa.kernel import Block, keccak256, transactions_root, verify_batch

HERE = Path(__file__).parent


def load(name: str) -> list[Any]:
    blocks = json.loads((HERE / name).read_text())["blocks"]
    assert blocks
    return list(blocks)


def compact(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("encoded", [bytes.fromhex(text) for text in load("wire_blocks.json")])
def test_a_block_off_the_wire_holds_together(encoded: bytes) -> None:
    block = Block.decode(encoded)
    assert block.encode() == encoded

    header, _, block_hash, _, receipts = rlp.decode(encoded)
    assert keccak256(rlp.encode(header)) == block_hash == block.hash == block.header.hash
    if block.number > 0:
        assert transactions_root(block.transactions.hashes) == block.header.transactions_root
        receipt_hashes = [keccak256(rlp.encode(receipt)) for receipt in receipts]
        assert transactions_root(receipt_hashes) == block.header.receipts_root
        sealers = block.header.sealer_list
        keys = [sealers[index] for index, _ in block.signatures]
        signatures = [signature for _, signature in block.signatures]
        assert len(keys) >= 3
        assert verify_batch(keys, [block.hash] * len(keys), signatures) == [True] * len(keys)
    assert block.transactions.recover_senders() == []


@pytest.mark.parametrize("recorded", load("block_views.json"), ids=lambda recorded: recorded["number"])
def test_clients_see_the_recorded_bytes(recorded: dict[str, Any]) -> None:
    block = Block.decode(bytes.fromhex(recorded["raw"]))
    receipts = block.receipts_json()
    with_proofs = block.receipts_json(with_proofs=True)
    assert len(receipts) == len(with_proofs) == len(block.transactions) == block.receipt_count
    for proof in recorded["proofs"]:
        index = proof["index"]
        assert block.transaction_json(index) == compact(proof["transaction"])
        assert block.receipt_json(index) == receipts[index] == compact(proof["receipt"])
        assert block.logs_json(index) == compact(proof["receipt"]["logs"])
        assert block.transaction_proof_json(index) == compact(proof["txProof"])
        assert block.receipt_proof_json(index) == compact(proof["receiptProof"])
        proofs = {"txProof": proof["txProof"], "receiptProof": proof["receiptProof"]}
        assert (
            block.receipt_json(index, with_proofs=True)
            == with_proofs[index]
            == compact(proof["receipt"] | proofs)
        )
    if recorded["batch"] is not None:
        assert block.batch_receipts_json(0, 2**63) == compact(recorded["batch"])
