"""The sample does what it says, also with several transactions in one block."""

from __future__ import annotations

from importlib.resources import files

import orjson
import pytest

from hansa.execution.sandbox import Sandbox, encode_call
from hansa.primitives import Address

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


class TestFromSolidity:
    """PointsShop (contracts/src), by solc 0.6.12: looks whether there is code, calls, decodes, catches."""

    @pytest.fixture
    def shop(self, chain: Sandbox) -> Address:
        artifact = orjson.loads((files("hansa.sdk") / "artifacts" / "PointsShop.json").read_bytes())
        deployed = chain.deploy(BEN, bytes.fromhex(artifact["bin"]))
        assert deployed.status == 0
        assert chain.send(ISSUER, POINTS, "issue(address,uint256)", deployed.contract_address, 10).status == 0
        return deployed.contract_address

    def sold(self, chain: Sandbox, shop: Address) -> tuple[object, ...]:
        return chain.call(ANN, shop, "sold()", returns="uint256") + chain.call(
            ANN, shop, "stock()", returns="uint256"
        )

    def test_a_contract_spends_what_it_has(self, chain: Sandbox, shop: Address) -> None:
        receipt = chain.send(ANN, shop, "refund(address,uint256)", BEN.address, 4)
        assert receipt.status == 0
        # The log entries of both, in the order in which they happened.
        addresses = [entry["address"] for entry in receipt.fields["logs"]]
        assert addresses == ["0x" + POINTS.to_bytes(20).hex(), "0x" + shop.hex()]
        assert self.sold(chain, shop) == (1, 6)
        assert balances(chain) == [100, 4]

    def test_a_failure_reverts_the_caller_with_its_words(self, chain: Sandbox, shop: Address) -> None:
        receipt = chain.send(ANN, shop, "refund(address,uint256)", BEN.address, 11)
        assert (receipt.status, receipt.error) == (22, "not enough points")
        assert self.sold(chain, shop) == (0, 10)

    def test_a_failure_can_be_caught(self, chain: Sandbox, shop: Address) -> None:
        paid = chain.send(ANN, shop, "tryRefund(address,uint256)", BEN.address, 3)
        assert paid.values("bool") == (True,)
        refused = chain.send(ANN, shop, "tryRefund(address,uint256)", BEN.address, 30)
        assert refused.values("bool") == (False,)
        assert self.sold(chain, shop) == (100, 7)
