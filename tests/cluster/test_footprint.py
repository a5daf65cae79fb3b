"""A chain with nothing to do costs next to nothing; `footprint` measures for longer."""

from __future__ import annotations

import pytest

from tests.cluster.footprint import measure
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

CPU_PERCENT_MAX = 4.0
SETTLING_S = 4.0


def test_an_idle_node_sleeps(cluster: Cluster) -> None:
    cluster.wait(lambda: all(len(cluster.rpc(index, "getPeers", 1)) == 3 for index in range(4)), 20, "a mesh")
    measure(cluster, SETTLING_S)
    for node, footprint in measure(cluster, 8).items():
        assert footprint.cpu_percent < CPU_PERCENT_MAX, f"node{node}: {footprint}"
        first, last = footprint.open_files
        assert abs(last - first) <= 1, f"node{node}: {footprint}"
