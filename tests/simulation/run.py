"""Runs one seed: a bad time, then a good one in which everything that waits must be committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.cluster import Cluster
from tests.simulation.faults import FaultMix, load_mixes
from tests.simulation.pbft_node import pbft_cluster
from tests.simulation.raft_node import raft_cluster
from tests.simulation.rpbft_node import rpbft_cluster

ENGINES: dict[str, Callable[[int, FaultMix, int], Cluster]] = {
    "pbft": pbft_cluster,
    "rpbft": rpbft_cluster,
    "raft": raft_cluster,
}
"""By name: how a group of that engine is made."""

RECOVERY_MS_MAX = 120_000
TRANSACTION_INTERVAL_MS = (20, 2000)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    seed: int
    mix: str
    size: int
    height: int
    recovery_ms: int
    history: str
    """A hash of everything that happened: the same for the same seed."""


def mix_of(seed: int) -> FaultMix:
    """Seeds take the mixes in turn."""
    mixes = load_mixes()
    return mixes[seed % len(mixes)]


def simulate(engine: str, seed: int, *, keep_history: bool = False) -> tuple[Outcome, list[str]]:
    """Run one seed with the engine of this name.

    Raises:
        AssertionError: a checker, an invariant, or no progress after the bad time.
    """
    mix = mix_of(seed)
    plan = Random(seed ^ 0x5EED)
    size = plan.choice(mix.sizes)
    cluster = ENGINES[engine](seed, mix, size)
    if keep_history:
        cluster.lines = []
    try:
        outcome = _run(cluster, plan, seed)
    except Exception as error:
        error.add_note(f"{engine}, seed {seed}, mix {mix.name}, {size} sealers, at {cluster.now} ms")
        if cluster.lines is not None:
            error.add_note("\n".join(cluster.lines[-200:]))
        raise
    return outcome, cluster.lines or []


def _run(cluster: Cluster, plan: Random, seed: int) -> Outcome:
    mix = cluster.mix
    for node in cluster.nodes:
        node.start()
    transactions = _plan_transactions(cluster, plan)
    _plan_faults(cluster, plan)
    cluster.run_until(mix.faulty_ms)
    cluster.heal()
    healed_ms = cluster.now
    for number in transactions:
        _submit_everywhere(cluster, number)

    def all_is_well() -> bool:
        heights = {node.height for node in cluster.nodes}
        return len(heights) == 1 and cluster.checkers.committed.issuperset(transactions)

    recovered = cluster.run_until(healed_ms + RECOVERY_MS_MAX, all_is_well)
    assert recovered, f"no progress: heights {[node.height for node in cluster.nodes]}"
    return Outcome(
        seed=seed,
        mix=mix.name,
        size=cluster.size,
        height=cluster.nodes[0].height,
        recovery_ms=cluster.now - healed_ms,
        history=cluster.history.hexdigest(),
    )


def _plan_transactions(cluster: Cluster, plan: Random) -> list[int]:
    numbers: list[int] = []
    time_ms = 0
    while time_ms < cluster.mix.faulty_ms:
        time_ms += plan.randint(*TRANSACTION_INTERVAL_MS)
        for _ in range(plan.randint(1, 30)):
            number = len(numbers)
            numbers.append(number)
            for node in cluster.nodes:
                if plan.random() >= cluster.mix.gossip_loss:
                    cluster.at(
                        time_ms + plan.randint(0, 20),
                        lambda node=node, number=number: node.submit(number) if node.is_up else None,
                    )
    return numbers


def _submit_everywhere(cluster: Cluster, number: int) -> None:
    for node in cluster.nodes:
        node.submit(number)


def _plan_faults(cluster: Cluster, plan: Random) -> None:
    mix = cluster.mix
    if mix.split_every_ms:
        for time_ms in range(mix.split_every_ms // 2, mix.faulty_ms, mix.split_every_ms):
            side = set(plan.sample(range(cluster.size), plan.randint(1, max(1, cluster.size // 2))))
            cluster.at(time_ms, lambda side=side: cluster.split(side))
            cluster.at(time_ms + mix.split_every_ms // 2, cluster.mend)
    if mix.crash_every_ms:
        for time_ms in range(mix.crash_every_ms, mix.faulty_ms, mix.crash_every_ms):
            index = plan.randrange(cluster.size)
            cluster.at(time_ms, lambda index=index: cluster.strike(index))
