"""The JSON-RPC under noise: every text has an answer, every stream of bytes is served or refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any, cast

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hansa.rpc import HttpLimits, HttpServer, RpcService
from hansa.rpc.errors import RpcError
from hansa.rpc.http import HttpConnection
from hansa.rpc.methods import METHODS
from hansa.rpc.values import read_address, read_bytes, read_count, read_hash, read_number
from tests.unit.rpc.fakes import FakeNode

_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
_TEXT_PARAMETER = (
    st.sampled_from(["", "0x", "0x0", "1", "-1", "latest", "0x" + "11" * 20, "0x" + "22" * 32, "c0"])
    | st.text()
)
_PARAMETER = (
    st.sampled_from([0, 1, 2, -1, 2**31 - 1])
    | _TEXT_PARAMETER
    | st.booleans()
    | st.dictionaries(
        st.sampled_from(
            ["from", "to", "data", "value", "code", "timestamp", "sealers", "enable_free_storage"]
        ),
        _TEXT_PARAMETER | _JSON,
        max_size=4,
    )
    | st.lists(_TEXT_PARAMETER, max_size=3)
    | _JSON
)


async def _answers(text: bytes) -> Any:
    """The answer, checked to be one: a text of the right form, and not the sign of a defect of ours."""
    answered = await RpcService(FakeNode()).handle(text)
    assert answered.endswith(b"\n")
    assert b"\n" not in answered[:-1]
    assert b"the node failed to answer" not in answered
    value = json.loads(answered)
    for response in value if isinstance(value, list) else [value]:
        assert response["jsonrpc"] == "2.0"
        assert ("result" in response) != ("error" in response)
        assert list(response) == sorted(response)
    return value


@given(text=st.binary())
@example(text=b"[" * 5000)
@example(text=b'{"a":' * 5000)
@example(text=b"[[[]]]")
@example(text=b"[{}, [], null]")
@example(text=b'"\xed\xa0\x80"')
async def test_noise_is_answered_with_an_error(text: bytes) -> None:
    value = await _answers(text)
    for response in value if isinstance(value, list) else [value]:
        assert response["error"]["code"] in {-32700, -32600}


@given(value=_JSON)
async def test_any_json_has_an_answer(value: Any) -> None:
    await _answers(json.dumps(value).encode())


@given(
    method=st.sampled_from(sorted(METHODS)), parameters=st.lists(_PARAMETER, max_size=6), identity=_SCALARS
)
@settings(max_examples=300)
async def test_any_parameters_have_an_answer(method: str, parameters: list[Any], identity: Any) -> None:
    request = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": identity}

    response = await _answers(json.dumps(request).encode())

    echoed = identity if isinstance(identity, int | str) and not isinstance(identity, bool) else None
    if echoed is None or isinstance(echoed, str) or -(2**63) <= echoed < 2**64:
        assert response["id"] == echoed


@given(data=st.data())
@settings(max_examples=300)
async def test_parameters_of_the_right_types_never_find_a_defect(data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(sorted(METHODS)))
    of_kind = {
        "integer": st.sampled_from([1, 1, 1, 0, 40000]),
        "string": _TEXT_PARAMETER,
        "boolean": st.booleans(),
        "object": st.dictionaries(
            st.sampled_from(["from", "to", "data", "timestamp", "sealers"]), _PARAMETER
        ),
        "any": _PARAMETER,
    }
    parameters = [data.draw(of_kind[kind.value]) for kind in METHODS[method].parameters]

    response = await _answers(
        json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}).encode()
    )

    assert response.get("error", {}).get("code") != -32602


@pytest.mark.parametrize("read", [read_number, read_count, read_address, read_bytes])
@given(text=st.text() | st.text("0123456789abcdefx-", max_size=100))
def test_readers_raise_nothing_but_their_error(read: Callable[[str], object], text: str) -> None:
    with suppress(RpcError):
        read(text)


@given(text=st.text())
def test_any_text_is_a_hash(text: str) -> None:
    assert len(read_hash(text)) == 32


# --- HTTP without a network -------------------------------------------------------------------------------


class _Transport:
    """Collects what is written; reading pauses are noted, so that a test can hold back bytes."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False
        self.is_reading = True

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = write_eof = close

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True


class _Responses:
    """Splits a stream of responses with a parser that is not the server's own writing."""

    def __init__(self, stream: bytes) -> None:
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(stream)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        self.bodies.append(self._body)
        self.statuses.append(self._parser.get_status_code())


_LIMITS = HttpLimits(header_bytes=300, body_bytes=200, body_bytes_total=400)


async def _later(body: bytes) -> bytes:
    await asyncio.sleep(0)
    return body


def _echo(body: bytes) -> bytes | asyncio.Task[bytes]:
    return asyncio.ensure_future(_later(body)) if len(body) % 2 else body


async def _serve(pieces: list[bytes]) -> tuple[HttpServer, _Transport]:
    server, transport = HttpServer("", 0, _echo, _LIMITS), _Transport()
    connection = HttpConnection(server, asyncio.get_running_loop())
    connection.connection_made(cast(asyncio.Transport, transport))
    for piece in pieces:
        while not transport.is_reading and not transport.is_closed:
            await asyncio.sleep(0)
        if transport.is_closed:
            break
        connection.data_received(piece)
    while not transport.is_reading and not transport.is_closed:
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return server, transport


def _cut(stream: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[start:end] for start, end in pairwise(bounds) if end > start]


@given(
    bodies=st.lists(st.binary(max_size=60), min_size=1, max_size=6),
    chunked=st.lists(st.booleans(), min_size=6, max_size=6),
    places=st.lists(st.integers(0, 2000), max_size=12),
    lost_bytes=st.just(0) | st.integers(0, 100),
)
async def test_requests_are_answered_in_order_however_they_arrive(
    bodies: list[bytes], chunked: list[bool], places: list[int], lost_bytes: int
) -> None:
    stream = b""
    for body, in_chunks in zip(bodies, chunked, strict=False):
        if in_chunks:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            stream += b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
        else:
            stream += b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    server, transport = await _serve(_cut(stream[: len(stream) - lost_bytes], places))

    answered = _Responses(transport.written).bodies
    assert answered == bodies[: len(answered)]
    assert lost_bytes or len(answered) == len(bodies)
    assert not transport.is_closed
    assert server.buffered_bytes == 0
    assert not server.connections


_HTTP_NOISE = st.lists(
    st.sampled_from(
        [
            b"POST / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\n",
            b"POST / HTTP/1.0\r\n",
            b"CONNECT a HTTP/1.1\r\n",
            b"Content-Length: 3\r\n",
            b"Content-Length: 99999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
            b"Connection: close\r\n",
            b"Expect: 100-continue\r\n",
            b"\r\n",
            b"abc",
            b"3\r\nabc\r\n",
            b"0\r\n\r\n",
            b"\x00",
        ]
    )
    | st.binary(max_size=30),
    max_size=20,
)


@given(pieces=_HTTP_NOISE, together=st.booleans())
@settings(max_examples=300)
async def test_noise_is_refused_or_served_but_never_breaks_the_connection(
    pieces: list[bytes], together: bool
) -> None:
    stream = b"".join(pieces)
    server, transport = await _serve(
        [stream] if together and stream else [piece for piece in pieces if piece]
    )

    responses = _Responses(transport.written)
    assert set(responses.statuses) <= {100, 200, 400, 405, 413, 431, 503}
    assert server.buffered_bytes == 0
    assert not server.connections
