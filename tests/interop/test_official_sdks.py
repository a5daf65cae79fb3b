"""The official SDKs and Hyperledger Caliper, unmodified, against a fresh chain of four nodes.

Each program in this folder checks what it reads and computes by itself, prints a line per check and ends with
how many passed. Here a chain is built and started for them, and their word is taken: exit code 0 and that
last line. A tool that is missing fails the test: an SDK that was not run was not passed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from hansa.sdk.account import Account
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

HERE = Path(__file__).parent
CALIPER = HERE / "caliper"
CALIPER_RESULT = re.compile(r"^\| (\w+) +\| (\d+) +\| (\d+) +\|", re.MULTILINE)
"""Of a round: its name, how many succeeded, how many failed."""
PASSED = re.compile(r"^(java|go) sdk: [1-9]\d* checks passed", re.MULTILINE)
BLOCK_INTERVAL_DEFAULT = "min_block_generation_time=500"
BLOCK_INTERVAL_SHORT = "min_block_generation_time=20"
SECONDS_MAX = 300
"""For one program, the download of its dependencies on first use included."""


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Cluster]:
    """Four running nodes, fresh for each program: a committee, once there, is there for all.

    Blocks follow each other more closely than by default: the programs send one transaction at a time.
    """
    built = Cluster.build(tmp_path)
    for index in range(built.count):
        settings = built.node_directory(index) / "conf" / "group.1.ini"
        text = settings.read_text("utf-8")
        assert BLOCK_INTERVAL_DEFAULT in text
        settings.write_text(text.replace(BLOCK_INTERVAL_DEFAULT, BLOCK_INTERVAL_SHORT), "utf-8")
    try:
        built.start_all()
        yield built
    finally:
        built.close()


@pytest.fixture(scope="module")
def artifact() -> Iterator[Path]:
    """The sample contract of the package, as a file."""
    with as_file(files("hansa.sdk") / "artifacts" / "HelloWorld.json") as path:
        yield path


def test_java_sdk(chain: Cluster, artifact: Path) -> None:
    maven = required("mvn", "Install Maven and a JDK of version 17 or newer.")
    arguments = [chain.sdk_directory, artifact, chain.channel_endpoint(0), chain.channel_endpoint(1)]
    output = run(
        [maven, "-q", "-B", "compile", "exec:java", f"-Dexec.args={' '.join(map(str, arguments))}"],
        HERE / "java",
    )
    assert PASSED.search(output), "the Java program ended early"


@pytest.mark.parametrize("transport", ["channel", "http"])
def test_go_sdk(chain: Cluster, artifact: Path, transport: str) -> None:
    go = required("go", "Install Go 1.21 or newer.")
    endpoint = chain.channel_endpoint(0) if transport == "channel" else rpc_endpoint(chain)
    output = run([go, "run", ".", transport, endpoint, chain.sdk_directory, artifact], HERE / "go")
    assert PASSED.search(output), "the Go program ended early"


def test_caliper(chain: Cluster, tmp_path: Path) -> None:
    npm = required("npm", "Install Node.js 20 or newer.")
    if caliper_is_outdated():
        # No package needs its install script here, and some would compile.
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], CALIPER)
    network = tmp_path / "network.json"
    network.write_text(json.dumps(caliper_network(chain), indent=2), "utf-8")
    output = run(
        [
            CALIPER / "node_modules" / ".bin" / "caliper",
            *("launch", "manager", "--caliper-workspace", "."),
            *("--caliper-networkconfig", network, "--caliper-benchconfig", "benchmark.yaml"),
            *(
                "--caliper-report-path",
                tmp_path / "report.html",
                "--caliper-logging-targets-file-enabled=false",
            ),
        ],
        CALIPER,
        # OpenSSL 3 refuses what the connector asks for as long as TLS 1.3 is on offer (client protocol §6.4).
        {"NODE_OPTIONS": "--tls-max-v1.2"},
    )
    results = CALIPER_RESULT.findall(output.partition("### All test results ###")[2])
    assert results == [("greet", "400", "0"), ("read", "400", "0"), ("open", "400", "0")]
    assert (tmp_path / "report.html").is_file()


def caliper_is_outdated() -> bool:
    """Whether Caliper is not installed as its lock file says; npm writes its own copy of it last."""
    installed = CALIPER / "node_modules" / ".package-lock.json"
    lock = CALIPER / "package-lock.json"
    return not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime


def caliper_network(chain: Cluster) -> dict[str, object]:
    """The connector's network file: which nodes, whose certificate, who signs, which contracts."""
    account = Account.create()
    nodes = [
        {"ip": "127.0.0.1", "rpcPort": chain.base + 2000 + index, "channelPort": chain.base + 1000 + index}
        for index in range(chain.count)
    ]
    sdk = chain.sdk_directory
    return {
        "caliper": {"blockchain": "fisco-bcos"},
        "fisco-bcos": {
            "config": {"privateKey": account.secret.hex(), "account": f"0x{account.address.hex()}"},
            "network": {
                "nodes": nodes,
                "authentication": {
                    "key": str(sdk / "sdk.key"),
                    "cert": str(sdk / "sdk.crt"),
                    "ca": str(sdk / "ca.crt"),
                },
                "groupID": 1,
                "timeout": 30_000,
            },
            "smartContracts": [
                {
                    "id": "helloworld",
                    "path": "contracts/HelloWorld.sol",
                    "language": "solidity",
                    "version": "1",
                },
                {
                    "id": "dagtransfer",
                    "address": f"0x{0x5002:040x}",
                    "language": "precompiled",
                    "version": "1",
                },
            ],
        },
    }


def rpc_endpoint(chain: Cluster) -> str:
    """Where node0 answers JSON-RPC."""
    return f"127.0.0.1:{chain.base + 2000}"


def required(tool: str, remedy: str) -> str:
    """Where a tool is, or a failure that says how to get it."""
    path = shutil.which(tool)
    if path is None:
        pytest.fail(f"{tool} is not installed, so this SDK cannot be tried. {remedy}", pytrace=False)
    return path


def run(command: list[str | Path], directory: Path, environment: dict[str, str] | None = None) -> str:
    """Run a program to its end, show what it printed, insist on success.

    It gets a session of its own, which ends with it: Caliper leaves its workers behind.
    """
    with TemporaryFile() as printed:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    print(output)  # noqa: T201
    if status is None:
        pytest.fail(f"not done within {SECONDS_MAX} s; what it printed is below", pytrace=False)
    if status:
        pytest.fail(f"it ended with exit code {status}; what it printed is below", pytrace=False)
    return output
