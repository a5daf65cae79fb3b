"""`kill -9` at any time loses no committed block."""

from __future__ import annotations

import random

import pytest

from hansa.sdk.account import Account
from hansa.sdk.contract import load_artifact
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

ROUNDS = 8
SEED = 4711


def test_killed_nodes_keep_what_was_committed_and_catch_up(cluster: Cluster) -> None:
    chance = random.Random(SEED)
    account, transfer = Account.create(), load_artifact("Transfer")
    deployed = cluster.settle(0, cluster.send(0, account, None, transfer.deployment()))
    contract = bytes.fromhex(deployed["contractAddress"][2:])
    sent: list[str] = []
    for round_number in range(ROUNDS):
        victim = chance.randrange(cluster.count)
        others = [index for index in range(cluster.count) if index != victim]
        for account_number in range(chance.randrange(5, 40)):
            data = transfer.call_data("open", f"{round_number}-{account_number}", account_number)
            sent.append(cluster.send(chance.choice(others), account, contract, data))
        before = cluster.block(victim, cluster.height(victim))
        cluster.kill(victim)
        cluster.settle(others[0], sent[-1], 60)
        cluster.start(victim)
        height = int(before["number"], 16)
        assert cluster.block(victim, height)["hash"] == before["hash"]
        cluster.wait(
            lambda victim=victim: cluster.receipt(victim, sent[-1]) is not None,
            60,
            f"node{victim} catches up in round {round_number}",
        )
    for transaction_hash in sent:
        assert cluster.settle(0, transaction_hash, 60)["status"] == "0x0"
    cluster.assert_same_chain()
