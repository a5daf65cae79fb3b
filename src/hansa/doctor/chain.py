"""Judges what a running node answers: membership, peers, genesis, clocks.

A group goes on while n − ⌊(n − 1) / 3⌋ of its n sealers are connected and agree (node §4.1). Blocks carry the
clock of the sealer that led: clocks that differ show as blocks older than their parents, or from the future.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hansa.doctor.facts import ChainFacts, GroupState
from hansa.doctor.findings import Finding, error, note, warning
from hansa.ledger.membership import quorum
from hansa.node.settings import parse_supported_version

__all__ = ["BEHIND_BLOCKS_MAX", "CLOCK_DIFFERENCE_MS_MAX", "check_chain"]

CLOCK_DIFFERENCE_MS_MAX = 2_000
"""What clocks that follow a time server never reach."""
BEHIND_BLOCKS_MAX = 20
"""A node that has nothing to do but follow is never this far behind for long."""


def check_chain(facts: ChainFacts, now_ms: int) -> list[Finding]:
    """Judge one running node. `now_ms` is this host's clock, in ms since 1970."""
    findings: list[Finding] = [*_version(facts)]
    if not facts.groups:
        findings.append(
            error(facts.where, "the node runs no group", "put a group.N.genesis into its conf and restart it")
        )
    for group in facts.groups:
        where = f"{facts.where}, group {group.group_id}"
        findings += _membership(where, group, facts.node_id)
        findings += _peers(where, group, facts.node_id)
        findings += _clocks(where, group, now_ms)
    return findings


def _version(facts: ChainFacts) -> Iterator[Finding]:
    try:
        parse_supported_version(facts.supported_version)
    except ValueError as reason:
        yield warning(
            facts.where,
            f"it presents supported_version {facts.supported_version}: {reason}",
            "a Hansa node cannot join this chain; clients may",
        )


def _membership(where: str, group: GroupState, node_id: str) -> Iterator[Finding]:
    if node_id in group.sealers:
        return
    if node_id in group.observers:
        yield note(where, "the node is an observer: it follows and does not vote")
        return
    yield warning(
        where,
        f"the node ({node_id[:8]}…) is no member of the group, so it gets no transactions and does not vote",
        "add it with addObserver, and with addSealer when it has all blocks",
    )


def _peers(where: str, group: GroupState, node_id: str) -> Iterator[Finding]:
    for peer in group.peers:
        if peer.genesis_hash != group.genesis_hash:
            yield error(
                where,
                f"node {peer.node_id[:8]}… has another genesis block ({peer.genesis_hash[:8]}… against "
                f"{group.genesis_hash[:8]}…): it follows another chain",
                f"compare conf/group.{group.group_id}.genesis of both; they must be equal to the letter, and "
                "data of another chain must be removed",
            )
    known = {peer.node_id for peer in group.peers} | {node_id}
    missing = [sealer for sealer in group.sealers if sealer not in known]
    for sealer in missing:
        yield warning(
            where,
            f"sealer {sealer[:8]}… is not connected",
            "start it, or look into both logs for why they do not meet",
        )
    needed, present = quorum(len(group.sealers)), len(group.sealers) - len(missing)
    if missing and present < needed:
        yield error(
            where,
            f"{present} of {len(group.sealers)} sealers are connected and {needed} are needed: "
            "the group stands still",
            "bring sealers back",
        )
    highest = max((peer.number for peer in group.peers), default=group.number)
    if highest > group.number + BEHIND_BLOCKS_MAX:
        yield warning(
            where,
            f"the node is at block {group.number}, a peer at {highest}",
            "ask again in a minute; if the distance stays, look into the log for [SYNC]",
        )


def _clocks(where: str, group: GroupState, now_ms: int) -> Iterator[Finding]:
    remedy = "let every host follow a time server"
    if group.blocks and (ahead_ms := group.blocks[-1].timestamp_ms - now_ms) > CLOCK_DIFFERENCE_MS_MAX:
        yield error(
            where,
            f"block {group.blocks[-1].number} is {ahead_ms / 1000:.0f} s in the future: the clock of sealer "
            f"{group.blocks[-1].sealer} is ahead of this host's",
            remedy,
        )
    for parent, block in pairwise(group.blocks):
        if (back_ms := parent.timestamp_ms - block.timestamp_ms) > CLOCK_DIFFERENCE_MS_MAX:
            yield error(
                where,
                f"block {block.number} is {back_ms / 1000:.0f} s older than its parent: the clocks of "
                f"sealers {parent.sealer} and {block.sealer} differ by at least that",
                remedy,
            )
            return
