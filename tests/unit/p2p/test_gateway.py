"""Gateways over loopback TLS: meshes, packets, duplicates, strangers, restarts."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hansa.p2p import (
    Gateway,
    GatewayLimits,
    LocalProtocolError,
    Module,
    NotConnected,
    Packet,
    RequestTimedOut,
    SessionLimits,
    SessionLost,
)
from hansa.p2p.frames import FrameEncoder
from hansa.primitives import NodeId

ANNOUNCE_0 = bytes.fromhex("0000001100000000000200010000000030")
GROUP = 1


class Inbox:
    """Keeps what a module received."""

    def __init__(self, gateway: Gateway, module: int = Module.PBFT, group: int = GROUP) -> None:
        self.packets: list[tuple[NodeId, Packet]] = []
        gateway.register(module, group, lambda node, packet: self.packets.append((node, packet)))

    @property
    def payloads(self) -> list[bytes]:
        return [packet.payload for _, packet in self.packets]


class Journal:
    """Keeps which sessions began and ended."""

    def __init__(self, gateway: Gateway) -> None:
        self.entries: list[tuple[str, NodeId]] = []
        self.topics: list[tuple[str, ...]] = []
        gateway.add_listener(
            on_connect=lambda node: self.entries.append(("begun", node)),
            on_disconnect=lambda node: self.entries.append(("ended", node)),
            on_topics=lambda _, topics: self.topics.append(topics),
        )


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def send(gateway: Gateway, node: NodeId, payload: bytes) -> bool:
    return gateway.send(node, group=GROUP, module=Module.PBFT, packet_type=0, payload=payload)


class Stranger:
    """A TLS client that shows a certificate of the chain and then sends what it likes."""

    def __init__(self, tls: Any, port: int) -> None:
        self._tls, self._port = tls, port

    async def __aenter__(self) -> Stranger:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls.client, server_hostname=""
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass

    async def is_closed_by_peer(self, within_s: float = 3.0) -> bool:
        """Reads until the end of the stream, or the time is over."""
        try:
            async with asyncio.timeout(within_s):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


# --- meshes and packets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 4])
async def test_gateways_that_start_together_mesh(
    chain: Any, gateway_on_loopback: Any, until: Any, count: int
) -> None:
    """All dial all at the same moment; everybody ends with one session with each and hears everybody."""
    ports = free_ports(count)
    addresses = tuple(("127.0.0.1", port) for port in ports)
    gateways = [
        gateway_on_loopback(tls, port=port, peers=addresses)
        for tls, port in zip(chain.tls_of_nodes(count), ports, strict=True)
    ]
    inboxes = [Inbox(gateway) for gateway in gateways]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(gateway) for gateway in gateways))
        everybody = {gateway.node_id for gateway in gateways}
        await until(lambda: all(g.connected_ids() == everybody - {g.node_id} for g in gateways))
        # Races between simultaneous dials are over before traffic is counted.
        await asyncio.sleep(0.4)
        assert all(len(g.peers()) == count - 1 for g in gateways)
        payloads = [b"small", bytes(200_000)]
        for gateway in gateways:
            for node in everybody - {gateway.node_id}:
                assert all(send(gateway, node, payload) for payload in payloads)
        await until(lambda: all(len(inbox.packets) == 2 * (count - 1) for inbox in inboxes))
        for gateway, inbox in zip(gateways, inboxes, strict=True):
            by_sender: dict[NodeId, list[bytes]] = {}
            for node, packet in inbox.packets:
                by_sender.setdefault(node, []).append(packet.payload)
                assert packet.seq > 0
                assert not packet.is_response
            assert by_sender == dict.fromkeys(everybody - {gateway.node_id}, payloads)
    assert all(not gateway.connected_ids() for gateway in gateways)


async def test_a_chain_meshes_within_two_seconds_although_nodes_start_one_after_the_other(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    ports = free_ports(4)
    addresses = tuple(("127.0.0.1", port) for port in ports)
    gateways = [
        gateway_on_loopback(tls, port=port, peers=addresses)
        for tls, port in zip(chain.tls_of_nodes(4), ports, strict=True)
    ]
    async with AsyncExitStack() as stack:
        for gateway in gateways:
            await stack.enter_async_context(gateway)
            await asyncio.sleep(0.1)
        await until(lambda: all(len(g.connected_ids()) == 3 for g in gateways), within_s=2.0)


async def test_peers_say_who_they_are_and_what_their_sdks_follow(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(one_tls) as one:
        journal = Journal(one)
        async with gateway_on_loopback(two_tls, peers=(("127.0.0.1", one.listen_port),)) as two:
            await until(lambda: one.is_connected(two.node_id) and two.is_connected(one.node_id))
            (info,) = two.peers()
            assert (info.node_id, info.host, info.port) == (one.node_id, "127.0.0.1", one.listen_port)
            assert (info.agency, info.name) == ("agencyA", one.identity.name)
            two.set_topics(["b", "a"])
            await until(lambda: one.peers()[0].topics)
            assert one.peers()[0].topics == ("a", "b")
            two.set_topics(["a", "b"])
            two.set_topics([])
            await until(lambda: not one.peers()[0].topics)
            assert journal.topics == [("a", "b"), ()]
        await until(lambda: not one.connected_ids())
        assert journal.entries == [("begun", two.node_id), ("ended", two.node_id)]


async def test_requests_are_answered_expire_or_fail_with_the_session(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    amop = {"group": 0, "module": Module.AMOP, "packet_type": 0}
    async with gateway_on_loopback(one_tls) as one:

        def answer(node: NodeId, packet: Packet) -> None:
            if packet.payload != b"silence":
                assert one.respond(node, packet, packet.payload.upper())

        one.register(Module.AMOP, 0, answer)
        async with gateway_on_loopback(two_tls, peers=(("127.0.0.1", one.listen_port),)) as two:
            await until(lambda: two.is_connected(one.node_id))
            response = await two.request(one.node_id, **amop, payload=b"ping", timeout_s=5)
            assert response.payload == b"PING"
            assert response.is_response
            with pytest.raises(RequestTimedOut):
                await two.request(one.node_id, **amop, payload=b"silence", timeout_s=0.1)
            with pytest.raises(NotConnected):
                await two.request(two.node_id, **amop, payload=b"ping", timeout_s=5)
            waiting = asyncio.create_task(two.request(one.node_id, **amop, payload=b"silence", timeout_s=5))
            await asyncio.sleep(0.05)
            one.set_access(whitelist=[], blacklist=[two.node_id])
            with pytest.raises(SessionLost):
                await waiting
            assert not send(two, one.node_id, b"late")
            assert not one.respond(two.node_id, response, b"")


async def test_a_handler_that_raises_is_logged_and_the_session_goes_on(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(one_tls) as one:
        seen = []

        def handle(_: NodeId, packet: Packet) -> None:
            seen.append(packet.payload)
            raise RuntimeError("a bug of the module")

        one.register(Module.PBFT, GROUP, handle)
        one.add_listener(on_connect=lambda _: 1 / 0)
        async with gateway_on_loopback(two_tls, peers=(("127.0.0.1", one.listen_port),)) as two:
            await until(lambda: two.is_connected(one.node_id))
            assert send(two, one.node_id, b"1")
            assert send(two, one.node_id, b"2")
            await until(lambda: seen == [b"1", b"2"])
            assert two.is_connected(one.node_id)
    assert "a bug of the module" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_registrations(chain: Any, gateway_on_loopback: Any) -> None:
    gateway = gateway_on_loopback(chain.tls(chain.node()))
    gateway.register(Module.PBFT, 1, lambda *_: None)
    with pytest.raises(ValueError, match="has a handler"):
        gateway.register(Module.PBFT, 1, lambda *_: None)
    gateway.register(Module.PBFT, 2, lambda *_: None)
    gateway.unregister(Module.PBFT, 1)
    gateway.register(Module.PBFT, 1, lambda *_: None)
    with pytest.raises(ValueError, match="topics"):
        gateway.register(Module.TOPIC, 0, lambda *_: None)


async def test_what_fits_no_frame_is_an_error_of_the_sender(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    async with (
        gateway_on_loopback(one_tls) as one,
        gateway_on_loopback(two_tls, peers=(("127.0.0.1", one.listen_port),)) as two,
    ):
        await until(lambda: two.is_connected(one.node_id))
        with pytest.raises(LocalProtocolError):
            two.send(one.node_id, group=1 << 20, module=Module.PBFT, packet_type=0, payload=b"")
        assert two.is_connected(one.node_id)


# --- configured peers -----------------------------------------------------------------------------------


async def test_peers_are_added_and_removed_while_running(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(one_tls) as one, gateway_on_loopback(two_tls) as two:
        address = ("127.0.0.1", one.listen_port)
        assert two.add_peer(*address)
        assert not two.add_peer(*address)
        assert two.configured_peers() == (address,)
        await until(lambda: two.is_connected(one.node_id) and one.is_connected(two.node_id))
        assert two.remove_peer(*address)
        assert not two.remove_peer(*address)
        assert two.configured_peers() == ()
        await until(lambda: not one.connected_ids())
        await asyncio.sleep(0.5)
        assert not two.connected_ids()
        for host, port in (("", 1), ("x", 0), ("x", 65536)):
            with pytest.raises(ValueError, match="no address"):
                two.add_peer(host, port)


async def test_a_peer_that_restarts_is_reached_again(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    (port,) = free_ports(1)
    async with gateway_on_loopback(two_tls, peers=(("127.0.0.1", port),)) as two:
        journal = Journal(two)
        for _ in range(2):
            async with gateway_on_loopback(one_tls, port=port) as one:
                inbox = Inbox(one)
                await until(lambda: two.is_connected(one_tls.identity.node_id))
                assert send(two, one.node_id, b"hello")
                await until(lambda inbox=inbox: inbox.payloads == [b"hello"])
            await until(lambda: not two.connected_ids())
    assert [kind for kind, _ in journal.entries] == ["begun", "ended"] * 2


async def test_a_gateway_does_not_keep_a_session_with_itself(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hansa.p2p")
    (port,) = free_ports(1)
    async with gateway_on_loopback(
        chain.tls(chain.node()), port=port, peers=(("127.0.0.1", port),)
    ) as gateway:
        await until(lambda: "it is this node itself" in caplog.text)
        await asyncio.sleep(0.5)
        assert not gateway.connected_ids()
        # Once for each end of the one connection: it is not dialled again.
        assert caplog.text.count("it is this node itself") == 2


# --- duplicates -----------------------------------------------------------------------------------------


async def test_a_second_session_of_a_node_is_dropped_and_the_first_lives(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    gateway_tls, peer_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(gateway_tls) as gateway:
        inbox = Inbox(gateway)
        async with Stranger(peer_tls, gateway.listen_port) as first:
            await until(lambda: gateway.is_connected(peer_tls.identity.node_id))
            async with Stranger(peer_tls, gateway.listen_port) as second:
                assert await second.is_closed_by_peer()
            assert len(gateway.peers()) == 1
            first.writer.write(bytes.fromhex("00000013000000010008000000000001") + b"abc")
            await until(lambda: inbox.payloads == [b"abc"])


async def test_simultaneous_dials_end_with_one_session_the_same_on_both_sides(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    small_tls, large_tls = chain.tls_of_nodes(2)
    for _ in range(3):
        ports = free_ports(2)
        addresses = tuple(("127.0.0.1", port) for port in ports)
        async with (
            gateway_on_loopback(small_tls, port=ports[0], peers=addresses) as small,
            gateway_on_loopback(large_tls, port=ports[1], peers=addresses) as large,
        ):
            small_inbox, large_inbox = Inbox(small), Inbox(large)
            await until(lambda: small.is_connected(large.node_id) and large.is_connected(small.node_id))
            await asyncio.sleep(0.3)
            (seen_by_small,), (seen_by_large,) = small.peers(), large.peers()
            # One of the two addresses is where a node listens, and the other end called it from elsewhere.
            assert (seen_by_small.port == ports[1]) != (seen_by_large.port == ports[0])
            assert send(small, large.node_id, b"up")
            assert send(large, small.node_id, b"down")
            await until(
                lambda one=small_inbox, other=large_inbox: (
                    (one.payloads, other.payloads) == ([b"down"], [b"up"])
                )
            )


# --- strangers ------------------------------------------------------------------------------------------


async def test_a_node_of_another_chain_is_refused_with_the_cause(
    chain: Any, other_chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway_on_loopback(chain.tls(chain.node())) as ours:
        address = ("127.0.0.1", ours.listen_port)
        async with gateway_on_loopback(other_chain.tls(other_chain.node()), peers=(address,)) as theirs:
            await until(lambda: "refused" in caplog.text and "cannot connect" in caplog.text)
            assert not ours.connected_ids()
            assert not theirs.connected_ids()
    assert "issued by another CA" in caplog.text
    assert "does not trust our certificate" in caplog.text


async def test_the_same_failure_is_not_logged_at_every_attempt(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports(1)
    caplog.set_level(logging.WARNING, "hansa.p2p")
    async with gateway_on_loopback(chain.tls(chain.node()), peers=(("127.0.0.1", port),)):
        await asyncio.sleep(0.8)
    assert caplog.text.count("nothing listens there") == 1


async def test_a_blacklisted_node_is_refused_and_one_taken_off_the_whitelist_is_dropped(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hansa.p2p")
    tls, good, bad = chain.tls_of_nodes(3)
    async with gateway_on_loopback(tls, blacklist=frozenset([bad.identity.node_id])) as gateway:
        async with Stranger(bad, gateway.listen_port) as stranger:
            assert await stranger.is_closed_by_peer()
        assert "blacklist" in caplog.text
        async with Stranger(good, gateway.listen_port) as peer:
            await until(lambda: gateway.is_connected(good.identity.node_id))
            gateway.set_access(whitelist=[good.identity.node_id], blacklist=[])
            assert gateway.is_connected(good.identity.node_id)
            gateway.set_access(whitelist=[bad.identity.node_id], blacklist=[])
            assert not gateway.connected_ids()
            assert await peer.is_closed_by_peer()


async def test_garbage_after_tls_is_survived_and_an_overlong_frame_is_not(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tls, peer_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(tls) as gateway, Stranger(peer_tls, gateway.listen_port) as stranger:
        inbox = Inbox(gateway)
        assert await stranger.reader.readexactly(17) == ANNOUNCE_0
        stranger.writer.write(bytes.fromhex("00000038800000010009000000000000" + "ff" * 40))
        stranger.writer.write(bytes.fromhex("0000001100000000000200090000000078"))
        stranger.writer.write(bytes.fromhex("000000120000fffefff700000006793201c0"))
        stranger.writer.write(bytes.fromhex("0000001500000001006300000000000068656c6c6f"))
        stranger.writer.write(bytes.fromhex("00000013000000010008000000000001") + b"abc")
        await until(lambda: inbox.payloads == [b"abc"])
        assert gateway.connected_ids()
        stranger.writer.write(bytes.fromhex("0640000100000000000200010000000030"))
        assert await stranger.is_closed_by_peer()
        await until(lambda: not gateway.connected_ids())
    # The first, second and fourth bad packet are logged, not each.
    assert "bad packet 1" in caplog.text
    assert "bad packet 2" in caplog.text
    assert "bad packet 3" not in caplog.text


async def test_callers_that_never_finish_the_handshake_are_bounded_in_number_and_time(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    limits = GatewayLimits(handshakes_per_host_max=2, handshake_timeout_s=0.5)
    tls, peer_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(tls, limits=limits) as gateway:
        wires = [await asyncio.open_connection("127.0.0.1", gateway.listen_port) for _ in range(3)]
        async with asyncio.timeout(0.3):
            assert await wires[2][0].read() == b""
        async with asyncio.timeout(2):
            for reader, _ in wires[:2]:
                assert await reader.read() == b""
        await until(lambda: caplog.text.count("did not finish the handshake in time") == 2)
        async with Stranger(peer_tls, gateway.listen_port):
            await until(lambda: gateway.is_connected(peer_tls.identity.node_id))
        for _, writer in wires:
            writer.close()


async def test_sessions_are_bounded(chain: Any, gateway_on_loopback: Any, until: Any) -> None:
    tls, first_tls, second_tls = chain.tls_of_nodes(3)
    async with (
        gateway_on_loopback(tls, limits=GatewayLimits(sessions_max=1)) as gateway,
        Stranger(first_tls, gateway.listen_port),
    ):
        await until(lambda: gateway.is_connected(first_tls.identity.node_id))
        async with Stranger(second_tls, gateway.listen_port) as second:
            assert await second.is_closed_by_peer()
        assert gateway.connected_ids() == {first_tls.identity.node_id}


async def test_a_peer_that_does_not_read_is_dropped(chain: Any, gateway_on_loopback: Any, until: Any) -> None:
    limits = GatewayLimits(write_buffer_bytes_max=8_000_000)
    tls, peer_tls = chain.tls_of_nodes(2)
    peer = peer_tls.identity.node_id
    async with gateway_on_loopback(tls, limits=limits, compress=False) as gateway:
        journal = Journal(gateway)
        async with Stranger(peer_tls, gateway.listen_port) as stranger:
            await until(lambda: gateway.is_connected(peer))
            stranger.writer.transport.pause_reading()
            sent = 0
            while send(gateway, peer, bytes(500_000)):
                sent += 1
                assert sent < 100
                await asyncio.sleep(0)
            assert not gateway.is_connected(peer)
            assert journal.entries == [("begun", peer), ("ended", peer)]


async def test_a_peer_that_sends_too_much_waits_and_the_others_do_not(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    tls, loud_tls, quiet_tls = chain.tls_of_nodes(3)
    bomb = FrameEncoder(compress=True).encode(Packet(GROUP, Module.PBFT, 0, 1, bytes(99_000_000)))
    small = FrameEncoder(compress=True).encode(Packet(GROUP, Module.PBFT, 0, 1, b"small"))
    async with gateway_on_loopback(tls) as gateway:
        heard: Counter[tuple[NodeId, int]] = Counter()
        gateway.register(Module.PBFT, GROUP, lambda node, packet: heard.update([(node, len(packet.payload))]))
        loud, quiet = loud_tls.identity.node_id, quiet_tls.identity.node_id
        async with (
            Stranger(loud_tls, gateway.listen_port) as shouter,
            Stranger(quiet_tls, gateway.listen_port) as whisperer,
        ):
            for _ in range(3):
                shouter.writer.write(bomb)
            await until(lambda: heard[loud, 99_000_000] == 2)
            whisperer.writer.write(small)
            await until(lambda: heard[quiet, 5] == 1)
            assert heard[loud, 99_000_000] == 2
            await until(lambda: heard[loud, 99_000_000] == 3)
            shouter.writer.write(bomb)
            gateway.set_access(whitelist=[quiet], blacklist=[])
            assert await shouter.is_closed_by_peer()
        assert loud not in gateway.connected_ids()


async def test_a_silent_peer_is_dropped_at_the_idle_limit(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hansa.p2p")
    limits = GatewayLimits(session=SessionLimits(heartbeat_s=0.1, idle_s=0.4))
    tls, peer_tls = chain.tls_of_nodes(2)
    async with (
        gateway_on_loopback(tls, limits=limits) as gateway,
        Stranger(peer_tls, gateway.listen_port) as silent,
    ):
        # It gets the announcement and heartbeats until it is given up.
        async with asyncio.timeout(2):
            received = await silent.reader.read(17)
            while chunk := await silent.reader.read(65536):
                received += chunk
        assert received.count(ANNOUNCE_0) >= 3
        assert "nothing received for 0.4 s" in caplog.text


async def test_a_peer_that_talks_but_never_reads_is_dropped_at_the_idle_limit(
    chain: Any, gateway_on_loopback: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hansa.p2p")
    limits = GatewayLimits(session=SessionLimits(heartbeat_s=0.1, idle_s=0.5))
    tls, peer_tls = chain.tls_of_nodes(2)
    peer = peer_tls.identity.node_id
    async with (
        gateway_on_loopback(tls, limits=limits, compress=False) as gateway,
        Stranger(peer_tls, gateway.listen_port) as stranger,
    ):
        await until(lambda: gateway.is_connected(peer))
        stranger.writer.transport.pause_reading()
        for _ in range(20):
            assert send(gateway, peer, bytes(1_000_000))
        assert gateway.waiting_bytes(peer) > 19_000_000
        for _ in range(30):
            if not gateway.is_connected(peer):
                break
            stranger.writer.write(ANNOUNCE_0)
            await asyncio.sleep(0.1)
        assert not gateway.is_connected(peer)
        assert gateway.waiting_bytes(peer) == 0
    assert "the peer read nothing for 0.5 s" in caplog.text


# --- closing --------------------------------------------------------------------------------------------


async def test_leaving_closes_everything_and_lets_what_was_sent_arrive(
    chain: Any, gateway_on_loopback: Any, until: Any
) -> None:
    one_tls, two_tls = chain.tls_of_nodes(2)
    async with gateway_on_loopback(one_tls) as one:
        inbox = Inbox(one)
        async with gateway_on_loopback(two_tls, peers=(("127.0.0.1", one.listen_port),)) as two:
            await until(lambda: two.is_connected(one.node_id))
            port = two.listen_port
            assert send(two, one.node_id, b"last words")
        await until(lambda: inbox.payloads == [b"last words"])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    assert {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("p2p")} == set()


async def test_an_error_in_the_body_leaves_as_it_is(chain: Any, gateway_on_loopback: Any) -> None:
    with pytest.raises(KeyError):
        async with gateway_on_loopback(chain.tls(chain.node())):
            raise KeyError("mine")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), gateway_on_loopback(chain.tls(chain.node())):
            await asyncio.sleep(5)


async def test_leaving_does_not_wait_for_a_handshake_that_hangs(chain: Any, gateway_on_loopback: Any) -> None:
    async with asyncio.timeout(2):
        async with gateway_on_loopback(chain.tls(chain.node())) as gateway:
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.listen_port)
            await asyncio.sleep(0.05)
    writer.close()


async def test_a_taken_port_is_told(chain: Any, gateway_on_loopback: Any) -> None:
    async with gateway_on_loopback(chain.tls(chain.node())) as gateway:
        with pytest.raises(OSError, match="in use"):
            async with gateway_on_loopback(chain.tls(chain.node()), port=gateway.listen_port):
                pass


def test_contexts_are_tls_1_2_only(chain: Any) -> None:
    tls = chain.tls(chain.node())
    for context in (tls.server, tls.client):
        assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_2
        assert context.verify_mode == ssl.CERT_REQUIRED
