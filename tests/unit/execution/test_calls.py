"""A contract in Python is called like any other, and what goes wrong inside stays inside."""

from __future__ import annotations

import logging

import pytest

from hansa.execution import abi
from hansa.execution.metering import GAS_PER_STEP, OPERATION_STEPS
from hansa.execution.sandbox import CallFailed, Sandbox, encode_call
from tests.unit.execution.conftest import Trial

ALICE = Sandbox.account("alice")
BOB = Sandbox.account("bob")


def test_a_method_is_found_by_its_selector_and_answers(trial: Trial) -> None:
    chain = trial(
        """
        @method("add(uint256,uint256)", returns="uint256")
        def add(self, context: Context, left: int, right: int) -> int:
            return left + right

        @method("pair(string)", returns="string,bytes32[]")
        def pair(self, context: Context, text: str) -> tuple[str, list[bytes]]:
            return text * 2, [b"x" * 32]

        @method("nothing()")
        def nothing(self, context: Context) -> None:
            pass
        """
    )
    assert chain.send(ALICE, 0x5100, "add(uint256,uint256)", 2, 3).values("uint256") == (5,)
    pair = chain.call(ALICE, 0x5100, "pair(string)", "ab", returns="string,bytes32[]")
    assert pair == ("abab", [b"x" * 32])
    nothing = chain.send(ALICE, 0x5100, "nothing()")
    assert (nothing.status, nothing.output) == (0, b"")


def test_a_contract_knows_who_calls_where_and_when(trial: Trial) -> None:
    chain = trial(
        """
        @method("facts()", returns="address,address,address,uint256,uint256,bool,bytes32")
        def facts(self, context: Context) -> tuple[object, ...]:
            return (
                context.origin, context.sender, context.address, context.block_number,
                context.block_timestamp_ms, context.is_static, context.block_hash(0),
            )
        """
    )
    returns = "address,address,address,uint256,uint256,bool,bytes32"
    here = (0x5100).to_bytes(20)
    genesis = chain.call(ALICE, 0x5100, "facts()", returns=returns)[-1]
    receipt = chain.send(ALICE, 0x5100, "facts()")
    assert receipt.values(returns) == (ALICE.address, ALICE.address, here, 1, 1000, False, genesis)
    # A read-only call stands on the committed head and counts as the block that would come next.
    assert chain.call(ALICE, 0x5100, "facts()", returns=returns)[3:5] == (2, 1000)


def test_what_fails_is_taken_back_and_says_why(trial: Trial) -> None:
    chain = trial(
        """
        def notes(self, context: Context):
            return context.own_table("notes", key_field="name", fields=["text"])

        @method("write(string,bool)", returns="uint256")
        def write(self, context: Context, text: str, fails: bool) -> int:
            self.notes(context).insert("n", {"text": text})
            context.emit("Written(string)", text)
            if fails:
                fail(f"not {text}")
            return len(self.notes(context).select("n"))
        """
    )
    failed = chain.send(ALICE, 0x5100, "write(string,bool)", "this", True)
    assert (failed.status, failed.error, failed.fields["logs"]) == (21, "not this", [])
    kept = chain.send(ALICE, 0x5100, "write(string,bool)", "that", False)
    assert (kept.status, kept.values("uint256"), len(kept.fields["logs"])) == (0, (1,), 1)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("return 1 // 0", "PrecompiledError"),
        ("return [][0]", "PrecompiledError"),
        ("return -1", "PrecompiledError"),
        ("return 'text'", "PrecompiledError"),
        ("return None", "PrecompiledError"),
        ("return 1, 2", "PrecompiledError"),
        ("return 1 << 256", "PrecompiledError"),
        ("return undefined_name", "PrecompiledError"),
        ("raise ValueError('secret of this Python version')", "PrecompiledError"),
        ("raise Failure('in my own words')", "in my own words"),
        ("fail(chr(0xd800))", "?"),
        ("context.own_table('t', key_field='k', fields=['v']).insert('k', {'w': '1'})", "has no field w"),
        ("context.own_table('t', key_field='k', fields=['v']).insert('k' * 256, {})", "greater than255"),
        (
            "context.own_table('t', key_field='k', fields=['v']).insert('k', {'v': 1 == 1})",
            "PrecompiledError",
        ),
        ("context.own_table('_t!', key_field='k', fields=['v'])", "Invalid name"),
        ("context.own_table('t', key_field='k', fields=['_v'])", 'Invalid name "_v"'),
        ("context.own_table('t', key_field='k', fields=['k'])", "repeat"),
        ("context.own_table('t' * 60, key_field='k', fields=['v'])", "length overflow 50"),
        ("context.emit('Not an event')", "PrecompiledError"),
        ("context.emit('E(uint8)', 256)", "PrecompiledError"),
    ],
)
def test_whatever_goes_wrong_is_a_failed_receipt_with_the_same_text_everywhere(
    trial: Trial, line: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    chain = trial(
        f"""
        @method("run()", returns="uint256")
        def run(self, context: Context) -> int:
            {line}
        """
    )
    with caplog.at_level(logging.INFO, "hansa.execution"):
        receipt = chain.send(ALICE, 0x5100, "run()")
    assert receipt.status == 21
    assert text in receipt.error
    # The node's log, not the chain, has the words of an unexpected error.
    assert bool(caplog.records) == (text == "PrecompiledError")


@pytest.mark.parametrize("data", ["", "01", "010203", "deadbeef", "deadbeef" + "00" * 40])
def test_an_unknown_method_fails(trial: Trial, data: str) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None: pass
        """
    )
    receipt = chain.send_data(ALICE, 0x5100, bytes.fromhex(data))
    assert (receipt.status, receipt.error) == (21, "Trial has no such method")


def test_arguments_that_do_not_fit_the_signature_fail(trial: Trial) -> None:
    chain = trial(
        """
        @method("run(uint8)")
        def run(self, context: Context, number: int) -> None: pass
        """
    )
    good = encode_call("run(uint8)", [1])
    for data, text in (
        (good[:-1], "the call data is not made of 32-byte words"),
        (good[:4], "the call data ends before its parameters do"),
        (good[:4] + (256).to_bytes(32), "256 is out of range of uint8"),
    ):
        receipt = chain.send_data(ALICE, 0x5100, data)
        assert (receipt.status, receipt.error) == (21, text)
    with pytest.raises(CallFailed, match="has no such method"):
        chain.call(ALICE, 0x5100, "other()", returns="")


def test_a_read_only_call_may_write_and_leaves_nothing(trial: Trial) -> None:
    chain = trial(
        """
        @method("count()", returns="uint256")
        def count(self, context: Context) -> int:
            table = context.own_table("seen", key_field="k", fields=["v"])
            table.insert("k", {"v": 1})
            return len(table.select("k"))
        """
    )
    for _ in range(2):
        assert chain.call(ALICE, 0x5100, "count()", returns="uint256") == (1,)
    assert chain.send(ALICE, 0x5100, "count()").values("uint256") == (1,)
    assert chain.call(ALICE, 0x5100, "count()", returns="uint256") == (2,)


def test_a_contract_starts_at_its_height(trial: Trial) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None: pass
        """,
        height=3,
    )
    # Two blocks in which nobody is there; the call stands on the next block, which would be the third.
    assert [chain.send(ALICE, 0x5100, "run()").status for _ in range(2)] == [26, 26]
    assert chain.call(ALICE, 0x5100, "run()", returns="") == ()
    assert chain.send(ALICE, 0x5100, "run()").status == 0


class Disk(dict[bytes, bytes]):
    """Rows of which some cannot be read."""

    def get(self, key: bytes, default: object = None) -> bytes | None:  # type: ignore[override]
        if b"u_anything" in key:
            raise OSError("the disk is gone")
        return super().get(key)


def test_a_storage_that_fails_ends_the_block_whatever_the_contract_makes_of_it(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None:
            try:
                context.user_table("anything")
            except Exception:
                pass
        """
    )
    monkeypatch.setattr(chain, "_rows", Disk(chain._rows))
    with pytest.raises(OSError, match="the disk is gone"):
        chain.send(ALICE, 0x5100, "run()")


def test_gas_counts_operations_memory_and_steps(trial: Trial) -> None:
    chain = trial(
        """
        @method("idle()")
        def idle(self, context: Context) -> None: pass

        @method("turn(uint256)")
        def turn(self, context: Context, count: int) -> None:
            for _ in range(count): pass

        @method("look()")
        def look(self, context: Context) -> None:
            context.user_table("nothing")
        """
    )
    base = chain.send(ALICE, 0x5100, "idle()").gas_used
    # One function, no operation: the transaction's own gas, a word of call data, a step.
    assert base == 21_000 + 4 * 68 + 3 + 200
    # Opening a table has its price, and counts as steps.
    assert chain.send(ALICE, 0x5100, "look()").gas_used == base + 200 + OPERATION_STEPS * GAS_PER_STEP
    few, many = (chain.send(ALICE, 0x5100, "turn(uint256)", count).gas_used for count in (3, 8))
    assert many - few == 5 * 200


def test_solidity_reads_failures_and_answers(trial: Trial) -> None:
    assert abi.selector("Error(string)").hex() == "08c379a0"
    chain = trial(
        """
        @method("who()", returns="address,address,bool")
        def who(self, context: Context) -> tuple[object, ...]:
            return context.origin, context.sender, context.is_static

        @method("note(bool)")
        def note(self, context: Context, fails: bool) -> None:
            context.own_table("notes", key_field="k", fields=["v"]).insert("k", {"v": 1})
            if fails:
                fail("no note")

        @method("count()", returns="uint256")
        def count(self, context: Context) -> int:
            return len(context.own_table("notes", key_field="k", fields=["v"]).select("k"))
        """
    )
    caller = chain.deploy(ALICE, FORWARDER.creation()).contract_address
    viewer = chain.deploy(ALICE, VIEWER.creation()).contract_address
    swallower = chain.deploy(ALICE, SWALLOWER.creation()).contract_address

    who = "address,address,bool"
    assert chain.send(BOB, caller, "who()").values(who) == (BOB.address, caller, False)
    assert chain.call(BOB, viewer, "who()", returns=who) == (BOB.address, viewer, True)

    failed = chain.send(BOB, caller, "note(bool)", True)
    assert (failed.status, failed.error) == (22, "no note")
    # A caller that goes on after a failed call: what the call did is gone, what came before is not.
    went_on = chain.send(BOB, swallower, "note(bool)", True)
    assert (went_on.status, went_on.values("bool")) == (0, (False,))
    assert chain.send(BOB, caller, "note(bool)", False).status == 0
    assert chain.call(BOB, 0x5100, "count()", returns="uint256") == (1,)


class Code:
    """EVM code by hand."""

    def __init__(self, runtime: str) -> None:
        self._runtime = bytes.fromhex(runtime.replace(" ", ""))

    def creation(self) -> bytes:
        """What deploys it: CODECOPY behind these eleven bytes, RETURN."""
        return bytes.fromhex(f"60{len(self._runtime):02x}80600b6000396000f3") + self._runtime


_COPY = "36 6000 6000 37"  # CALLDATACOPY(0, 0, CALLDATASIZE)
_CALL = "6000 6000 36 6000 6000 615100 5a f1"  # CALL(GAS, 0x5100, 0, 0, CALLDATASIZE, 0, 0)
_STATIC = "6000 6000 36 6000 615100 5a fa"
_ANSWER = "3d 6000 6000 3e {jump} 57 3d 6000 fd 5b 3d 6000 f3"  # return or revert with what came back

FORWARDER = Code(_COPY + _CALL + _ANSWER.format(jump="6021"))
VIEWER = Code(_COPY + _STATIC + _ANSWER.format(jump="601f"))
SWALLOWER = Code(_COPY + _CALL + "6000 52 6020 6000 f3")
