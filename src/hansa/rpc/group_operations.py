"""Managing groups and configured peers at run time: what may be asked, what came of it, and the answer's code
and text (client protocol §3.1, §3.5; node §6.1).

The node does the work and reports an outcome; everything a client sees is decided here, without I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hansa.primitives import GroupId
from hansa.rpc.framing import Json

__all__ = [
    "ANSWER_OK",
    "GROUP_ID_TEXT",
    "GroupOperation",
    "GroupOutcome",
    "GroupResult",
    "GroupStatus",
    "InvalidParameter",
    "NewGroup",
    "PeerLimits",
    "PeersOutcome",
    "answer",
    "invalid_parameter",
    "is_group_id",
    "peers_answer",
    "read_new_group",
    "read_peers",
]

ANSWER_OK = "0x0"
_INVALID_PARAMETER = "0x7"

_GROUP_ID_MAX = 32767
GROUP_ID_TEXT = "GroupID should be between 1 and 32767"

_TIMESTAMP_MAX = 2**63 - 1
_SEALERS_MAX = 1000
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_HOST_CHARS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-")
_PEER_CHARS_MAX = 262


class InvalidParameter(Exception):
    """A parameter is not what it should be; the text is the answer's message, its code 0x7."""


# --- groups ---------------------------------------------------------------------------------------------


class GroupStatus(Enum):
    """The word of `.group_status`, as queryGroupStatus prints it."""

    INEXISTENT = "INEXISTENT"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"
    """The file holds no word we know."""


class GroupOperation(Enum):
    """What a client may ask for a group; the value is the past participle of the success text."""

    GENERATE = "generated"
    START = "started"
    STOP = "stopped"
    REMOVE = "deleted"
    RECOVER = "recovered"


class GroupOutcome(Enum):
    """How it went; the value is the answer's code."""

    DONE = ANSWER_OK
    FAILED = "0x1"
    """`GroupResult.detail` says why."""
    EXISTS = "0x2"
    RUNNING = "0x3"
    STOPPED = "0x4"
    DELETED = "0x5"
    NOT_FOUND = "0x6"
    PEERS_MISSING = "0x8"
    """`GroupResult.detail` lists their node ids, separated by comma and blank."""
    GENESIS_EXISTS = "0x9"
    CONFIG_EXISTS = "0xa"
    GENESIS_MISSING = "0xb"
    CONFIG_MISSING = "0xc"
    STOPPING = "0xd"
    NOT_DELETED = "0xe"


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What the node reports."""

    outcome: GroupOutcome
    detail: str = ""
    """For FAILED and PEERS_MISSING; empty otherwise."""


@dataclass(frozen=True, slots=True)
class NewGroup:
    """The parameters of generateGroup, checked."""

    timestamp_ms: int
    sealers: tuple[str, ...]
    """128 hexadecimal digits each, in the order and letter case given; may repeat."""
    free_storage: bool


_TEXTS: Mapping[GroupOutcome, str] = {
    GroupOutcome.DONE: "Group {group} {operation.value} successfully",
    GroupOutcome.FAILED: "{detail}",
    GroupOutcome.EXISTS: "Group {group} already exists",
    GroupOutcome.RUNNING: "Group {group} is running",
    GroupOutcome.STOPPED: "Group {group} has already been stopped",
    GroupOutcome.DELETED: "Group {group} has already been deleted",
    GroupOutcome.NOT_FOUND: "Group {group} not found",
    GroupOutcome.PEERS_MISSING: "Peer(s) not connected: {detail}",
    GroupOutcome.GENESIS_EXISTS: "Genesis config file for group {group} already exists",
    GroupOutcome.CONFIG_EXISTS: "Group config file for group {group} already exists",
    GroupOutcome.GENESIS_MISSING: "Genesis config file for group {group} not found",
    GroupOutcome.CONFIG_MISSING: "Group config file for group {group} not found",
    GroupOutcome.STOPPING: "Group {group} is stopping",
    GroupOutcome.NOT_DELETED: "Group {group} has not been deleted",
}

_START_TEXTS: Mapping[GroupOutcome, str] = {
    GroupOutcome.RUNNING: "Group {group} is already running",
    GroupOutcome.DELETED: "Group {group} has been deleted",
}
"""Where startGroup words it differently."""


def answer(operation: GroupOperation, group: GroupId, result: GroupResult) -> dict[str, Json]:
    """The answer object of a group operation."""
    special = _START_TEXTS if operation is GroupOperation.START else {}
    text = special.get(result.outcome) or _TEXTS[result.outcome]
    return {
        "code": result.outcome.value,
        "message": text.format(group=group, operation=operation, detail=result.detail),
    }


def invalid_parameter(message: str) -> dict[str, Json]:
    """The answer object for parameters that are not as they should be."""
    return {"code": _INVALID_PARAMETER, "message": message}


def is_group_id(number: int) -> bool:
    """Whether a group may have this id."""
    return 1 <= number <= _GROUP_ID_MAX


def read_new_group(parameters: Mapping[str, Json]) -> NewGroup:
    """Check the object of generateGroup; unknown members are ignored.

    Raises:
        InvalidParameter
    """
    timestamp = parameters.get("timestamp")
    if not isinstance(timestamp, str):
        raise InvalidParameter("invalid `timestamp` field")
    sealers = parameters.get("sealers")
    if not isinstance(sealers, list):
        raise InvalidParameter("invalid `sealers` field")
    free_storage = parameters.get("enable_free_storage", False)
    if not isinstance(free_storage, bool):
        raise InvalidParameter("invalid `enable_free_storage` field")
    return NewGroup(_read_timestamp(timestamp), _read_sealers(sealers), free_storage)


def _read_timestamp(text: str) -> int:
    digits = len(text) <= 19 and text.isascii() and text.isdigit()
    if not digits or str(int(text)) != text or int(text) > _TIMESTAMP_MAX:
        raise InvalidParameter(f"invalid timestamp: {text[:80]}")
    return int(text)


def _read_sealers(sealers: list[Json]) -> tuple[str, ...]:
    if not sealers:
        raise InvalidParameter("GenerateGroup failed for empty sealer list, expect at least one sealer")
    if len(sealers) > _SEALERS_MAX:
        raise InvalidParameter("invalid `sealers` field")
    checked = []
    for position, sealer in enumerate(sealers, 1):
        if not isinstance(sealer, str) or len(sealer) != 128 or not _HEXADECIMAL.issuperset(sealer):
            raise InvalidParameter(f"invalid sealer ID at position {position}")
        checked.append(sealer)
    return tuple(checked)


# --- configured peers -----------------------------------------------------------------------------------


class PeersOutcome(Enum):
    """How addPeers or erasePeers went."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """All were there already, or none was."""
    TOO_MANY = "too many"
    """The node would have more configured peers than it may."""


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """`p2p.peers_param_limit` and `p2p.max_nodes_limit`."""

    per_call: int = 10
    in_total: int = 100


def read_peers(parameter: Json, limits: PeerLimits) -> tuple[str, ...]:
    """Check the list of addPeers and erasePeers: `ip:port` or `[v6]:port` texts.

    Raises:
        InvalidParameter
    """
    if not isinstance(parameter, list):
        raise InvalidParameter("invalid params field, not array format json")
    if not parameter:
        raise InvalidParameter("failed for empty host list, expect at least one peer")
    if len(parameter) > limits.per_call:
        raise InvalidParameter(f"refused for too many param peers. peers_param_limit: {limits.per_call}")
    return tuple(_read_peer(peer) for peer in parameter)


def _read_peer(peer: Json) -> str:
    if isinstance(peer, str) and len(peer) <= _PEER_CHARS_MAX:
        host, separator, port = peer.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        host_is_good = (
            _HEXADECIMAL.union(":.").issuperset(host[1:-1]) if bracketed else _HOST_CHARS.issuperset(host)
        )
        port_is_good = port.isascii() and port.isdigit() and 0 < int(port) < 65536
        if separator and host.strip("[]") and host_is_good and port_is_good:
            return peer
    raise InvalidParameter("invalid peer, expect ip:port")


def peers_answer(*, added: bool, outcome: PeersOutcome, limits: PeerLimits) -> Json:
    """The answer object of addPeers (`added`) or erasePeers."""
    match outcome:
        case PeersOutcome.TOO_MANY:
            return invalid_parameter(f"refused for too many peers. max_nodes_limit: {limits.in_total}")
        case PeersOutcome.UPDATED:
            text = "update config file successfully"
        case PeersOutcome.UNCHANGED:
            text = "all the inserted peers already exist" if added else "none of the erased peers exist"
    return {"code": ANSWER_OK, "message": f"{'add' if added else 'erase'} peers :{text}"}
