"""`hansa doctor` at the command line: what it takes for what, its report, its exit status."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from hansa.cli import hansa
from hansa.doctor.network import Unanswered, ask_http
from hansa.node.endpoint import Endpoint
from tests.unit.doctor.conftest import NOW, Folders


def run(*arguments: object) -> Result:
    return CliRunner().invoke(hansa, ["doctor", *map(str, arguments)], prog_name="hansa")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(autouse=True)
def _certificates_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.doctor.command._now", lambda: NOW)


@contextmanager
def answering(body: bytes) -> Iterator[Endpoint]:
    """An HTTP server that gives every POST the same answer."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Endpoint("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_sdk_folder(chain: Folders) -> None:
    result = run(chain.sdk)
    assert (result.exit_code, result.output) == (0, "nothing wrong was found\n")
    (chain.sdk / "ca.crt").unlink()
    result = run(chain.sdk)
    assert result.exit_code == 1
    assert result.output == (
        f"error   {chain.sdk / 'ca.crt'}: cannot be read: no such file or directory. "
        "Copy the file again from where the chain was built.\n1 error\n"
    )


def test_a_node_folder_or_its_config(chain: Folders) -> None:
    for port in (30300, 20200, 8545):
        chain.change("config.ini", f"listen_port={port}", f"listen_port={free_port()}")
    for target in (chain.node, chain.node / "config.ini"):
        result = run(target)
        assert result.exit_code == 0
        assert "the node is not running" in result.output


def test_a_node_and_an_sdk_of_another_chain(chain: Folders, stranger: Folders) -> None:
    result = run(chain.node, "--sdk", stranger.sdk)
    assert result.exit_code == 1
    assert "would not talk to this SDK: TLS failed, its certificate" in result.output


def test_as_json(chain: Folders) -> None:
    (chain.sdk / "sdk.key").chmod(0o640)
    result = run(chain.sdk, "--json")
    assert result.exit_code == 0
    assert json.loads(result.output) == {
        "target": str(chain.sdk),
        "findings": [
            {
                "severity": "warning",
                "where": str(chain.sdk / "sdk.key"),
                "problem": "others may read or change this private key (its mode is 0640)",
                "remedy": f"run chmod 600 {chain.sdk / 'sdk.key'}",
            }
        ],
    }


@pytest.mark.parametrize("target", ["no-such-folder", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000"])
def test_what_is_no_target(target: str) -> None:
    result = run(target)
    assert result.exit_code == 2
    assert "no folder, and no HOST:PORT either" in result.output


def test_a_folder_of_neither_kind(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "neither a node's folder (config.ini) nor an SDK's (sdk.crt)" in result.output


def test_nobody_answers(chain: Folders) -> None:
    endpoint = f"127.0.0.1:{free_port()}"
    result = run(endpoint)
    assert result.exit_code == 1
    assert "Connection refused" in result.output
    assert "--sdk DIR" in result.output
    assert run(endpoint, "--sdk", chain.sdk).exit_code == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}',
        b'{"jsonrpc":"2.0","id":1,"result":7}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"Supported Version":{}}}',
    ],
)
def test_somebody_else_answers(body: bytes) -> None:
    with answering(body) as endpoint:
        with pytest.raises(Unanswered):
            asyncio.run(ask_http(endpoint))
        assert run(str(endpoint)).exit_code == 1


@pytest.mark.parametrize(
    "noise", [b"\x15\x03\x03\x00\x02\x02\x28", b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 404 No\r\n\r\n"]
)
def test_something_else_listens_there(noise: bytes) -> None:
    def chatter(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(noise)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=chatter, args=(listener,))
        thread.start()
        result = run(f"127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert result.exit_code == 1
    assert "it does not answer JSON-RPC over HTTP" in result.output


def test_an_answer_that_drips_ends_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.doctor.network._WAIT_S", 0.2)

    def drip(listener: socket.socket) -> None:
        with listener.accept()[0] as connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                time.sleep(0.05)
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(Unanswered, match="too slow"):
            asyncio.run(ask_http(Endpoint("127.0.0.1", listener.getsockname()[1])))
        thread.join()
