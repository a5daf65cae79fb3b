"""The workloads of `hansa bench` on four nodes: nothing lost or refused, and the chain holds what it said."""

from __future__ import annotations

import pytest

from hansa.bench.pour import Load
from hansa.bench.progress import Silence
from hansa.bench.report import make_report
from hansa.bench.session import Session, Target
from hansa.bench.workload import WorkloadOptions
from hansa.bench.workloads import WORKLOADS, make_workload
from hansa.bench.workloads.transfers import DAG_TRANSFER
from hansa.sdk import Account, ChainClient, load_artifact
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

COUNT = 400


def target_of(cluster: Cluster) -> Target:
    endpoints = [("127.0.0.1", cluster.base + 1000 + index) for index in range(cluster.count)]
    return Target(cluster.sdk_directory, endpoints)


async def test_every_workload_leaves_what_its_receipts_promised(cluster: Cluster) -> None:
    for name in WORKLOADS:
        options = WorkloadOptions(accounts=20, conflicts=0.2, seed=f"{name}-")
        async with Session.open(target_of(cluster), make_workload(name, options), Silence()) as session:
            flood = make_report(await session.measure(Load(count=COUNT, in_flight=100)))
            timed = make_report(await session.measure(Load(count=COUNT // 4, rate=200)))
            assert await session.audit() is None, name
        for report in (flood, timed):
            assert (report.lost, report.refused, report.succeeded) == (0, 0, report.sent), report.to_table()
            assert len(report.nodes) == cluster.count
            assert all(node.memory_mb_max > 1 for node in report.nodes)
        assert (flood.sent, timed.sent) == (COUNT, COUNT // 4)
        assert bool(flood.blocks) is (name != "call")
    cluster.assert_same_chain()


async def test_an_audit_notices_what_the_chain_does_not_hold(cluster: Cluster) -> None:
    target = target_of(cluster)
    workload = make_workload("dag", WorkloadOptions(accounts=4, seed="audited-"))
    async with (
        Session.open(target, workload, Silence()) as session,
        ChainClient.connect(target.sdk_folder, *target.endpoints[0]) as stranger,
    ):
        await session.measure(Load(count=10))
        assert await session.audit() is None
        data = load_artifact("DagTransfer").call_data(
            "userTransfer", "audited-account0", "audited-account1", 5
        )
        receipt = await stranger.transact(Account.create(), DAG_TRANSFER, data)
        assert receipt.status == 0
        fault = await session.audit()
    assert fault is not None
    assert "userBalance(audited-account0)" in fault
