"""JSON-RPC 2.0 as this chain's clients know it: what a valid request is, and the exact text of answers.

Rules (client protocol §2.1, §2.2):
- The first JSON value of the text counts; what follows it is ignored.
- A request is checked in a fixed order: members, method, id, parameters. The first failure is the answer.
- Answers are compact JSON with keys in byte order and one newline at the end; an id keeps its type.

A method's result is any JSON value; objects that the kernel wrote as JSON are `orjson.Fragment`s in it and
are spliced in unread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson

from hansa.rpc.errors import INVALID_REQUEST, Fault

__all__ = [
    "BATCH_COUNT_MAX",
    "Envelope",
    "Id",
    "Json",
    "Request",
    "encode",
    "failure",
    "parse",
    "read_request",
    "refusal",
    "success",
]

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | orjson.Fragment | None"
Id: TypeAlias = "int | str | None"
Envelope: TypeAlias = dict[str, Json]
"""One answer before it becomes text."""

BATCH_COUNT_MAX = 1000

_LENIENT_BYTES_MAX = 1 << 20
"""Texts with something behind the first value are scanned by a slower parser, so not the largest ones."""

_NESTING_MAX = 256
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE

_FIRST_VALUE = json.JSONDecoder()


class Request(NamedTuple):
    """A request whose members have the right types; the method may be unknown, the parameters wrong."""

    method: str
    params: Sequence[Json] | Mapping[str, Json] | None
    """None when absent or null."""
    id: Id
    has_id: bool


def parse(data: bytes) -> Json:
    """The first JSON value of a text.

    Raises:
        ValueError: there is none, or it is nested too deep.
    """
    try:
        return orjson.loads(data)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        if len(data) > _LENIENT_BYTES_MAX:
            raise
    text = data.decode().lstrip(" \t\r\n")
    if _nesting(text) > _NESTING_MAX:
        raise ValueError("nested too deep")
    _, end = _FIRST_VALUE.raw_decode(text)
    return orjson.loads(text[:end])  # type: ignore[no-any-return]


def _nesting(text: str) -> int:
    """How deep brackets stand in each other, at most. The slower parser recurses once for each."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def read_request(value: Json) -> Request | Envelope:
    """Check the members of one request; an error answer if they are not those of a request."""
    if not isinstance(value, dict):
        return refusal(None, INVALID_REQUEST)
    method, identity, params = value.get("method"), value.get("id"), value.get("params")
    usable = identity is None or type(identity) is int or type(identity) is str
    if (
        not usable
        or not isinstance(method, str)
        or value.get("jsonrpc") != "2.0"
        or not (params is None or isinstance(params, (list, dict)))
    ):
        return refusal(identity if usable else None, INVALID_REQUEST)
    return Request(method, params, identity, "id" in value)


def success(identity: Id, result: Json) -> Envelope:
    """A method's result."""
    return {"id": identity, "jsonrpc": "2.0", "result": result}


def failure(identity: Id, fault: Fault) -> Envelope:
    """An error a method answered with."""
    error: Envelope = {"code": fault.code, "data": None, "message": fault.message}
    return {"error": error, "id": identity, "jsonrpc": "2.0"}


def refusal(identity: Id, fault: Fault) -> Envelope:
    """An error found before a method ran."""
    error: Envelope = {"code": fault.code, "message": fault.message}
    return {"error": error, "id": identity, "jsonrpc": "2.0"}


def encode(answer: Envelope | list[Envelope]) -> bytes:
    """The text of an answer or of a batch of answers.

    Raises:
        TypeError: a result holds what JSON cannot say.
    """
    return orjson.dumps(answer, option=_OPTIONS)
