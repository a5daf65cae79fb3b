"""The official SDKs, unmodified, against a fresh chain of four nodes.

Each program in this folder checks what it reads and computes by itself, prints a line per check and ends with
how many passed. Here a chain is built and started for them, and their word is taken: exit code 0 and that
last line. A tool that is missing fails the test: an SDK that was not run was not passed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

HERE = Path(__file__).parent
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


def rpc_endpoint(chain: Cluster) -> str:
    """Where node0 answers JSON-RPC."""
    return f"127.0.0.1:{chain.base + 2000}"


def required(tool: str, remedy: str) -> str:
    """Where a tool is, or a failure that says how to get it."""
    path = shutil.which(tool)
    if path is None:
        pytest.fail(f"{tool} is not installed, so this SDK cannot be tried. {remedy}", pytrace=False)
    return path


def run(command: list[str | Path], directory: Path) -> str:
    """Run a program to its end, show what it printed, insist on success."""
    try:
        finished = subprocess.run(
            command,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_MAX,
        )
    except subprocess.TimeoutExpired as expired:
        printed = (
            expired.stdout.decode(errors="replace") if isinstance(expired.stdout, bytes) else expired.stdout
        )
        pytest.fail(f"not done within {SECONDS_MAX} s; so far it printed:\n{printed}", pytrace=False)
    print(finished.stdout)  # noqa: T201
    if finished.returncode:
        pytest.fail(f"it ended with exit code {finished.returncode}; what it printed is below", pytrace=False)
    return finished.stdout
