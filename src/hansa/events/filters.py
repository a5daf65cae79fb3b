"""A registration of an event filter: JSON → value (client protocol §8.1). Pure.

Whatever is wrong with a registration is answered with −41001, unless its group or range is [recorded].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

import orjson

__all__ = ["BODY_BYTES_MAX", "EventFilter", "FilterCode", "InvalidFilter", "parse_filter"]

BODY_BYTES_MAX = 64 * 1024
"""A registration of more is refused: room for some thousand addresses and topics."""

_FILTER_ID_BYTES_MAX = 256
_TOPICS_MAX = 4
_GROUP_ID_MAX = 32767
_HEIGHT_MAX = 2**63 - 1
_LATEST = "latest"

_DECIMAL = re.compile(r"[0-9]{1,19}")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,64}")
_ADDRESS = re.compile(r"(?:0[xX])?[0-9a-fA-F]{40}")


class FilterCode(IntEnum):
    """The verdict on a registration, and the result in a push."""

    ACCEPTED = 0
    COMPLETED = 1
    """Push only: the last block of the range has been searched."""
    INVALID_REQUEST = -41001
    GROUP_UNKNOWN = -41002
    INVALID_RANGE = -41003
    NOT_ALLOWED = -41006
    """The SDK is not in the group's allow-list."""


class InvalidFilter(ValueError):
    """The registration cannot be followed; the text says why."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a client asked for."""

    filter_id: str
    """Chosen by the client, unique in its session."""
    group_id: int
    addresses: tuple[bytes, ...]
    """Of the contracts; none means every contract."""
    topics: tuple[tuple[bytes, ...], ...]
    """The alternatives at each position; none means any topic, or no topic at all."""
    first: int | None
    """The height to begin with; None: the head, itself included."""
    last: int | None
    """The height to end with, itself included; None: never."""


def parse_filter(body: bytes) -> EventFilter:
    """Read a registration.

    Raises:
        InvalidFilter: a member is missing or not what it should be.
    """
    if len(body) > BODY_BYTES_MAX:
        raise InvalidFilter(f"more than {BODY_BYTES_MAX} bytes")
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidFilter("not JSON") from error
    if not isinstance(members, dict):
        raise InvalidFilter("not an object")
    missing = {"filterID", "groupID", "addresses", "topics"} - members.keys()
    if missing:
        raise InvalidFilter(f"{min(missing)} is missing")
    return EventFilter(
        filter_id=_filter_id(members["filterID"]),
        group_id=_group_id(members["groupID"]),
        first=_height(members.get("fromBlock", _LATEST)),
        last=_height(members.get("toBlock", _LATEST)),
        addresses=_addresses(members["addresses"]),
        topics=_topics(members["topics"]),
    )


def _filter_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= _FILTER_ID_BYTES_MAX:
        raise InvalidFilter(f"filterID is a text of 1 to {_FILTER_ID_BYTES_MAX} bytes")
    return value


def _group_id(value: object) -> int:
    number = _number(value)
    if number is None or not 0 < number <= _GROUP_ID_MAX:
        raise InvalidFilter(f"groupID is a number from 1 to {_GROUP_ID_MAX}")
    return number


def _height(value: object) -> int | None:
    if value == _LATEST:
        return None
    number = _number(value)
    if number is None or number > _HEIGHT_MAX:
        raise InvalidFilter("a block is `latest` or a number, decimal or 0x")
    return number


def _number(value: object) -> int | None:
    """A number, or text of one; None if it is none or negative."""
    if type(value) is int:
        return value if value >= 0 else None
    if not isinstance(value, str):
        return None
    if _DECIMAL.fullmatch(value):
        return int(value)
    return int(value, 16) if _HEXADECIMAL.fullmatch(value) else None


def _addresses(value: object) -> tuple[bytes, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(map(_address, listed)))


def _address(value: object) -> bytes:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise InvalidFilter("an address has 40 hexadecimal digits")
    return bytes.fromhex(value[-40:])


def _topics(value: object) -> tuple[tuple[bytes, ...], ...]:
    if not isinstance(value, list):
        return ((_topic(value),),)
    if len(value) > _TOPICS_MAX:
        raise InvalidFilter(f"a log has at most {_TOPICS_MAX} topics")
    return tuple(map(_alternatives, value))


def _alternatives(value: object) -> tuple[bytes, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(_topic(topic) for topic in listed if topic is not None))


def _topic(value: object) -> bytes:
    """A hash; a shorter one is a number and gets zeros in front."""
    if not isinstance(value, str) or not _HEXADECIMAL.fullmatch(value):
        raise InvalidFilter("a topic is 0x and up to 64 hexadecimal digits")
    return bytes.fromhex(value[2:].zfill(64))
