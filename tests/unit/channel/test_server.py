from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from hansa.channel.client import ChannelClient
from hansa.channel.errors import ConnectionLost, HandshakeFailed, RequestTimedOut, RpcError
from hansa.channel.frames import Frame, FrameDecoder, FrameType, encode_frame, encode_topic_data
from hansa.channel.handlers import Accepted, Refused, Rejected, SessionInfo, SubmittedTransaction
from hansa.channel.protocol import AmopReceived, ConnectionLimits
from hansa.channel.server import ChannelServer, ChannelServerConfig
from hansa.channel.session import SessionBounds
from hansa.channel.tls import client_context, load_server_tls, node_certificate_files, sdk_certificate_files

CONFIG = ChannelServerConfig(host="127.0.0.1", port=0, node_version="2.9.1", stop_timeout_s=0.2)


def hash_of(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


@dataclass
class FakeNode:
    """Everything a channel server asks of a node: answers at once unless told otherwise."""

    outcomes: dict[bytes, Refused | Rejected] = field(default_factory=dict)
    """By raw transaction; what is not here is accepted."""
    batches: list[Sequence[SubmittedTransaction]] = field(default_factory=list)
    requests: list[tuple[bytes, SessionInfo]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    commits_inside_submit: bool = False
    fails: bool = False
    server: ChannelServer | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    async def handle(self, data: bytes, session: SessionInfo) -> bytes:
        self.requests.append((data, session))
        await self.gate.wait()
        if self.fails:
            raise RuntimeError("a bug")
        return b'{"id":1,"jsonrpc":"2.0","result":%b}\n' % json.dumps(len(data)).encode()

    async def submit_transactions(self, batch):
        self.batches.append(batch)
        await self.gate.wait()
        if self.fails:
            raise RuntimeError("a bug")
        if self.commits_inside_submit:
            self.commit([transaction.raw for transaction in batch])
        return [self.outcomes.get(item.raw, Accepted(hash_of(item.raw))) for item in batch]

    def commit(self, raws: Sequence[bytes], height: int = 1) -> int:
        """What a ledger does after a block: notify, then push the receipts somebody waits for."""
        assert self.server is not None
        self.server.notify_block(1, height)
        waiting = self.server.take_waiting([hash_of(raw) for raw in raws])
        self.server.push_receipts(
            (who.session_id, who.seq, json.dumps({"index": index, "proof": who.with_proof}).encode())
            for index, who in waiting
        )
        return len(waiting)


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@asynccontextmanager
async def serve(
    node: FakeNode, chain, config: ChannelServerConfig = CONFIG, **hooks
) -> AsyncIterator[ChannelServer]:
    tls = load_server_tls(node_certificate_files(chain.conf, rsa=chain.is_rsa))
    server = ChannelServer(config, tls, rpc=node, transactions=node, transaction_hash=hash_of, **hooks)
    async with server:
        node.server = server
        yield server


def connect(server: ChannelServer, chain, **options) -> ChannelClient:
    context = client_context(sdk_certificate_files(chain.sdk))
    return ChannelClient("127.0.0.1", server.port, context, **options)


@asynccontextmanager
async def connect_two(server: ChannelServer, chain) -> AsyncIterator[tuple[ChannelClient, ChannelClient]]:
    async with connect(server, chain) as one, connect(server, chain) as two:
        yield one, two


class RawClient:
    """Frames without our own client: a TLS stream of the standard library."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._decoder = FrameDecoder()

    def send(self, type: int, data: bytes, number: int = 1) -> None:
        self.writer.write(encode_frame(type, b"%032d" % number, data))

    async def receive(self) -> Frame:
        async with asyncio.timeout(5):
            while (frame := self._decoder.next_frame()) is None:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError
                self._decoder.feed(data)
        return frame

    async def is_closed(self) -> bool:
        try:
            await self.receive()
        except (EOFError, ConnectionError):
            return True
        return False


@asynccontextmanager
async def connect_raw(server: ChannelServer, chain, version: int = 1) -> AsyncIterator[RawClient]:
    context = client_context(sdk_certificate_files(chain.sdk))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    client = RawClient(reader, writer)
    if version > 1:
        client.send(FrameType.HANDSHAKE, b'{"maximumSupport":%d}' % version)
        await client.receive()
    try:
        yield client
    finally:
        writer.transport.abort()


def send_transaction(raw: bytes, method: str = "sendRawTransaction") -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": [1, "0x" + raw.hex()], "id": 9}).encode()


@asynccontextmanager
async def open_stream(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serve_nonsense(answer: bytes) -> AsyncIterator[int]:
    """A server that answers like this to everything; its port."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        with suppress(ConnectionError):
            await reader.read(-1)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await over.wait()


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


# --- ordinary talk ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa_chain", "ec_chain"])
@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_client_of_every_version_asks_subscribes_and_sends(node, request, kind, version):
    chain = request.getfixturevalue(kind)
    async with serve(node, chain) as server, connect(server, chain, version_max=version) as client:
        assert (client.version, client.node_version) == (version, "2.9.1")
        assert await client.request("getBlockNumber", [1]) == len(node.requests[0][0])
        blocks: list[tuple[int, int]] = []
        client.on_block = lambda *block: blocks.append(block)
        client.subscribe_blocks([1])
        receipt = asyncio.create_task(client.send_transaction(1, b"tx"))
        await until(lambda: node.batches)
        await client.request("getBlockNumber", [1])
        assert node.commit([b"other", b"tx"], height=5) == 1
        assert json.loads(await receipt) == {"index": 1, "proof": False}
        assert blocks == [(1, 5)]
        (session,) = server.sessions
        assert session == node.requests[0][1] == node.batches[0][0].session
        assert len(session.public_key) == 128


async def test_heartbeats_of_a_client_that_never_shook_hands(node, ec_chain):
    async with serve(node, ec_chain) as server, connect_raw(server, ec_chain) as client:
        client.send(FrameType.HEARTBEAT, b"")
        client.send(FrameType.HEARTBEAT, b"0", number=2)
        assert await client.receive() == Frame(FrameType.HEARTBEAT, b"%032d" % 2, 0, b"1")


@pytest.mark.parametrize("version", [1, 3])
async def test_the_reply_precedes_the_receipt_even_if_the_block_is_faster(node, ec_chain, version):
    node.commits_inside_submit = True
    async with serve(node, ec_chain) as server, connect_raw(server, ec_chain, version) as client:
        client.send(FrameType.RPC, send_transaction(b"tx", "sendRawTransactionAndGetProof"), number=5)
        reply, receipt = await client.receive(), await client.receive()
        assert (reply.type, receipt.type) == (FrameType.RPC, FrameType.RECEIPT)
        assert reply.seq == receipt.seq == b"%032d" % 5
        assert json.loads(reply.data) == {"id": 9, "jsonrpc": "2.0", "result": "0x" + hash_of(b"tx").hex()}
        assert json.loads(receipt.data) == {"index": 0, "proof": True}


async def test_what_many_clients_send_at_once_is_one_batch_in_order(node, ec_chain):
    async with serve(node, ec_chain) as server, connect_two(server, ec_chain) as (one, two):
        node.gate.clear()
        results: list[bytes] = []
        one.submit_transaction(1, b"first", results.append)
        await until(lambda: node.batches)
        raws = [b"%d" % number for number in range(200)]
        for raw in raws:
            one.submit_transaction(1, raw, results.append)
            two.submit_transaction(1, raw + b"'", results.append)
        await until(lambda: len(server._arrived) == 400)
        node.gate.set()
        await until(lambda: len(node.batches) == 2)
        own = [item.raw for item in node.batches[1] if not item.raw.endswith(b"'")]
        assert own == raws
        assert len(node.batches[1]) == 400
        await one.request("getBlockNumber", [1])
        await two.request("getBlockNumber", [1])
        assert node.commit([b"first", *raws, *(raw + b"'" for raw in raws)]) == 401
        await until(lambda: len(results) == 401)
        assert one.transactions_open == two.transactions_open == 0


# --- transactions that are not taken ---------------------------------------------------------------

REFUSAL = Refused(hash_of(b"tx"), 16, "BlockLimitCheckFail", -32603, "BlockLimitCheckFailed")


async def test_a_refusal_is_a_receipt_in_version_3(node, ec_chain):
    node.outcomes[b"tx"] = REFUSAL
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        receipt = json.loads(await client.send_transaction(1, b"tx"))
        assert (receipt["status"], receipt["statusMsg"]) == ("0x10", "BlockLimitCheckFail")
        assert receipt["transactionHash"] == "0x" + hash_of(b"tx").hex()
        assert node.commit([b"tx"]) == 0


@pytest.mark.parametrize("version", [1, 2])
async def test_a_refusal_is_an_error_before_version_3(node, ec_chain, version):
    node.outcomes[b"tx"] = REFUSAL
    async with serve(node, ec_chain) as server, connect(server, ec_chain, version_max=version) as client:
        with pytest.raises(RpcError, match="BlockLimitCheckFailed") as caught:
            await client.send_transaction(1, b"tx")
        assert caught.value.code == -32603
        assert client.transactions_open == 0


async def test_a_rejection_is_an_error_in_every_version(node, ec_chain):
    node.outcomes[b"tx"] = Rejected(-40001, "GroupID does not exist")
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        with pytest.raises(RpcError, match="GroupID does not exist"):
            await client.send_transaction(7, b"tx")


async def test_a_repeated_transaction_leaves_the_first_senders_receipt_alone(node, ec_chain):
    async with (
        serve(node, ec_chain) as server,
        connect(server, ec_chain) as one,
        connect(server, ec_chain) as two,
    ):
        first = asyncio.create_task(one.send_transaction(1, b"tx"))
        await until(lambda: node.batches)
        node.outcomes[b"tx"] = Refused(hash_of(b"tx"), 10000, "AlreadyKnown", -32603, "AlreadyKown")
        assert json.loads(await two.send_transaction(1, b"tx"))["status"] == "0x2710"
        assert node.commit([b"tx"]) == 1
        assert json.loads(await first) == {"index": 0, "proof": False}


async def test_a_hash_of_another_encoding_is_waited_for_as_the_sink_says(node, ec_chain):
    canonical = hash_of(b"canonical")

    async def submit(batch):
        return [Accepted(canonical) for _ in batch]

    node.submit_transactions = submit
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        receipt = asyncio.create_task(client.send_transaction(1, b"odd"))
        await until(lambda: canonical in server._receipts._waiting)
        assert node.commit([b"odd"]) == 0
        assert node.commit([b"canonical"]) == 1
        await receipt


async def test_a_dropped_transaction_is_told_with_a_status(node, ec_chain):
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        receipt = asyncio.create_task(client.send_transaction(1, b"tx"))
        await until(lambda: node.batches)
        await client.request("getBlockNumber", [1])
        server.push_refusals([hash_of(b"other"), hash_of(b"tx")], 29, "TransactionRefused")
        assert json.loads(await receipt)["status"] == "0x1d"


async def test_bugs_behind_the_port_are_answered_not_left_waiting(node, ec_chain, caplog):
    node.fails = True
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        with pytest.raises(RpcError, match="INTERNAL_ERROR"):
            await client.request("getBlockNumber", [1])
        with pytest.raises(RpcError, match="INTERNAL_ERROR"):
            await client.send_transaction(1, b"tx")
        node.fails = False
        assert await client.request("getBlockNumber", [1])
    assert sum(record.exc_info is not None for record in caplog.records) == 2


async def test_a_sink_that_miscounts_is_a_bug_too(node, ec_chain, caplog):
    async def submit(batch):
        return []

    node.submit_transactions = submit
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        with pytest.raises(RpcError, match="INTERNAL_ERROR"):
            await client.send_transaction(1, b"tx")
    assert "0 outcomes for 1 transactions" in caplog.text


# --- misbehaviour ----------------------------------------------------------------------------------


async def test_a_frame_of_2_gibibytes_closes_that_session_alone(node, ec_chain):
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as good:
        async with connect_raw(server, ec_chain) as bad:
            bad.writer.write(b"\x80\0\0\0")
            assert await bad.is_closed()
        assert await good.request("getBlockNumber", [1])
        assert len(server.sessions) == 1


async def test_a_handshake_without_a_common_version_closes_the_connection(node, ec_chain):
    async with serve(node, ec_chain) as server, connect_raw(server, ec_chain) as client:
        client.send(FrameType.HANDSHAKE, b'{"minimumSupport":4,"maximumSupport":5}')
        assert await client.is_closed()


async def test_a_reader_that_stops_is_dropped_and_the_others_get_everything(node, ec_chain):
    bounds = SessionBounds(outgoing_bytes_pause=64 * 1024, outgoing_bytes_max=1024 * 1024)
    async with (
        serve(node, ec_chain, replace(CONFIG, bounds=bounds)) as server,
        connect(server, ec_chain) as good,
    ):
        heard: list[bytes] = []
        good.on_events = heard.append
        async with connect_raw(server, ec_chain) as slow:
            slow.send(FrameType.HEARTBEAT, b"0")
            await slow.receive()
            slow.writer.transport.pause_reading()
            body = bytes(256 * 1024)
            for _ in range(60):
                for session in server.sessions:
                    server.push_events(session.session_id, body)
                await asyncio.sleep(0.005)
            await until(lambda: len(server.sessions) == 1)
            await until(lambda: len(heard) == 60)
            assert await good.request("getBlockNumber", [1])


async def test_a_session_that_does_not_read_takes_no_more_until_it_does(node, ec_chain):
    bounds = SessionBounds(outgoing_bytes_pause=64 * 1024)
    async with serve(node, ec_chain, replace(CONFIG, bounds=bounds)) as server:
        async with connect_raw(server, ec_chain) as slow:
            slow.send(FrameType.HEARTBEAT, b"0")
            await slow.receive()
            (session,) = server.sessions
            assert server.takes_more(session.session_id)
            slow.writer.transport.pause_reading()
            for _ in range(20):
                server.push_events(session.session_id, bytes(1024 * 1024))
            await until(lambda: not server.takes_more(session.session_id))
            slow.writer.transport.resume_reading()
            for _ in range(20):
                await slow.receive()
            await until(lambda: server.takes_more(session.session_id))
        await until(lambda: not server.sessions)
        assert server.takes_more(session.session_id), "nobody waits for a session that is gone"


async def test_a_client_with_too_many_open_requests_waits_and_is_answered_in_the_end(node, ec_chain):
    bounds = SessionBounds(requests_open_max=4)
    async with (
        serve(node, ec_chain, replace(CONFIG, bounds=bounds)) as server,
        connect(server, ec_chain) as client,
    ):
        node.gate.clear()
        answers = []
        for _ in range(100):
            answers.append(asyncio.create_task(client.request("getBlockNumber", [1])))
            await asyncio.sleep(0)
        await until(lambda: len(node.requests) >= 5)
        await asyncio.sleep(0.05)
        assert len(node.requests) < 100
        node.gate.set()
        assert len(await asyncio.gather(*answers)) == 100


async def test_silent_connections_are_closed(node, ec_chain):
    config = replace(CONFIG, limits=ConnectionLimits(idle_s=0.1))
    async with serve(node, ec_chain, config) as server, connect_raw(server, ec_chain) as client:
        client.send(FrameType.HEARTBEAT, b"0")
        await client.receive()
        assert await client.is_closed()
        await until(lambda: not server.sessions)


async def test_half_open_connections_are_bounded_by_address_and_time(node, ec_chain, caplog):
    config = replace(CONFIG, handshakes_per_address_max=3, bounds=SessionBounds(handshake_timeout_s=0.3))
    async with serve(node, ec_chain, config) as server, AsyncExitStack() as streams:
        readers = [(await streams.enter_async_context(open_stream(server.port)))[0] for _ in range(3)]
        await until(lambda: len(server._connections) == 3)
        async with open_stream(server.port) as (reader, _):
            assert await reader.read() == b""
        assert "3 handshakes of its address are unfinished" in caplog.text
        async with asyncio.timeout(5):
            for reader in readers:
                assert await reader.read() == b""
        assert "no handshake within 0.3 s" in caplog.text
        await until(lambda: not server._connections)
        async with connect(server, ec_chain) as client:
            assert await client.request("getBlockNumber", [1])


@pytest.mark.parametrize(("bound", "value"), [("connections_max", 1), ("handshakes_max", 0)])
async def test_connections_are_bounded_in_all(node, ec_chain, bound, value):
    async with serve(node, ec_chain, replace(CONFIG, **{bound: value})) as server:
        if value:
            async with connect(server, ec_chain) as first:
                with pytest.raises(ConnectionLost, match="hung up during the TLS handshake"):
                    await connect(server, ec_chain).__aenter__()
                assert await first.request("getBlockNumber", [1])
            await until(lambda: not server._connections)
            async with connect(server, ec_chain) as second:
                assert await second.request("getBlockNumber", [1])
        else:
            with pytest.raises(ConnectionLost):
                await connect(server, ec_chain).__aenter__()


async def test_a_stranger_is_logged_with_the_cause_and_not_too_often(node, ec_chain, caplog):
    async with serve(node, ec_chain) as server:
        stranger = client_context(sdk_certificate_files(ec_chain.stranger))
        with pytest.raises(ConnectionLost, match="its log says why"):
            await ChannelClient("127.0.0.1", server.port, stranger).__aenter__()
        foreign = client_context(sdk_certificate_files(ec_chain.foreign))
        with pytest.raises(HandshakeFailed, match="does not trust our certificate"):
            await ChannelClient("127.0.0.1", server.port, foreign).__aenter__()
        for _ in range(40):
            async with open_stream(server.port) as (reader, writer):
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                await reader.read()
    assert "another agency, and check_cert_issuer is on" in caplog.text
    assert "belongs to another chain" in caplog.text
    assert caplog.text.count("plain HTTP") == 18


async def test_a_connection_broken_in_the_middle_ends_its_session_alone(node, ec_chain):
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as good:
        async with connect_raw(server, ec_chain) as bad:
            await until(lambda: len(server.sessions) == 2)
            bad.writer.transport.abort()
            await until(lambda: len(server.sessions) == 1)
        assert await good.request("getBlockNumber", [1])


async def test_receipts_of_a_session_that_left_are_forgotten(node, ec_chain):
    async with serve(node, ec_chain) as server:
        node.gate.clear()
        async with connect(server, ec_chain) as client:
            client.submit_transaction(1, b"tx", lambda _: None)
            await until(lambda: node.batches)
            (session,) = server.sessions
        await until(lambda: not server.sessions)
        node.gate.set()
        await asyncio.sleep(0.02)
        assert node.commit([b"tx"]) == 0
        server.push_receipts([(session.session_id, b"0" * 32, b"{}")])
        server.push_events(session.session_id, b"{}")
        assert not server.send_frame(session.session_id, Frame(0x30, b"0" * 32, 0, b"\1"))


# --- stopping --------------------------------------------------------------------------------------


async def test_stopping_says_goodbye_and_ends_what_is_under_way(node, ec_chain):
    async with serve(node, ec_chain) as server:
        node.gate.clear()
        client = await connect(server, ec_chain).__aenter__()
        asked = asyncio.create_task(client.request("getBlockNumber", [1]))
        sent = asyncio.create_task(client.send_transaction(1, b"tx"))
        await until(lambda: node.requests and node.batches)
    for task in (asked, sent):
        with pytest.raises(ConnectionLost, match="the node closed the connection"):
            await task
    assert not client.is_connected
    with pytest.raises(ConnectionLost):
        client.submit_transaction(1, b"tx", lambda _: None)
    await client.__aexit__(None, None, None)


async def test_a_port_in_use_is_an_os_error(node, ec_chain):
    async with serve(node, ec_chain) as server:
        with pytest.raises(OSError, match="in use"):
            async with serve(FakeNode(), ec_chain, replace(CONFIG, port=server.port)):
                pass
        async with connect(server, ec_chain) as client:
            assert await client.request("getBlockNumber", [1])


# --- hooks -----------------------------------------------------------------------------------------


async def test_without_hooks_amop_reaches_nobody_and_filters_are_refused(node, ec_chain):
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        heard = []
        client.on_amop = heard.append
        client.send_amop(FrameType.AMOP_UNICAST, "topic", b"ping")
        client.send_amop(FrameType.AMOP_MULTICAST, "topic", b"all")
        assert await client.register_event_filter(b"{}") == -41001
        assert await client.cancel_event_filter(b"{}") == -41001
        assert [message.frame.result for message in heard] == [100, 103]
        assert all(message.frame.type == FrameType.AMOP_ANSWER for message in heard)


class FakeHooks:
    def __init__(self) -> None:
        self.server: ChannelServer | None = None
        self.seen: list[object] = []

    def register(self, session: SessionInfo, body: bytes) -> int:
        self.seen.append(body)
        return 0

    def cancel(self, session: SessionInfo, body: bytes) -> int:
        return -41001

    def forget_session(self, session: SessionInfo) -> None:
        self.seen.append("forgotten")

    def receive(self, session: SessionInfo, message: AmopReceived) -> None:
        answer = Frame(FrameType.AMOP_ANSWER, message.frame.seq, 0, encode_topic_data(message.topic, b"pong"))
        assert self.server is not None
        assert self.server.send_frame(session.session_id, answer)

    def change_topics(self, session: SessionInfo, topics: frozenset[str]) -> None:
        self.seen.append(topics)


async def test_hooks_hear_of_filters_topics_messages_and_ends(node, ec_chain):
    hooks = FakeHooks()
    async with serve(node, ec_chain, event_filters=hooks, amop=hooks) as server:
        hooks.server = server
        async with connect(server, ec_chain) as client:
            heard = []
            client.on_amop = heard.append
            client.set_topics(["topic"])
            client.send_amop(FrameType.AMOP_UNICAST, "topic", b"ping")
            assert await client.register_event_filter(b"filter") == 0
            assert await client.cancel_event_filter(b"filter") == -41001
            assert [(message.topic, message.payload) for message in heard] == [("topic", b"pong")]
        await until(lambda: not server.sessions)
    assert hooks.seen == [frozenset({"topic"}), b"filter", "forgotten", "forgotten"]


# --- the client alone ------------------------------------------------------------------------------


async def test_requests_without_an_answer_time_out(node, ec_chain):
    async with serve(node, ec_chain) as server:
        node.gate.clear()
        async with connect(server, ec_chain, request_timeout_s=0.05, receipt_timeout_s=0.1) as client:
            with pytest.raises(RequestTimedOut):
                await client.request("getBlockNumber", [1])
            with pytest.raises(RequestTimedOut):
                await client.send_transaction(1, b"tx")
            node.gate.set()
            await asyncio.sleep(0.05)
            assert await client.request("getBlockNumber", [1])


async def test_a_cancelled_request_is_forgotten(node, ec_chain):
    async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
        node.gate.clear()
        task = asyncio.create_task(client.send_transaction(1, b"tx"))
        await until(lambda: node.batches)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.transactions_open == 0
        node.gate.set()
        assert await client.request("getBlockNumber", [1])


async def test_nobody_there_is_connection_lost(ec_chain):
    context = client_context(sdk_certificate_files(ec_chain.sdk))
    with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1:1"):
        await ChannelClient("127.0.0.1", 1, context).__aenter__()


async def test_a_server_that_does_not_speak_tls_is_named_as_such(ec_chain):
    async with serve_nonsense(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        context = client_context(sdk_certificate_files(ec_chain.sdk))
        with pytest.raises(HandshakeFailed, match="does not speak TLS"):
            await ChannelClient("127.0.0.1", port, context).__aenter__()


async def test_a_server_that_says_nothing_times_out(ec_chain):
    async with serve_nonsense(b"") as port:
        context = client_context(sdk_certificate_files(ec_chain.sdk))
        with pytest.raises(RequestTimedOut, match="no handshake"):
            await ChannelClient("127.0.0.1", port, context, connect_timeout_s=0.1).__aenter__()


async def test_drain_waits_while_the_node_does_not_read(node, ec_chain):
    bounds = SessionBounds(requests_open_max=1)
    async with (
        serve(node, ec_chain, replace(CONFIG, bounds=bounds)) as server,
        connect(server, ec_chain) as client,
    ):
        node.gate.clear()
        results = []
        for number in range(400):
            client.submit_transaction(1, bytes(20_000) + b"%d" % number, results.append)
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(client.drain())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        node.gate.set()
        async with asyncio.timeout(5):
            await waiting


# --- uvloop ----------------------------------------------------------------------------------------


def test_all_of_it_runs_on_uvloop(ec_chain):
    import uvloop

    async def scenario() -> None:
        node = FakeNode()
        async with serve(node, ec_chain) as server, connect(server, ec_chain) as client:
            receipts: list[object] = []
            for number in range(100):
                client.submit_transaction(1, b"%d" % number, receipts.append)
            await until(lambda: sum(map(len, node.batches)) == 100)
            assert await client.request("getBlockNumber", [1])
            assert node.commit([b"%d" % number for number in range(100)]) == 100
            await until(lambda: len(receipts) == 100)
            assert all(isinstance(receipt, bytes) for receipt in receipts)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
