"""Registrations of event filters (client protocol §8.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.events.filters import BODY_BYTES_MAX, EventFilter, InvalidFilter, parse_filter

ADDRESS = "0x42fc572759fd568bd590f46011784be2a2d53f0c"
TOPIC = "0x93a093529f9c8a0c300db4c55fcd27c068c4f5e0e8410bc288c7e76f3d71083e"
ID = "8a16de6e21c4457eb1b0e19a6b0b3f2a"
WITHOUT = object()


def body(**changes: object) -> bytes:
    members: dict[str, Any] = {"addresses": [], "topics": [], "groupID": "1", "filterID": ID} | changes
    return json.dumps({name: value for name, value in members.items() if value is not WITHOUT}).encode()


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_a_registration_without_bounds_follows_the_head() -> None:
    expected = EventFilter(ID, 1, addresses=(), topics=(), first=None, last=None)
    assert parse_filter(body()) == expected
    assert parse_filter(body(fromBlock="latest", toBlock="latest")) == expected


@pytest.mark.parametrize(
    ("value", "height"), [("10", 10), ("0xa", 10), ("0XA", 10), (10, 10), ("0", 0), ("latest", None)]
)
def test_heights_are_decimal_or_hexadecimal(value: object, height: int | None) -> None:
    parsed = parse_filter(body(fromBlock=value, toBlock=value))
    assert (parsed.first, parsed.last) == (height, height)


@pytest.mark.parametrize("value", ["2", 2, "0x2"])
def test_the_group_is_text_or_number(value: object) -> None:
    assert parse_filter(body(groupID=value)).group_id == 2


def test_addresses_are_one_or_many_in_any_case() -> None:
    mixed = "0x42FC572759fd568bd590f46011784be2a2d53F0C"
    for value in (ADDRESS, [ADDRESS], mixed, [ADDRESS[2:], mixed]):
        assert parse_filter(body(addresses=value)).addresses == (raw(ADDRESS),)


def test_topics_are_alternatives_by_position() -> None:
    other = "0x" + "0" * 63 + "1"
    assert parse_filter(body(topics=TOPIC)).topics == ((raw(TOPIC),),)
    assert parse_filter(body(topics=[None, TOPIC, [TOPIC, None, other], []])).topics == (
        (),
        (raw(TOPIC),),
        (raw(TOPIC), raw(other)),
        (),
    )
    assert parse_filter(body(topics=["0x1"])).topics == ((raw(other),),)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        body(filterID=WITHOUT),
        body(filterID=""),
        body(filterID=7),
        body(filterID="x" * 257),
        body(groupID=WITHOUT),
        body(groupID="0"),
        body(groupID="32768"),
        body(groupID="one"),
        body(groupID=True),
        body(groupID=1.0),
        body(addresses=WITHOUT),
        body(addresses=None),
        body(addresses=["0x42"]),
        body(addresses=[1]),
        body(addresses=["0x" + "zz" * 20]),
        body(topics=WITHOUT),
        body(topics=None),
        body(topics=["zz"]),
        body(topics=[TOPIC + "00"]),
        body(topics=[[[TOPIC]]]),
        body(topics=[None] * 5),
        body(fromBlock="-1"),
        body(fromBlock=-1),
        body(fromBlock="newest"),
        body(fromBlock=None),
        body(toBlock=str(2**63)),
        body(toBlock="0x" + "f" * 65),
        body(toBlock=[]),
        body(addresses=[ADDRESS] * (BODY_BYTES_MAX // 40)),
    ],
)
def test_what_cannot_be_followed_is_refused_with_a_reason(broken: bytes) -> None:
    with pytest.raises(InvalidFilter, match=r"\w"):
        parse_filter(broken)
