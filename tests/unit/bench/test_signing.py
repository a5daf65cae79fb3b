"""Requests made ready: what they hold, and in which order they come."""

from __future__ import annotations

import json

import pytest

from hansa.bench.signing import BLOCK_LIMIT_AHEAD, Recipe, Request, Supply, make_ready
from hansa.bench.workload import WorkloadOptions
from hansa.bench.workloads import make_workload
from hansa.kernel import Transaction
from hansa.primitives import Address
from hansa.sdk import Account

ACCOUNT = Account.create()
ADDRESS = Address(b"\x07" * 20)


def recipe(name: str) -> Recipe:
    return Recipe(make_workload(name, WorkloadOptions(accounts=10)), [ADDRESS], ACCOUNT.secret, 1, 3)


async def take_all(supply: Supply) -> list[Request]:
    requests: list[Request] = []
    while batch := await supply.take():
        requests += batch
    return requests


def test_a_transaction_is_signed_for_the_chain() -> None:
    made = recipe("kv")
    action = made.workload.action(made.addresses, 5)
    request = make_ready(made, action, 77)
    transaction = Transaction.decode(request.payload)
    assert not request.is_read
    assert (transaction.to, transaction.data, transaction.sender) == (ADDRESS, action.data, ACCOUNT.address)
    assert (transaction.chain_id, transaction.group_id, transaction.block_limit) == (1, 3, 77)
    assert make_ready(made, action, 77) != request  # another nonce


def test_a_question_is_json_rpc() -> None:
    made = recipe("call")
    request = make_ready(made, made.workload.action(made.addresses, 0), 0)
    question = json.loads(request.payload)
    assert request.is_read
    assert (question["method"], question["params"][0]) == ("call", 3)
    assert question["params"][1]["to"] == "0x" + ADDRESS.hex()


@pytest.mark.parametrize("ahead", [1, 600, 5000])
async def test_a_supply_is_complete_and_in_order(ahead: int) -> None:
    made = recipe("kv")
    heights = [41]
    told: list[tuple[int, int]] = []
    async with Supply(made, first=7, count=1203, ahead=ahead, height=lambda: heights[0]) as supply:
        await supply.fill(lambda done, total: told.append((done, total)))
        requests = await take_all(supply)
        assert await supply.take() == []
    transactions = [Transaction.decode(request.payload) for request in requests]
    expected = [made.workload.action(made.addresses, number).data for number in range(7, 7 + 1203)]
    assert [transaction.data for transaction in transactions] == expected
    assert {transaction.block_limit for transaction in transactions} == {41 + BLOCK_LIMIT_AHEAD}
    assert told[-1][0] >= told[-1][1]


async def test_later_batches_are_valid_from_the_head_of_their_time() -> None:
    heights = [0]
    async with Supply(recipe("kv"), first=0, count=2000, ahead=500, height=lambda: heights[0]) as supply:
        first = await supply.take()
        heights[0] = 1000
        rest = await take_all(supply)
    assert Transaction.decode(first[0].payload).block_limit == BLOCK_LIMIT_AHEAD
    assert Transaction.decode(rest[-1].payload).block_limit == 1000 + BLOCK_LIMIT_AHEAD


async def test_an_endless_supply_is_left_in_the_middle() -> None:
    async with Supply(recipe("kv"), first=0, count=None, ahead=1000, height=lambda: 0) as supply:
        await supply.fill(lambda done, total: None)
        assert len(await supply.take()) == 500
        assert len(await supply.take()) == 500


async def test_processes_sign_like_threads() -> None:
    made = recipe("kv")
    async with Supply(made, first=0, count=4500, ahead=4500, height=lambda: 0) as supply:
        requests = await take_all(supply)
    assert len(requests) == 4500
    last = Transaction.decode(requests[-1].payload)
    assert last.data == made.workload.action(made.addresses, 4499).data
    assert last.sender == ACCOUNT.address


def test_the_secret_is_not_shown() -> None:
    assert ACCOUNT.secret.hex() not in repr(recipe("kv"))
    assert "secret" not in repr(recipe("kv"))
