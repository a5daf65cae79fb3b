"""The scripts of a node, run with a small program in the place of hansa."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.chain import BuiltChain

NODE = """#!/bin/sh
echo "starting $*"
sleep 0.3
echo "The node is running"
trap 'exit 0' TERM
while :; do
    sleep 0.05
    for signal in append_group reset_certificate_whitelist reset_allowlist; do
        rm -f "$3.$signal"
    done
done
"""


class Host:
    """Two nodes that can be started."""

    def __init__(self, directory: Path, hansa: Path) -> None:
        self.directory = directory
        self.hansa = hansa

    def run(self, script: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, self.directory / script],
            env={**os.environ, "HANSA_BIN": str(self.hansa)},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
        )

    def pid(self, node: str) -> int:
        return int((self.directory / node / "node.pid").read_text())

    def become(self, program: str) -> None:
        self.hansa.write_text(program)
        self.hansa.chmod(0o755)


@pytest.fixture
def host(chain: BuiltChain, tmp_path: Path) -> Iterator[Host]:
    directory = tmp_path / "a host"
    shutil.copytree(chain.directory / "127.0.0.1", directory)
    made = Host(directory, tmp_path / "hansa")
    made.become(NODE)
    yield made
    made.run("stop_all.sh")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_start_and_stop(host: Host, shell: str) -> None:
    started = host.run("node0/start.sh", shell)
    assert (started.returncode, started.stderr) == (0, "")
    pid = host.pid("node0")
    assert started.stdout == f"node0 start successfully pid={pid}\n"
    assert str(host.directory / "node0").encode() in Path(f"/proc/{pid}/cmdline").read_bytes()

    again = host.run("node0/start.sh", shell)
    assert (again.returncode, again.stdout) == (0, f"node0 is running already, pid is {pid}\n")

    stopped = host.run("node0/stop.sh", shell)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "stop node0 success\n", "")
    assert not is_running(pid)
    assert host.run("node0/stop.sh", shell).stdout == "node0 isn't running\n"


def test_all_nodes_of_a_host(host: Host) -> None:
    assert host.run("start_all.sh").returncode == 0
    pids = [host.pid("node0"), host.pid("node1")]
    assert all(map(is_running, pids))
    assert host.run("node0/stop.sh").returncode == 0
    assert [is_running(pid) for pid in pids] == [False, True]
    stopped = host.run("stop_all.sh")
    assert stopped.returncode == 0
    assert sorted(stopped.stdout.splitlines()) == ["node0 isn't running", "stop node1 success"]


def test_a_node_that_ends_at_once_is_told_with_its_last_words(host: Host) -> None:
    (host.directory / "node0/nohup.out").write_text("of last week: The node is running\n")
    host.become("#!/bin/sh\necho 'config.ini:3: no such port'\nexit 1\n")
    started = host.run("node0/start.sh")
    assert started.returncode == 1
    assert "node0 did not start" in started.stderr
    assert "config.ini:3: no such port" in started.stderr
    assert not (host.directory / "node0/node.pid").exists()
    assert host.run("start_all.sh").returncode == 1


def test_a_missing_command_is_told(host: Host) -> None:
    host.hansa.unlink()
    started = host.run("node0/start.sh")
    assert started.returncode == 1
    assert "Install hansa, or set HANSA_BIN" in started.stderr


def test_a_process_that_took_over_the_number_is_left_alone(host: Host) -> None:
    other = subprocess.Popen(["sleep", "30"])
    try:
        (host.directory / "node0/node.pid").write_text(f"{other.pid}\n")
        assert host.run("node0/stop.sh").stdout == "node0 isn't running\n"
        assert other.poll() is None
        started = host.run("node0/start.sh")
        assert started.returncode == 0
        assert host.pid("node0") != other.pid
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("load_new_groups.sh", "looked for new groups"),
        ("reload_whitelist.sh", "certificate whitelist again"),
        ("reload_sdk_allowlist.sh", "allow-lists again"),
    ],
)
def test_signals_to_a_running_node(host: Host, script: str, words: str) -> None:
    silent = host.run(f"node0/scripts/{script}")
    assert silent.returncode == 1
    assert "isn't running" in silent.stderr
    host.run("node0/start.sh")
    answered = host.run(f"node0/scripts/{script}")
    assert (answered.returncode, answered.stderr) == (0, "")
    assert words in answered.stdout
    assert list((host.directory / "node0").glob("config.ini.*")) == []


def test_a_broken_whitelist_is_refused_before_the_node_sees_it(host: Host) -> None:
    config = host.directory / "node0/config.ini"
    config.write_text(config.read_text().replace(";cal.0=", "cal.0=12"))
    reloaded = host.run("node0/scripts/reload_whitelist.sh")
    assert reloaded.returncode == 1
    assert "cal.0=12" in reloaded.stderr


def test_the_monitor_starts_what_does_not_run(host: Host) -> None:
    host.run("node1/start.sh")
    watched = host.run("node0/scripts/monitor.sh")
    assert "node0: does not run, starting it" in watched.stdout
    assert "node0 start successfully" in watched.stdout
    assert "node1: group 1 does not answer at 127.0.0.1:8546" in watched.stdout


def test_a_node_is_ended_within_the_time_of_the_script(host: Host) -> None:
    host.run("node0/start.sh")
    before = time.monotonic()
    assert host.run("node0/stop.sh").returncode == 0
    assert time.monotonic() - before < 5
