"""A chain of real node processes on loopback: built with the command users run, driven over JSON-RPC.

Only processes started here are ended, by their id; ports are ephemeral; every wait has a limit.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hansa.bench.processes import Usage, read_usage
from hansa.kernel import Transaction
from hansa.node.endpoint import Endpoint
from hansa.node.settings import replace_peers
from hansa.sdk.account import Account
from tests.cluster.links import Links

HANSA = Path(sys.executable).with_name("hansa")
GROUP = 1


class RpcFailure(Exception):
    """The node answered with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def free_port_base(count: int, *, span: int = 1000) -> int:
    """A port from which `count` consecutive ones are free, and the same at twice the span."""
    for _ in range(100):
        base = 21_000 + secrets.randbelow(8_000)
        if all(_is_free(base + offset * span + index) for offset in range(3) for index in range(count)):
            return base
    raise RuntimeError("no free ports found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Cluster:
    """`count` nodes of one chain."""

    root: Path
    count: int
    base: int
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    """Of the running ones, those that are stopped for now."""

    @staticmethod
    def build(root: Path, count: int = 4, *, room: int | None = None) -> Cluster:
        """Run the chain builder; `room`: how many nodes there will be once others have joined."""
        base = free_port_base(room or count)
        ports = f"{base},{base + 1000},{base + 2000}"
        command = [HANSA, "chain", "build", "-l", f"127.0.0.1:{count}", "-p", ports, "-o", root / "nodes"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return Cluster(root, count, base)

    def add_node(self) -> int:
        """Make the folder of a further node, which is no member yet; its index."""
        index = self.count
        ports = f"{self.base + index},{self.base + 1000 + index},{self.base + 2000 + index}"
        agency = self.root / "nodes" / "cert" / "agency"
        command = [HANSA, "chain", "add-node", "-c", agency, "-o", self.node_directory(index)]
        command += ["--like", self.node_directory(0), "-p", ports]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        self.count += 1
        return index

    def answer_as_stranger(self, index: int) -> None:
        """Have a node answer for the group whether it belongs to it or not, from its next start on."""
        config = self.node_directory(index) / "config.ini"
        config.write_text(config.read_text().replace("[rpc]", "[rpc]\n    act_as_group_member=true", 1))

    def link_through(self, links: Links) -> None:
        """Have the nodes dial one another through `links` from their next start on."""
        for index in range(self.count):
            peers = [
                Endpoint("127.0.0.1", links.port(index, other))
                for other in range(self.count)
                if other != index
            ]
            config = self.node_directory(index) / "config.ini"
            config.write_text(replace_peers(config.read_text(), peers))

    def p2p_port(self, index: int) -> int:
        return self.base + index

    def node_id(self, index: int) -> str:
        return (self.node_directory(index) / "conf" / "node.nodeid").read_text().strip()

    def node_secret(self, index: int) -> bytes:
        """A node's signing key."""
        return Account.load(self.node_directory(index) / "conf" / "node.key").secret

    # --- processes ---

    def node_directory(self, index: int) -> Path:
        return self.root / "nodes" / "127.0.0.1" / f"node{index}"

    @property
    def sdk_directory(self) -> Path:
        return self.root / "nodes" / "127.0.0.1" / "sdk"

    def channel_endpoint(self, index: int) -> str:
        return f"127.0.0.1:{self.base + 1000 + index}"

    def launch(self, index: int, *, inside: Sequence[str] = ()) -> None:
        """Start a node; `inside`: a command that runs it, such as `nsenter …`."""
        directory = self.node_directory(index)
        with (directory / "nohup.out").open("ab") as output:
            self.processes[index] = subprocess.Popen(
                [*inside, str(HANSA), "node", "-c", "config.ini"],
                cwd=directory,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def start(self, *indices: int) -> None:
        """Start nodes and wait until each answers."""
        for index in indices:
            self.launch(index)
        for index in indices:
            self.wait(lambda index=index: self.answers(index), 30, f"node{index} answers")

    def start_all(self) -> None:
        self.start(*range(self.count))

    def kill(self, index: int) -> None:
        """`kill -9`: no chance to tidy up."""
        self._end(index, signal.SIGKILL)

    def stop(self, index: int) -> int:
        """An orderly stop; the exit code."""
        return self._end(index, signal.SIGTERM)

    def pause(self, index: int) -> None:
        """SIGSTOP: it holds its connections and answers nobody."""
        self.processes[index].send_signal(signal.SIGSTOP)
        self.paused.add(index)

    def resume(self, index: int) -> None:
        self.processes[index].send_signal(signal.SIGCONT)
        self.paused.discard(index)

    def await_end(self, index: int, seconds: float = 20) -> int:
        """Wait until a node has ended by itself; the exit code."""
        code = self.processes[index].wait(seconds)
        self.processes.pop(index)
        return code

    def wipe(self, index: int, part: str = "") -> None:
        """Remove what a node that is not running has stored, or a part of it."""
        assert index not in self.processes
        shutil.rmtree(self.node_directory(index) / "data" / part)

    def close(self) -> None:
        for index in list(self.processes):
            self._end(index, signal.SIGKILL)

    def _end(self, index: int, number: int) -> int:
        process = self.processes.pop(index)
        process.send_signal(number)
        self.paused.discard(index)
        return process.wait(20)

    def usage(self, index: int) -> Usage:
        """Processor time and memory of a running node."""
        usage = read_usage(self.processes[index].pid)
        assert usage is not None
        return usage

    def open_files(self, index: int) -> int:
        """How many file descriptors a running node has."""
        return len(list(Path(f"/proc/{self.processes[index].pid}/fd").iterdir()))

    def output(self, index: int) -> str:
        """What a node printed, for a failing test's message."""
        return (self.node_directory(index) / "nohup.out").read_text(errors="replace")[-4000:]

    def log(self, index: int) -> str:
        """Everything a node has logged."""
        files = sorted((self.node_directory(index) / "log").glob("log_*.log"))
        return "".join(path.read_text(errors="replace") for path in files)

    # --- questions ---

    def rpc(self, index: int, method: str, *parameters: Any) -> Any:
        """A JSON-RPC call over HTTP."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
        request = urllib.request.Request(f"http://127.0.0.1:{self.base + 2000 + index}", body.encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RpcFailure(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def answers(self, index: int) -> bool:
        process = self.processes[index]
        if process.poll() is not None:
            raise AssertionError(f"node{index} ended with {process.returncode}:\n{self.output(index)}")
        try:
            self.rpc(index, "getBlockNumber", GROUP)
        except OSError:
            return False
        return True

    def height(self, index: int) -> int:
        return int(self.rpc(index, "getBlockNumber", GROUP), 16)

    def heads(self, indices: Sequence[int]) -> set[str]:
        """The hashes of the nodes' heads."""
        return {self.block(index, self.height(index))["hash"] for index in indices}

    def block(self, index: int, height: int) -> dict[str, Any]:
        answer: dict[str, Any] = self.rpc(index, "getBlockByNumber", GROUP, str(height), False)
        return answer

    def receipt(self, index: int, transaction_hash: str) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = self.rpc(index, "getTransactionReceipt", GROUP, transaction_hash)
        return answer

    def wait(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        """Poll until it holds, or fail."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                outputs = "\n".join(f"--- node{index}\n{self.output(index)}" for index in self.processes)
                raise AssertionError(f"not within {seconds} s: {what}\n{outputs}")
            time.sleep(0.1)

    # --- transactions ---

    def send(self, index: int, account: Account, to: bytes | None, data: bytes) -> str:
        """Sign and submit over HTTP; the hash."""
        transaction = Transaction.create(
            account.secret,
            nonce=int.from_bytes(os.urandom(16), "big"),
            gas_price=1,
            gas=300_000_000,
            block_limit=self.height(index) + 500,
            to=to,
            value=0,
            data=data,
            chain_id=1,
            group_id=GROUP,
        )
        answer: str = self.rpc(index, "sendRawTransaction", GROUP, "0x" + transaction.raw.hex())
        return answer

    def settle(self, index: int, transaction_hash: str, seconds: float = 20) -> dict[str, Any]:
        """Wait for a receipt."""
        found: list[dict[str, Any]] = []

        def has_receipt() -> bool:
            receipt = self.receipt(index, transaction_hash)
            if receipt is not None:
                found.append(receipt)
            return receipt is not None

        self.wait(has_receipt, seconds, f"receipt of {transaction_hash} on node{index}")
        return found[0]

    def wait_equal_heads(self, seconds: float = 30) -> int:
        """All running nodes reach one head; its height."""
        indices = sorted(self.processes)
        self.wait(lambda: len(self.heads(indices)) == 1, seconds, "equal heads")
        return self.height(indices[0])

    def assert_same_chain(self) -> None:
        """Every block of every running node: same hash, roots and receipts."""
        indices = sorted(self.processes)
        head = self.wait_equal_heads()
        for height in range(head + 1):
            blocks = [self.block(index, height) for index in indices]
            for name in ("hash", "stateRoot", "receiptsRoot", "transactionsRoot", "transactions"):
                assert len({json.dumps(block[name]) for block in blocks}) == 1, (height, name)
            for transaction_hash in blocks[0]["transactions"]:
                receipts = [self.receipt(index, transaction_hash) for index in indices]
                assert receipts[0] is not None
                assert all(receipt == receipts[0] for receipt in receipts), transaction_hash
