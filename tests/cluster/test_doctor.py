"""`hansa doctor` beside a running chain: what it asks, at which port, what it says when nodes are away."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hansa.sdk.account import Account
from tests.cluster.harness import HANSA, Cluster

pytestmark = pytest.mark.cluster


def report(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and findings."""
    command = [HANSA, "doctor", "--json", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return finished.returncode, json.loads(finished.stdout)["findings"]


def test_a_chain_in_health_has_no_findings(cluster: Cluster) -> None:
    cluster.settle(0, cluster.send(0, Account.create(), b"\x01" * 20, b"a block"))
    cluster.wait_equal_heads()
    rpc, channel = f"127.0.0.1:{cluster.base + 2000}", cluster.channel_endpoint(0)
    assert report(cluster.node_directory(0)) == (0, [])
    assert report(rpc) == (0, [])
    assert report(channel, "--sdk", cluster.sdk_directory) == (0, [])


def test_the_wrong_certificate_is_named_in_words(cluster: Cluster, tmp_path: Path) -> None:
    strangers = Cluster.build(tmp_path / "strangers", count=1)
    status, findings = report(cluster.channel_endpoint(0), "--sdk", strangers.sdk_directory)
    assert status == 1
    assert findings[-1]["where"] == cluster.channel_endpoint(0)
    assert findings[-1]["problem"].startswith("TLS failed, its certificate")
    status, findings = report(cluster.channel_endpoint(0))
    assert status == 1
    assert "--sdk" in findings[0]["remedy"]


def test_missing_sealers_and_a_node_of_another_chain(cluster: Cluster, tmp_path: Path) -> None:
    cluster.kill(3)
    rpc = f"127.0.0.1:{cluster.base + 2000}"
    cluster.wait(lambda: len(report(rpc)[1]) == 1, 30, "the missing sealer is seen")
    status, (finding,) = report(rpc)
    assert (status, finding["severity"]) == (0, "warning")
    assert "is not connected" in finding["problem"]

    # Its own folder, with certificates of another chain: its peers refuse it, and the doctor says why.
    strangers = Cluster.build(tmp_path / "strangers", count=1)
    folder = cluster.node_directory(3)
    for name in ("node.crt", "node.key", "ca.crt"):
        shutil.copy(strangers.node_directory(0) / "conf" / name, folder / "conf" / name)
    status, findings = report(folder)
    assert status == 1
    refusals = [finding for finding in findings if "[p2p] node" in finding["where"]]
    assert len(refusals) == 3
    assert {finding["severity"] for finding in refusals} == {"error"}

    cluster.kill(2)
    cluster.wait(lambda: report(rpc)[0] == 1, 30, "the standstill is seen")
    assert "2 of 4 sealers are connected and 3 are needed" in report(rpc)[1][-1]["problem"]
