"""A rotation of rPBFT's working sealers, from its proof to the rows it leaves."""

from __future__ import annotations

import pytest

from hansa.execution import abi
from hansa.execution.contracts import working_sealers
from hansa.execution.contracts.working_sealers import draw
from hansa.execution.sandbox import Sandbox, SandboxAccount
from hansa.kernel import public_key

ACCOUNTS = [Sandbox.account(f"node{index}") for index in range(4)]
NODES = [public_key(account.secret).hex() for account in ACCOUNTS]
RANDOM = bytes(range(32))
ROTATE = abi.selector("rotateWorkingSealer(std::string, std::string, std::string)")


def chain(*, epoch_blocks: int = 2, is_notified: bool = False) -> Sandbox:
    """Two work, two wait; an epoch has so many blocks."""
    parameters = {"rpbft_epoch_sealer_num": 2, "rpbft_epoch_block_num": epoch_blocks}
    if is_notified:
        parameters["notify_rotate"] = 1
    rows = [
        ("_sys_config_", [("key", key), ("value", str(value)), ("enable_num", "0")])
        for key, value in parameters.items()
    ]
    for index, node in enumerate(NODES):
        kind = "wSealer" if index < 2 else "sealer"
        fields = [("name", "node"), ("type", kind), ("node_id", node), ("enable_num", "0")]
        rows.append(("_sys_consensus_", fields))
    return Sandbox(rows=rows)


def rotate(sandbox: Sandbox, sender: SandboxAccount, *, input_text: str | None = None) -> tuple[int, str]:
    text = sandbox.head_hash.hex() if input_text is None else input_text
    arguments = abi.encode(abi.parse_kinds("string,string,string"), ["key", text, "proof"])
    receipt = sandbox.send_data(sender, 0x1011, ROTATE + arguments)
    return receipt.status, receipt.error


def types(sandbox: Sandbox) -> dict[str, tuple[bytes, bytes]]:
    rows = sandbox.executor.select("_sys_consensus_", "node")
    return {row["node_id"].decode(): (row["type"], row["enable_num"]) for row in rows}


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every proof is one; the chain's own are held to a published one in tests/golden."""
    monkeypatch.setattr(working_sealers, "vrf_verify", lambda *texts: RANDOM)


@pytest.mark.usefixtures("proofs")
def test_one_goes_and_one_comes_at_the_end_of_an_epoch() -> None:
    sandbox = chain()
    sandbox.skip_to(2)
    assert rotate(sandbox, ACCOUNTS[0]) == (0, "")
    random = int.from_bytes(RANDOM)
    (leaving,) = draw([bytes.fromhex(node) for node in NODES[:2]], 1, random)
    (coming,) = draw([bytes.fromhex(node) for node in NODES[2:]], 1, random)
    found = types(sandbox)
    assert found[leaving.hex()] == (b"sealer", b"3")
    assert found[coming.hex()] == (b"wSealer", b"3")
    assert sum(kind == b"wSealer" for kind, _ in found.values()) == 2


@pytest.mark.usefixtures("proofs")
def test_nothing_happens_before_the_end_of_an_epoch() -> None:
    sandbox = chain(epoch_blocks=1000)
    sandbox.skip_to(2)
    before = types(sandbox)
    assert rotate(sandbox, ACCOUNTS[0], input_text="anything") == (0, "")
    assert types(sandbox) == before


@pytest.mark.usefixtures("proofs")
def test_only_working_sealers_and_only_with_the_parents_hash() -> None:
    sandbox = chain()
    sandbox.skip_to(2)
    prefix = "rotateWorkingSealer: "
    assert rotate(sandbox, ACCOUNTS[0], input_text="00" * 32) == (
        21,
        prefix + "the input is not the hash of the parent block",
    )
    sandbox.skip_to(4)
    assert rotate(sandbox, ACCOUNTS[3]) == (21, prefix + "the sender is not a working sealer")


def test_a_proof_that_is_none_is_refused() -> None:
    sandbox = chain()
    sandbox.skip_to(2)
    assert rotate(sandbox, ACCOUNTS[0]) == (21, "rotateWorkingSealer: the proof is not valid")


@pytest.mark.usefixtures("proofs")
def test_a_notification_is_answered_once() -> None:
    sandbox = chain(epoch_blocks=1000, is_notified=True)
    sandbox.skip_to(2)
    assert rotate(sandbox, ACCOUNTS[0]) == (0, "")
    (row,) = sandbox.executor.select("_sys_config_", "notify_rotate")
    assert (row["value"], row["enable_num"]) == (b"0", b"3")
    assert sum(number == b"3" for _, number in types(sandbox).values()) == 2
