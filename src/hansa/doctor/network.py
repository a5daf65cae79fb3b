"""Gathers facts from the network: ports of this host, peers, and nodes that are running.

Every wait is short, every answer bounded, and nothing but questions is sent.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TypeAlias

import orjson

from hansa.channel.client import ChannelClient
from hansa.channel.errors import CertificateFilesError, ClientError, HandshakeFailed
from hansa.channel.tls import client_context, sdk_certificate_files
from hansa.doctor.facts import BlockStamp, ChainFacts, Dial, GroupState, PeerState, Port
from hansa.node.endpoint import Endpoint
from hansa.node.settings import NodeSettings
from hansa.p2p.errors import TlsMaterialError
from hansa.p2p.tls import explain_handshake_failure, load_node_tls
from hansa.primitives import Height

__all__ = ["Unanswered", "ask_channel", "ask_http", "dial_peers", "try_ports"]

Ask: TypeAlias = Callable[..., Awaitable[object]]
"""A JSON-RPC call: method and parameters in, result out."""

_WAIT_S = 5.0
_ANSWER_BYTES_MAX = 4 << 20
_PIECE_BYTES = 1 << 16
_GROUPS_MAX = 64
_BLOCKS = 20


class Unanswered(Exception):
    """A node could not be asked. The text says why, for people."""


# --- this host -------------------------------------------------------------------------------------------


def try_ports(settings: NodeSettings) -> tuple[Port, ...]:
    """Whether the node could listen where it is told to. Nothing keeps listening."""
    wanted = {
        "[p2p] listen_port": settings.p2p.listen,
        "[rpc] channel_listen_port": settings.rpc.channel_listen,
        "[rpc] jsonrpc_listen_port": settings.rpc.jsonrpc_listen,
    }
    return tuple(Port(setting, endpoint, _obstacle(endpoint)) for setting, endpoint in wanted.items())


def _obstacle(endpoint: Endpoint) -> str:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
            probe.listen(1)
        except OSError as error:
            match error.errno:
                case errno.EADDRINUSE:
                    return "another program listens there"
                case errno.EADDRNOTAVAIL:
                    return "this host has no such address"
                case errno.EACCES:
                    return "the system keeps this port for root"
                case _:
                    return error.strerror or str(error)
    return ""


# --- peers -----------------------------------------------------------------------------------------------


async def dial_peers(settings: NodeSettings) -> tuple[Dial, ...]:
    """Dial the peers of config.ini as the node would, all at once, and hang up.

    Not for a node that is running: a second session under its name would end its own. Empty if the node's own
    files are not usable.
    """
    certificates = settings.certificates
    try:
        tls = load_node_tls(certificates.ca_certificate, certificates.certificate, certificates.key)
    except TlsMaterialError:
        return ()

    async def dial(endpoint: Endpoint) -> Dial:
        connected = False
        try:
            async with asyncio.timeout(_WAIT_S):
                _, writer = await asyncio.open_connection(*endpoint)
                connected = True
                try:
                    await writer.start_tls(tls.client)
                finally:
                    writer.close()
        except OSError as error:
            return Dial(endpoint, connected, explain_handshake_failure(error))
        return Dial(endpoint, connected, "")

    others = [endpoint for endpoint in settings.p2p.peers if not _is_own(endpoint, settings.p2p.listen)]
    return tuple(await asyncio.gather(*map(dial, others)))


def _is_own(endpoint: Endpoint, listen: Endpoint) -> bool:
    """Whether a peer's address is where the node itself listens."""
    if endpoint.port != listen.port:
        return False
    return endpoint.host == listen.host or (listen.host in ("0.0.0.0", "::") and _is_here(endpoint.host))


def _is_here(host: str) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


# --- running nodes ---------------------------------------------------------------------------------------


async def ask_http(endpoint: Endpoint) -> ChainFacts:
    """Question a node at its JSON-RPC port.

    Raises:
        Unanswered: nobody answers there, or not as a node does.
    """

    async def ask(method: str, *parameters: object) -> object:
        return await asyncio.to_thread(_post, endpoint, method, parameters)

    return await _question(f"http://{endpoint}", ask)


async def ask_channel(endpoint: Endpoint, sdk: Path) -> ChainFacts:
    """Question a node at its Channel port, with an SDK's certificate.

    Raises:
        Unanswered: TLS failed (the text says why, as the client sees it), or nobody answers as a node does.
    """
    try:
        context = client_context(sdk_certificate_files(sdk))
        client = ChannelClient(*endpoint, context, connect_timeout_s=_WAIT_S, request_timeout_s=_WAIT_S)
        async with client:

            async def ask(method: str, *parameters: object) -> object:
                return await client.request(method, parameters)

            return await _question(f"channel {endpoint}", ask)
    except (ClientError, HandshakeFailed, CertificateFilesError) as error:
        raise Unanswered(str(error)) from error


def _post(endpoint: Endpoint, method: str, parameters: tuple[object, ...]) -> object:
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    try:
        with urllib.request.urlopen(f"http://{endpoint}", body, timeout=_WAIT_S) as response:
            answer = orjson.loads(_read(response))
        return answer["result"]
    except KeyError:
        raise Unanswered(f"{method} was refused: {answer.get('error')}") from None
    except (OSError, HTTPException, ValueError, TypeError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Unanswered(f"it does not answer JSON-RPC over HTTP: {reason}") from error


def _read(response: HTTPResponse) -> bytes:
    """A whole answer, which has to come within its time and size whatever its pace."""
    deadline, data = time.monotonic() + _WAIT_S, b""
    while piece := response.read1(_PIECE_BYTES):
        data += piece
        if len(data) > _ANSWER_BYTES_MAX:
            raise ValueError(f"more than {_ANSWER_BYTES_MAX} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("too slow")
    return data


async def _question(where: str, ask: Ask) -> ChainFacts:
    """What a doctor wants to know of a node, whatever the line."""
    try:
        version = _object(await ask("getClientVersion"))
        group_ids = _list(await ask("getGroupList"))[:_GROUPS_MAX]
        states = [await _group_state(ask, _integer(group_id)) for group_id in group_ids]
        return ChainFacts(
            where=where,
            node_id=next((node_id for node_id, _ in states), ""),
            supported_version=str(version["Supported Version"]),
            groups=tuple(state for _, state in states),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Unanswered(f"its answers are not those of a node of this kind: {error}") from error


async def _group_state(ask: Ask, group_id: int) -> tuple[str, GroupState]:
    """The node's own id, and the group."""
    sync = _object(await ask("getSyncStatus", group_id))
    number = _integer(sync["blockNumber"])
    first = max(1, number - _BLOCKS + 1)
    blocks = [
        _object(await ask("getBlockByNumber", group_id, str(height), False))
        for height in range(first, number + 1)
    ]
    return str(sync["nodeId"]), GroupState(
        group_id=group_id,
        number=Height(number),
        genesis_hash=str(sync["genesisHash"]),
        sealers=tuple(map(str, _list(await ask("getSealerList", group_id)))),
        observers=tuple(map(str, _list(await ask("getObserverList", group_id)))),
        peers=tuple(
            PeerState(str(peer["nodeId"]), str(peer["genesisHash"]), Height(_integer(peer["blockNumber"])))
            for peer in map(_object, _list(sync["peers"]))
        ),
        blocks=tuple(
            BlockStamp(
                Height(_integer(block["number"])), _integer(block["sealer"]), _integer(block["timestamp"])
            )
            for block in blocks
        ),
    )


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object was expected")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    return value


def _integer(value: object) -> int:
    """A number, or one written as 0x and hexadecimal digits."""
    if isinstance(value, str):
        return int(value, 16)
    if not isinstance(value, int):
        raise ValueError("a number was expected")
    return value
