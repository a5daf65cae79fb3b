"""TLS over a TCP transport, up to the point where packets can flow."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from typing import Any

import pytest

from hansa.p2p.errors import PeerRefused
from hansa.p2p.tls import explain_handshake_failure
from hansa.p2p.wire import Handshake, TlsStream


def joined(chain: Any) -> tuple[TlsStream, TlsStream]:
    """The two ends of a connection whose handshake is done."""
    server = TlsStream(chain.tls(chain.node()).server, server_side=True)
    client = TlsStream(chain.tls(chain.node()).client, server_side=False)
    to_server, done = b"", [False, False]
    while not all(done):
        done[1] = client.handshake(b"" if not to_server else server.data_to_send())
        to_server = client.data_to_send()
        done[0] = server.handshake(to_server)
    return server, client


def test_what_one_end_encrypts_the_other_reads_wherever_it_is_cut(chain: Any) -> None:
    server, client = joined(chain)
    text = bytes(range(256)) * 200
    data = client.encrypt(text)
    assert text[:32] not in data
    assert b"".join(server.decrypt(data[i : i + 777]) for i in range(0, len(data), 777)) == text
    assert not server.is_ended
    assert server.decrypt(client.farewell()) == b""
    assert server.is_ended


def test_what_is_not_of_this_connection_is_an_error(chain: Any) -> None:
    server, client = joined(chain)
    record = bytearray(client.encrypt(b"payload"))
    record[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        server.decrypt(bytes(record))


class Sink(asyncio.Protocol):
    """What a handshake hands the transport to."""

    def __init__(self) -> None:
        self.received = b""
        self.is_connected = False

    def connection_made(self, _: asyncio.BaseTransport) -> None:
        self.is_connected = True

    def data_received(self, data: bytes) -> None:
        self.received += data


async def start(wire: socket.socket, handshake: Handshake) -> None:
    await asyncio.get_running_loop().create_connection(lambda: handshake, sock=wire)


async def test_the_transport_is_handed_over_when_tls_is_up(chain: Any) -> None:
    near, far = socket.socketpair()
    sinks: list[Sink] = []
    streams: list[TlsStream] = []

    def established(tls: TlsStream) -> Sink:
        streams.append(tls)
        sinks.append(Sink())
        return sinks[-1]

    tls = chain.tls(chain.node())
    server = Handshake(tls.server, server_side=True, timeout_s=2, established=established)
    client = Handshake(tls.client, server_side=False, timeout_s=2, established=established)
    await asyncio.gather(start(near, server), start(far, client))
    await asyncio.gather(server.done, client.done)
    assert [sink.is_connected for sink in sinks] == [True, True]
    for handshake in (server, client):
        handshake.abort()


async def failures(chain: Any, server_tls: Any, client_tls: Any) -> tuple[str, str]:
    """What the log of either end says when the handshake fails."""
    near, far = socket.socketpair()
    server = Handshake(server_tls.server, server_side=True, timeout_s=2, established=lambda _: Sink())
    client = Handshake(client_tls.client, server_side=False, timeout_s=2, established=lambda _: Sink())
    await asyncio.gather(start(near, server), start(far, client))
    errors = await asyncio.gather(server.done, client.done, return_exceptions=True)
    at_server, at_client = (explain_handshake_failure(error) for error in errors if error is not None)
    return at_server, at_client


async def test_the_alert_reaches_the_other_end(chain: Any, other_chain: Any) -> None:
    """Each end knows the reason, not only the one that refuses."""
    at_server, at_client = await failures(chain, chain.tls(chain.node()), other_chain.tls(other_chain.node()))
    assert "does not trust our certificate" in at_server
    assert "issued by another CA" in at_client


async def test_the_alert_reaches_a_client_whose_certificate_is_refused(chain: Any) -> None:
    expired = chain.tls(chain.node(end=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)))
    at_server, at_client = await failures(chain, chain.tls(chain.node()), expired)
    assert at_server == "its certificate has expired"
    assert "our certificate expired" in at_client


async def test_a_peer_that_is_refused_by_its_identity(chain: Any) -> None:
    def refuse(_: TlsStream) -> Sink:
        raise PeerRefused("not one of us")

    near, far = socket.socketpair()
    tls = chain.tls(chain.node())
    server = Handshake(tls.server, server_side=True, timeout_s=2, established=refuse)
    client = Handshake(tls.client, server_side=False, timeout_s=2, established=lambda _: Sink())
    await asyncio.gather(start(near, server), start(far, client))
    with pytest.raises(PeerRefused):
        await server.done
    await client.done
    client.abort()


async def test_an_end_that_says_nothing(chain: Any) -> None:
    near, far = socket.socketpair()
    tls = chain.tls(chain.node())
    server = Handshake(tls.server, server_side=True, timeout_s=0.05, established=lambda _: Sink())
    await start(near, server)
    with pytest.raises(ConnectionAbortedError, match="took more than"):
        await server.done
    far.close()


async def test_an_end_that_hangs_up(chain: Any) -> None:
    near, far = socket.socketpair()
    far.close()
    server = Handshake(
        chain.tls(chain.node()).server, server_side=True, timeout_s=2, established=lambda _: Sink()
    )
    await start(near, server)
    (error,) = await asyncio.gather(server.done, return_exceptions=True)
    assert isinstance(error, OSError)
    assert "closed the connection during the handshake" in explain_handshake_failure(error)
