"""Did the chain keep its promises? History and chains in, violations out.

Rule 1  Every node holds the same blocks, with the same receipts.
Rule 2  A transaction is in at most one block, once.
Rule 3  A receipt told to a client is on the chain as it was told.
Rule 4  The chain holds only what was sent, and made of it what its own order says: statuses and balances.
Rule 5  A node that was connected all the time answers: with a receipt or a refusal.
Rule 6  Once a fault has ended the nodes go on together within the time allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.cluster.nemesis.history import Entry, Receipt, Recovered, Sent, Unanswered
from tests.cluster.nemesis.workload import Balances, Transfer

__all__ = ["StoredBlock", "violations"]

_REVERTED = 22


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as a node tells it."""

    height: int
    members: Mapping[str, Any]
    """Of getBlockByNumber, what every node must have alike."""
    receipts: Sequence[Mapping[str, Any]]
    """In the block's order."""


Chain = Sequence[StoredBlock]


def violations(
    entries: Sequence[Entry],
    chains: Mapping[int, Chain],
    opening: Mapping[str, int],
    balances: Mapping[int, Mapping[str, int]],
) -> list[str]:
    """What must not be, in words; nothing if all is well.

    Args:
        entries: of the history.
        chains: by node, from the block after the workload's preparation on.
        opening: each account's amount before the first of these blocks.
        balances: by node, each account's amount at the end.
    """
    reference = chains[min(chains)]
    return [
        *_differences(chains),
        *_repetitions(reference),
        *_broken_promises(entries, reference),
        *_wrong_outcomes(entries, reference, opening, balances),
        *_silences(entries),
        *_standstills(entries),
    ]


def _differences(chains: Mapping[int, Chain]) -> Iterator[str]:
    first = min(chains)
    for node, chain in sorted(chains.items()):
        if len(chain) != len(chains[first]):
            yield f"node{node} has {len(chain)} blocks, node{first} has {len(chains[first])}"
        for block, expected in zip(chain, chains[first], strict=False):
            if block != expected:
                yield f"block {block.height} of node{node} is not that of node{first}"
                break


def _repetitions(chain: Chain) -> Iterator[str]:
    seen: dict[str, int] = {}
    for block in chain:
        for receipt in block.receipts:
            digest = receipt["transactionHash"]
            if digest in seen:
                yield f"{digest} is in block {seen[digest]} and again in block {block.height}"
            seen[digest] = block.height


def _broken_promises(entries: Sequence[Entry], chain: Chain) -> Iterator[str]:
    stored = {
        receipt["transactionHash"]: (block.height, int(receipt["status"], 16))
        for block in chain
        for receipt in block.receipts
    }
    for entry in entries:
        if isinstance(entry, Receipt) and stored.get(entry.hash) != (entry.height, entry.status):
            told = (entry.height, entry.status)
            yield f"node{entry.node} told {told} of {entry.hash}, the chain has {stored.get(entry.hash)}"


def _wrong_outcomes(
    entries: Sequence[Entry],
    chain: Chain,
    opening: Mapping[str, int],
    balances: Mapping[int, Mapping[str, int]],
) -> Iterator[str]:
    sent: dict[str, Transfer] = {entry.hash: entry.transfer for entry in entries if isinstance(entry, Sent)}
    model = Balances(dict(opening))
    for block in chain:
        for receipt in block.receipts:
            digest, status = receipt["transactionHash"], int(receipt["status"], 16)
            transfer = sent.get(digest)
            if transfer is None:
                yield f"{digest} in block {block.height} was never sent"
                continue
            expected = 0 if model.execute(transfer) else _REVERTED
            if status != expected:
                yield f"{digest} in block {block.height} has status {status}, not {expected}"
    for node, amounts in sorted(balances.items()):
        if dict(amounts) != model.amounts:
            yield f"the balances on node{node} do not follow from its blocks"


def _silences(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Unanswered) and entry.is_connected:
            yield f"node{entry.node} never answered for {entry.hash}: {entry.reason}"


def _standstills(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Recovered) and entry.seconds is None:
            yield f"no common progress after {entry.fault}"
