"""WorkingSealerManager 0x1011: which sealers work in the next epoch of rPBFT (execution §8).

The leader of a rotation block proves, with a verifiable random function over the hash of the parent, that it
did not choose: the random number of its proof does. Who leaves and who comes is drawn from the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.execution.contract import method
from hansa.execution.contracts.consensus import KEY, SEALER, WORKING_SEALER
from hansa.execution.errors import Failure
from hansa.execution.system import CONFIG_TABLE, CONSENSUS_TABLE, SystemCall, SystemContract, SystemTable
from hansa.execution.tables import Fields
from hansa.execution.text import to_bytes
from hansa.kernel import Suite, vrf_verify

__all__ = ["WorkingSealerManager", "draw", "leaving_and_coming"]

EPOCH_SEALERS = "rpbft_epoch_sealer_num"
EPOCH_BLOCKS = "rpbft_epoch_block_num"
NOTIFICATION = "notify_rotate"


class WorkingSealerManager(SystemContract):
    """Rotates. A call while no rotation is due does nothing and succeeds."""

    address = 0x1011

    # The text whose hash is the selector is no canonical signature, but it is what every node hashes.
    @method(
        "rotateWorkingSealer(string,string,string)",
        selector_text="rotateWorkingSealer(std::string, std::string, std::string)",
    )
    def rotate(self, call: SystemCall, public_key: str, input_text: str, proof: str) -> None:
        """Check the proof and rotate; it fails if the proof is not one, or not a working sealer's."""
        nodes = call.table(CONSENSUS_TABLE)
        working = _nodes(call, nodes, WORKING_SEALER)
        pending = _nodes(call, nodes, SEALER)
        epoch_sealers = _parameter(call, EPOCH_SEALERS)
        notification = _parameter(call, NOTIFICATION)
        if not _is_due(call, len(working), len(working) + len(pending), epoch_sealers, notification):
            return
        random = _verified(call, working, public_key, input_text, proof)
        leaving, coming = leaving_and_coming(len(working), len(pending), epoch_sealers.value)
        for node in draw(working, leaving, random, call.suite):
            _set_type(call, nodes, node, SEALER)
        for node in draw(pending, coming, random, call.suite):
            _set_type(call, nodes, node, WORKING_SEALER)
        if notification.value == 1:
            row: Fields = {"value": "0", "enable_num": call.block_number}
            call.table(CONFIG_TABLE).update(NOTIFICATION, row)


@dataclass(frozen=True, slots=True)
class _Parameter:
    value: int
    enable_num: int


def _parameter(call: SystemCall, key: str) -> _Parameter:
    row = call.table(CONFIG_TABLE).first(key)
    return _Parameter(0, 0) if row is None else _Parameter(row.integer("value"), row.integer("enable_num"))


def _is_due(
    call: SystemCall, working: int, sealers: int, epoch_sealers: _Parameter, notification: _Parameter
) -> bool:
    """Is it the end of an epoch, or was its size just changed, or are there too few that work?"""
    if (
        notification.value == 1
        or epoch_sealers.enable_num == call.parent_number
        or working < min(epoch_sealers.value, sealers)
    ):
        return True
    epoch_blocks = _parameter(call, EPOCH_BLOCKS)
    since = call.parent_number - epoch_blocks.enable_num
    return since >= 0 and epoch_blocks.value > 0 and since % epoch_blocks.value == 0


def _nodes(call: SystemCall, table: SystemTable, kind: str) -> list[bytes]:
    """Node ids of a type that is in force."""
    rows = table.select(KEY, ("type", "==", kind), ("enable_num", "<=", call.parent_number))
    return [bytes.fromhex(row["node_id"]) for row in rows]


def _verified(
    call: SystemCall, working: Sequence[bytes], public_key: str, input_text: str, proof: str
) -> int:
    """The random number of the proof."""
    if input_text != call.parent_hash().hex():
        raise Failure("rotateWorkingSealer: the input is not the hash of the parent block")
    random = vrf_verify(to_bytes(input_text), to_bytes(public_key), to_bytes(proof))
    if random is None:
        raise Failure("rotateWorkingSealer: the proof is not valid")
    accounts = [call.suite.address(node) for node in working]
    if accounts and call.origin not in accounts:
        raise Failure("rotateWorkingSealer: the sender is not a working sealer")
    return int.from_bytes(random)


def leaving_and_coming(working: int, pending: int, size: int) -> tuple[int, int]:
    """How many leave and how many come, so that `size` work, if there are so many. A single sealer stays."""
    if working + pending <= 1:
        return 0, 0
    if working > size:
        return working - size, 0
    if working < size:
        return 0, min(pending, size - working)
    return (1, 1) if pending else (0, 0)


def draw(nodes: Sequence[bytes], count: int, random: int, suite: Suite = Suite.STANDARD) -> list[bytes]:
    """Draw nodes: sort, shuffle by the number, take the first."""
    drawn = sorted(nodes)
    for last in range(len(drawn) - 1, 0, -1):
        index = random % (last + 1)
        drawn[last], drawn[index] = drawn[index], drawn[last]
        random = int.from_bytes(suite.hash(str(index).encode()))
    return drawn[:count]


def _set_type(call: SystemCall, table: SystemTable, node: bytes, kind: str) -> None:
    table.update(KEY, {"type": kind, "enable_num": call.block_number}, ("node_id", "==", node.hex()))
