"""The HTTP face: fixed answers, order, bounds and deadlines (client protocol §1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import uvloop

from hansa.rpc import HttpLimits, HttpServer
from hansa.rpc.http import Handler

_OK = (
    b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: %d\r\n"
    b"Content-Type: application/json\r\n\r\n%b"
)


@pytest.fixture(autouse=True)
def _frequent_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.rpc.http._SWEEP_S", 0.02)


def _post(body: bytes, head: bytes = b"POST / HTTP/1.1\r\nHost: a\r\n") -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _ok(body: bytes) -> bytes:
    return _OK % (len(body), body)


def _echo(body: bytes) -> bytes:
    return b"<" + body + b">"


class _Client:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def expect(self, data: bytes) -> None:
        assert await asyncio.wait_for(self.reader.readexactly(len(data)), 5) == data

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self.reader.read(), 5)

    async def exchange(self, data: bytes) -> bytes:
        self.send(data)
        return await self.rest()


@asynccontextmanager
async def _connected(server: HttpServer) -> AsyncIterator[_Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield _Client(reader, writer)
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass


@asynccontextmanager
async def _served(
    handler: Handler = _echo, limits: HttpLimits | None = None
) -> AsyncIterator[tuple[HttpServer, _Client]]:
    async with HttpServer("127.0.0.1", 0, handler, limits) as server, _connected(server) as client:
        yield server, client


# --- what is answered -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\n",
        b"POST /any/path?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        b"POST * HTTP/1.1\r\n",
    ],
)
async def test_post_to_any_path_is_answered_with_the_recorded_headers(head: bytes) -> None:
    async with _served() as (_, client):
        client.send(_post(b"hi", head))
        await client.expect(_ok(b"<hi>"))


async def test_an_empty_body_is_a_body() -> None:
    async with _served() as (_, client):
        client.send(b"POST / HTTP/1.1\r\n\r\n")
        await client.expect(_ok(b"<>"))


async def test_chunked_bodies_are_joined() -> None:
    async with _served() as (_, client):
        client.send(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"
        )
        await client.expect(_ok(b"<hello>"))


async def test_options_says_what_is_allowed() -> None:
    async with _served() as (_, client):
        client.send(b"OPTIONS / HTTP/1.1\r\n\r\n")
        head = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 5)

    status, *fields = head.decode().split("\r\n")
    assert status == "HTTP/1.1 200 OK"
    assert {
        "Allow: POST, OPTIONS",
        "Access-Control-Allow-Headers: origin, content-type, accept",
        "DAV: 1",
    } <= set(fields)
    assert "Content-Length: 0" in fields


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE", b"PATCH"])
async def test_other_methods_are_not_allowed(method: bytes) -> None:
    async with _served() as (_, client):
        client.send(method + b" / HTTP/1.1\r\n\r\n")
        client.send(_post(b"next"))
        await client.expect(
            b"HTTP/1.1 405 Method Not Allowed\r\nConnection: Keep-Alive\r\nContent-Length: 23\r\n"
            b"Content-Type: text/plain\r\n\r\nNot allowed HTTP Method" + _ok(b"<next>")
        )


async def test_head_gets_no_body() -> None:
    async with _served() as (_, client):
        answered = await client.exchange(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")

    assert answered.startswith(b"HTTP/1.1 405 ")
    assert answered.endswith(b"\r\n\r\n")


async def test_a_failing_handler_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(body: bytes) -> bytes:
        raise RuntimeError("secret detail")

    async def fail_later(body: bytes) -> bytes:
        raise RuntimeError("secret detail")

    for handler in (fail, fail_later):
        async with _served(handler) as (_, client):
            with caplog.at_level(logging.ERROR):
                answered = await client.exchange(_post(b"", b"POST / HTTP/1.1\r\nConnection: close\r\n"))
        assert b"200 OK" in answered
        assert b"ERROR while handleRequest:" in answered
        assert b"secret" not in answered
        assert "secret detail" in caplog.text


# --- connections that are kept ----------------------------------------------------------------------------


async def test_pipelined_requests_are_answered_in_order_though_some_are_slow() -> None:
    async def later(body: bytes) -> bytes:
        await asyncio.sleep(0.02)
        return b"slow " + body

    def mixed(body: bytes) -> bytes | asyncio.Task[bytes]:
        return asyncio.ensure_future(later(body)) if body.startswith(b"s") else body

    async with _served(mixed) as (_, client):
        bodies = [b"s1", b"f2", b"f3", b"s4", b"f5"]
        client.send(b"".join(map(_post, bodies)))
        await client.expect(
            b"".join(_ok(body if body.startswith(b"f") else b"slow " + body) for body in bodies)
        )
        client.send(_post(b"again"))
        await client.expect(_ok(b"again"))


async def test_a_flood_of_one_client_leaves_room_for_another() -> None:
    order: list[bytes] = []

    def note(body: bytes) -> bytes:
        order.append(body)
        return body

    async with _served(note) as (server, first), _connected(server) as second:
        first.send(_post(b"flood") * 1000)
        second.send(_post(b"other"))
        await second.expect(_ok(b"other"))
        await first.expect(_ok(b"flood") * 1000)

    assert order.index(b"other") < 900


async def test_requests_may_come_cut_anywhere() -> None:
    text = _post(b"one") + b"\r\n" + _post(b"two")
    for cut in range(1, len(text)):
        async with _served() as (_, client):
            client.send(text[:cut])
            await asyncio.sleep(0)
            client.send(text[cut:])
            await client.expect(_ok(b"<one>") + _ok(b"<two>"))


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (b"POST / HTTP/1.1\r\nConnection: close\r\n", False),
        (b"POST / HTTP/1.0\r\n", False),
        (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
    ],
)
async def test_a_connection_lasts_as_long_as_the_client_wants(head: bytes, kept: bool) -> None:
    async with _served() as (_, client):
        client.send(_post(b"a", head))
        if kept:
            client.send(_post(b"b"))
            await client.expect(_ok(b"<a>") + _ok(b"<b>"))
        else:
            assert (await client.rest()).endswith(
                b"Connection: close\r\nContent-Length: 3\r\nContent-Type: application/json\r\n\r\n<a>"
            )


async def test_a_client_that_asks_may_go_on() -> None:
    async with _served() as (_, client):
        client.send(b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        await client.expect(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"hi")
        await client.expect(_ok(b"<hi>"))


async def test_an_offer_to_upgrade_is_passed_over() -> None:
    head = b"POST / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
    async with _served() as (_, client):
        client.send(_post(b"first", head) + _post(b"second"))
        await client.expect(_ok(b"<first>") + _ok(b"<second>"))


@pytest.mark.parametrize("fields", [b"", b"Connection: close\r\n"])
async def test_a_request_to_connect_elsewhere_is_the_last(fields: bytes) -> None:
    async with _served() as (_, client):
        answered = await client.exchange(b"CONNECT b:1 HTTP/1.1\r\n" + fields + b"\r\n" + _post(b"never"))

    assert answered.startswith(b"HTTP/1.1 405 ")
    assert b"never" not in answered


async def test_an_offer_without_a_body_is_an_ordinary_request() -> None:
    offer = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with _served() as (_, client):
        client.send(offer * 2000 + b"POST / HTTP/1.1\r\nConnection: close\r\n\r\n")
        answered = await client.rest()

    assert answered.count(b"HTTP/1.1 405 ") == 2000
    assert answered.endswith(b"<>")


async def test_a_client_may_stop_sending_before_it_is_answered() -> None:
    async def later(body: bytes) -> bytes:
        await asyncio.sleep(0.02)
        return body

    async with _served(later) as (_, client):
        client.send(_post(b"a"))
        client.writer.write_eof()
        assert await client.rest() == _ok(b"a")


# --- bounds -----------------------------------------------------------------------------------------------

_SMALL = HttpLimits(connections=2, header_bytes=500, body_bytes=1000, body_bytes_total=1500)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST / HTTP/1.1\r\nX: " + b"y" * 1000, b"431"),
        (b"POST /" + b"y" * 1000, b"431"),
        (b"\r\n" * 1000, b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n600\r\n" + b"y" * 1536, b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\ny\r\n" * 300, b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"y" * 2000, b"413"),
        (b"hello\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
    ],
)
async def test_what_is_too_large_or_not_http_ends_the_connection(request_text: bytes, status: bytes) -> None:
    async with _served(limits=_SMALL) as (server, client):
        answered = await client.exchange(request_text)
        await asyncio.sleep(0)

        assert answered.startswith(b"HTTP/1.1 " + status + b" ")
        assert b"Connection: close\r\n" in answered
        assert server.buffered_bytes == 0


async def test_a_client_in_the_midst_of_sending_still_learns_why_it_is_refused() -> None:
    async with _served(limits=_SMALL) as (_, client):
        client.send(_post(b"x" * 5_000_000))
        assert (await client.rest()).startswith(b"HTTP/1.1 413 ")


async def test_earlier_requests_are_answered_before_a_refusal() -> None:
    async def later(body: bytes) -> bytes:
        await asyncio.sleep(0.02)
        return body

    async with _served(later) as (_, client):
        answered = await client.exchange(_post(b"good") + b"bad\r\n\r\n" + _post(b"never"))

    assert answered.startswith(_ok(b"good") + b"HTTP/1.1 400 ")
    assert b"never" not in answered


async def test_connections_have_a_bound() -> None:
    async with _served(limits=_SMALL) as (server, first), _connected(server), _connected(server) as third:
        assert (await third.rest()).startswith(b"HTTP/1.1 503 ")
        first.send(_post(b"a"))
        await first.expect(_ok(b"<a>"))


async def test_bodies_of_all_connections_have_a_bound() -> None:
    async with _served(limits=_SMALL) as (server, first), _connected(server) as second:
        first.send(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"x" * 999)
        while server.buffered_bytes < 999:
            await asyncio.sleep(0.001)
        second.send(_post(b"y" * 900))
        assert (await second.rest()).startswith(b"HTTP/1.1 503 ")
        first.send(b"x")
        await first.expect(_ok(b"<" + b"x" * 1000 + b">"))
        assert server.buffered_bytes == 0


async def test_a_connection_with_a_request_under_way_counts_until_that_ends() -> None:
    release = asyncio.Event()

    async def wait(body: bytes) -> bytes:
        await release.wait()
        return body

    async with HttpServer("127.0.0.1", 0, wait, replace(_SMALL, connections=1)) as server:
        async with _connected(server) as first:
            first.send(_post(b"a"))
            while not server.buffered_bytes:
                await asyncio.sleep(0.001)
        async with _connected(server) as second:
            assert (await second.rest()).startswith(b"HTTP/1.1 503 ")
        release.set()
        while server.connections:
            await asyncio.sleep(0.001)
        assert server.buffered_bytes == 0


# --- deadlines --------------------------------------------------------------------------------------------

_IMPATIENT = HttpLimits(idle_s=0.01, request_s=0.01, write_s=0.01)


async def test_a_silent_client_is_left() -> None:
    async with _served(limits=_IMPATIENT) as (_, client):
        assert await client.rest() == b""


async def test_a_client_that_never_ends_its_request_is_told_and_left() -> None:
    async with _served(limits=_IMPATIENT) as (_, client):
        assert (await client.exchange(b"POST / HTTP/1.1\r\nX: ")).startswith(b"HTTP/1.1 408 ")


async def test_dripping_bytes_wins_no_time() -> None:
    async with _served(limits=HttpLimits(idle_s=60, request_s=0.2)) as (_, client):
        client.send(b"POST / HTTP/1.1\r\nX: ")
        loop = asyncio.get_running_loop()
        start = loop.time()
        answer = asyncio.create_task(client.rest())
        while not answer.done() and loop.time() < start + 5:
            client.send(b"y")
            await asyncio.sleep(0.02)
        assert answer.result().startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    served = 0

    def large(body: bytes) -> bytes:
        nonlocal served
        served += 1
        return b"x" * 5_000_000

    async with HttpServer("127.0.0.1", 0, large, _IMPATIENT) as server, _connected(server) as client:
        client.send(_post(b"") * 1000)
        await asyncio.sleep(0.1)
        assert 0 < served < 20  # it stopped answering when the socket was full
        for _ in range(500):
            if not server.connections:
                break
            await asyncio.sleep(0.01)
        assert not server.connections


async def test_a_slow_answer_is_not_the_clients_fault() -> None:
    async def slow(body: bytes) -> bytes:
        await asyncio.sleep(0.2)
        return body

    async with _served(slow, _IMPATIENT) as (_, client):
        client.send(_post(b"a"))
        await client.expect(_ok(b"a"))


# --- the end ----------------------------------------------------------------------------------------------


async def test_closing_lets_a_request_end() -> None:
    begun = asyncio.Event()

    async def slow(body: bytes) -> bytes:
        begun.set()
        await asyncio.sleep(0.05)
        return body

    async with HttpServer("127.0.0.1", 0, slow) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(_post(b"a"))
        await begun.wait()
    assert await asyncio.wait_for(reader.read(), 5) == _ok(b"a")
    writer.close()
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_an_address_in_use_is_an_error() -> None:
    async with HttpServer("127.0.0.1", 0, _echo) as server:
        with pytest.raises(OSError, match=r"."):
            async with HttpServer("127.0.0.1", server.port, _echo):
                pass


# --- uvloop -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "story",
    [
        test_pipelined_requests_are_answered_in_order_though_some_are_slow,
        test_requests_may_come_cut_anywhere,
        test_a_client_in_the_midst_of_sending_still_learns_why_it_is_refused,
        test_connections_have_a_bound,
        test_a_client_that_does_not_read_is_cut_off,
        test_closing_lets_a_request_end,
    ],
)
def test_the_same_on_uvloop(story: Callable[[], Coroutine[None, None, None]]) -> None:
    """Nodes run on uvloop where there is one; its transports differ in details."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())
