"""The sample does what it says, also with several transactions in one block."""

from __future__ import annotations

import pytest

from hansa.execution.sandbox import Sandbox, encode_call

POINTS = 0x5100
ISSUER, ANN, BEN = map(Sandbox.account, ("issuer", "ann", "ben"))


@pytest.fixture
def chain() -> Sandbox:
    sandbox = Sandbox(["hansa.execution.samples.points:Points"])
    assert sandbox.send(ISSUER, POINTS, "becomeIssuer()").values("bool") == (True,)
    assert sandbox.send(ISSUER, POINTS, "issue(address,uint256)", ANN.address, 100).status == 0
    return sandbox


def balances(chain: Sandbox) -> list[int]:
    holders = [ANN.address, BEN.address]
    (found,) = chain.call(ANN, POINTS, "balancesOf(address[])", holders, returns="uint256[]")
    assert isinstance(found, list)
    return [int(str(balance)) for balance in found]


def test_points_are_issued_by_the_issuer_only(chain: Sandbox) -> None:
    assert chain.send(ANN, POINTS, "becomeIssuer()").values("bool") == (False,)
    refused = chain.send(ANN, POINTS, "issue(address,uint256)", ANN.address, 1)
    assert (refused.status, refused.error) == (21, "only the issuer may issue")
    assert balances(chain) == [100, 0]


def test_points_are_passed_on_while_they_last(chain: Sandbox) -> None:
    transfer = encode_call("transfer(address,uint256)", [BEN.address, 40])
    receipts = chain.send_block([chain.sign(ANN, POINTS, transfer) for _ in range(3)])
    assert [receipt.status for receipt in receipts] == [0, 0, 21]
    assert receipts[2].error == "not enough points"
    assert [len(receipt.fields["logs"]) for receipt in receipts] == [1, 1, 0]
    assert balances(chain) == [20, 80]


def test_there_are_never_more_than_fit(chain: Sandbox) -> None:
    refused = chain.send(ISSUER, POINTS, "issue(address,uint256)", ANN.address, (1 << 256) - 1)
    assert (refused.status, refused.error) == (21, "too many points")
