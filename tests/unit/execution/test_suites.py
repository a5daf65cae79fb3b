"""Contracts in Python on a guomi chain: selectors, topics, accounts and errors are hashed with SM3."""

from hansa.execution.sandbox import Sandbox
from hansa.kernel import Suite, public_key
from tests.unit.execution.conftest import Trial

ALICE = Sandbox.account("alice", Suite.SM)

GREETER = """
@method("greet(string)", returns="bool")
def greet(self, context: Context, name: str) -> bool:
    if not name:
        fail("nobody is greeted")
    context.emit("Greeted(string indexed)", name)
    account = context.account(context.address)
    return account is not None and account.is_contract
"""


def test_a_contract_is_called_and_answers_by_the_suite_of_its_chain(trial: Trial) -> None:
    chain = trial(GREETER, suite=Suite.SM)
    receipt = chain.send(ALICE, 0x5100, "greet(string)", "Bob")
    assert receipt.values("bool") == (False,)
    (log,) = receipt.fields["logs"]
    assert log["topics"] == ["0x" + Suite.SM.hash(text).hex() for text in (b"Greeted(string)", b"Bob")]
    assert receipt.fields["from"] == "0x" + Suite.SM.address(public_key(ALICE.secret, suite=Suite.SM)).hex()
    failed = chain.send(ALICE, 0x5100, "greet(string)", "")
    assert failed.error == "nobody is greeted"
    assert failed.output[:4].hex() == "c703cb12"


def test_selectors_of_the_other_suite_are_unknown(trial: Trial) -> None:
    chain = trial(GREETER, suite=Suite.SM)
    keccak = Suite.STANDARD.hash(b"greet(string)")[:4]
    assert chain.send_data(ALICE, 0x5100, keccak + bytes(64)).error == "Trial has no such method"


def test_an_account_that_is_given_gas_has_the_hash_of_no_code(trial: Trial) -> None:
    """It gets a table, and is no contract (execution §1.15)."""
    charger = [("key", "charger_list"), ("value", ALICE.address.hex() + ","), ("enable_num", "0")]
    chain = Sandbox(rows=[("_sys_config_", charger)], suite=Suite.SM)
    bob = Sandbox.account("bob", Suite.SM).address
    assert chain.send(ALICE, 0x1009, "charge(address,uint256)", bob, 7).values("int256,uint256") == (0, 7)
    (row,) = chain.executor.select("c_" + bob.hex(), "codeHash")
    assert row["value"] == Suite.SM.hash(b"")
    _, status = chain.call(ALICE, 0x1007, "getStatus(address)", bob, returns="int256,string")
    assert status == "This is not a contract address."
