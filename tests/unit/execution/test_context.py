"""Tables, rights, accounts and log entries, as a contract meets them."""

from __future__ import annotations

import pytest

from hansa.execution import abi
from hansa.execution.sandbox import Sandbox
from hansa.kernel import keccak256
from tests.unit.execution.conftest import Trial

ALICE = Sandbox.account("alice")
BOB = Sandbox.account("bob")
CODE = bytes.fromhex("6001600c60003960016000f300")

NOTEBOOK = """
def notes(self, context: Context):
    return context.own_table("notes", key_field="author", fields=["text", "stars"])

@method("add(string,string,uint256)")
def add(self, context: Context, author: str, text: str, stars: int) -> None:
    self.notes(context).insert(author, {"text": text, "stars": stars})

@method("find(string,string,uint256)", returns="string[]")
def find(self, context: Context, author: str, operator: str, stars: int) -> list[str]:
    rows = self.notes(context).select(author, ("stars", operator, stars))
    return [row["text"] for row in rows]

@method("page(string,int256,int256)", returns="string[]")
def page(self, context: Context, author: str, offset: int, count: int) -> list[str]:
    return [row["text"] for row in self.notes(context).select(author, limit=(offset, count))]

@method("star(string,string,uint256)", returns="uint256")
def star(self, context: Context, author: str, text: str, stars: int) -> int:
    return self.notes(context).update(author, {"stars": stars}, ("text", "==", text))

@method("tear(string,string)", returns="uint256")
def tear(self, context: Context, author: str, text: str) -> int:
    return self.notes(context).remove(author, ("text", "==", text))

@method("first(string)", returns="string,uint256,uint256")
def first(self, context: Context, author: str) -> tuple[object, ...]:
    row = self.notes(context).first(author)
    return (row["author"], row.integer("stars"), row.integer("text")) if row else ("", 0, 0)
"""


@pytest.fixture
def notebook(trial: Trial) -> Sandbox:
    chain = trial(NOTEBOOK)
    for text, stars in (("one", 1), ("two", 2), ("ten", 10)):
        assert chain.send(ALICE, 0x5100, "add(string,string,uint256)", "ann", text, stars).status == 0
    return chain


@pytest.mark.parametrize(
    ("operator", "found"),
    [
        ("==", ["two"]),
        ("!=", ["one", "ten"]),
        (">", ["ten"]),
        (">=", ["two", "ten"]),
        ("<", ["one"]),
        ("<=", ["one", "two"]),
    ],
)
def test_rows_are_selected_by_condition(notebook: Sandbox, operator: str, found: list[str]) -> None:
    texts = notebook.call(
        ALICE, 0x5100, "find(string,string,uint256)", "ann", operator, 2, returns="string[]"
    )
    assert texts == (found,)


def test_an_unknown_operator_fails(notebook: Sandbox) -> None:
    receipt = notebook.send(ALICE, 0x5100, "find(string,string,uint256)", "ann", "~", 2)
    assert (receipt.status, receipt.error) == (21, "PrecompiledError")


def test_rows_are_paged_changed_and_removed(notebook: Sandbox) -> None:
    page = "page(string,int256,int256)"
    assert notebook.call(ALICE, 0x5100, page, "ann", 1, 1, returns="string[]") == (["two"],)
    star = notebook.send(ALICE, 0x5100, "star(string,string,uint256)", "ann", "one", 9)
    assert star.values("uint256") == (1,)
    assert notebook.call(ALICE, 0x5100, "first(string)", "ann", returns="string,uint256,uint256") == (
        "ann",
        9,
        0,
    )
    assert notebook.send(ALICE, 0x5100, "tear(string,string)", "ann", "one").values("uint256") == (1,)
    assert notebook.send(ALICE, 0x5100, "tear(string,string)", "ann", "one").values("uint256") == (0,)
    assert notebook.call(ALICE, 0x5100, page, "ann", 0, 9, returns="string[]") == (["two", "ten"],)


def test_nobody_else_reaches_the_tables_of_a_contract(notebook: Sandbox) -> None:
    """CRUD and the table factories put `u_` before every name."""
    crud = "select(string,string,string,string)"
    for name in ("p_5100_notes", "notes"):
        receipt = notebook.send(BOB, 0x1002, crud, name, "ann", "{}", "")
        assert receipt.values("int256") == (-50100,)
    assert notebook.executor.select("p_5100_notes", "ann")[0]["text"] == b"one"


SHARED = """
@method("write(string)")
def write(self, context: Context, text: str) -> None:
    context.create_user_table("shared", key_field="k", fields=["v"]).put("k", {"v": text})

@method("read()", returns="string")
def read(self, context: Context) -> str:
    table = context.user_table("shared")
    row = None if table is None else table.first("k")
    return "" if row is None else row["v"]

@method("try_write()", returns="string")
def try_write(self, context: Context) -> str:
    try:
        self.write(context, "more")
        return "written"
    except NotAuthorized as error:
        return error.text
"""


def test_user_tables_are_shared_and_written_with_the_rights_of_the_origin(trial: Trial) -> None:
    chain = trial(SHARED)
    assert chain.call(ALICE, 0x5100, "read()", returns="string") == ("",)
    assert chain.send(ALICE, 0x5100, "write(string)", "by Python").status == 0
    styled = chain.send(BOB, 0x1002, "select(string,string,string,string)", "shared", "k", "{}", "")
    assert '"v" : "by Python"' in str(styled.values("string")[0])
    # Only Alice may write the table from now on.
    address = "0x" + ALICE.address.hex()
    assert chain.send(ALICE, 0x1005, "insert(string,string)", "shared", address).values("int256") == (1,)
    denied = chain.send(BOB, 0x5100, "write(string)", "by Bob")
    refusal = f"Permission denied. {BOB.address.hex()} can't write u_shared"
    assert (denied.status, denied.error) == (21, refusal)
    assert chain.send(BOB, 0x5100, "try_write()").values("string") == (refusal,)
    assert chain.send(ALICE, 0x5100, "write(string)", "by Alice").status == 0
    assert chain.call(BOB, 0x5100, "read()", returns="string") == ("by Alice",)


def test_who_may_not_create_tables_does_not_through_a_contract(trial: Trial) -> None:
    chain = trial(SHARED)
    assert chain.send(ALICE, 0x1005, "insert(string,string)", "_sys_tables_", "0x" + "11" * 20).status == 0
    receipt = chain.send(BOB, 0x5100, "write(string)", "x")
    assert receipt.error == f"Permission denied. {BOB.address.hex()} can't create table u_shared"


def test_accounts_are_seen(trial: Trial) -> None:
    chain = trial(
        """
        @method("look(address)", returns="bool,bool,bool,address[]")
        def look(self, context: Context, address: Address) -> tuple[object, ...]:
            account = context.account(address)
            if account is None:
                return False, False, False, []
            return True, account.is_contract, account.is_frozen, account.managers

        @method("governs(address)", returns="bool,bool")
        def governs(self, context: Context, address: Address) -> tuple[bool, bool]:
            return context.is_committee_member(address), context.holds_right("_sys_config_", address)
        """
    )
    contract = chain.deploy(ALICE, CODE).contract_address
    returns = "bool,bool,bool,address[]"

    def look(address: bytes) -> tuple[abi.Value, ...]:
        return chain.call(BOB, 0x5100, "look(address)", address, returns=returns)

    assert look(BOB.address) == (False, False, False, [])
    assert look(ALICE.address) == (True, False, False, [])
    assert look(contract) == (True, True, False, [ALICE.address])
    assert chain.send(ALICE, 0x1007, "freeze(address)", contract).values("int256") == (1,)
    assert look(contract) == (True, True, True, [ALICE.address])

    governs = ("governs(address)", ALICE.address)
    assert chain.call(BOB, 0x5100, *governs, returns="bool,bool") == (False, False)
    assert chain.send(BOB, 0x1008, "grantCommitteeMember(address)", ALICE.address).values("int256") == (1,)
    assert chain.call(BOB, 0x5100, *governs, returns="bool,bool") == (True, True)


def test_log_entries_are_those_of_solidity(trial: Trial) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None:
            context.emit("Bare()")
            context.emit("Moved(address indexed,string indexed,uint256,string)", context.origin, "to", 7, "y")
            context.emit("Many(uint256[] indexed,bytes4)", [1, 2], b"abcd")
        """
    )
    bare, moved, many = chain.send(ALICE, 0x5100, "run()").fields["logs"]

    def topic(data: bytes) -> str:
        return "0x" + keccak256(data).hex()

    assert bare["topics"] == [topic(b"Bare()")]
    assert bare["data"] == "0x"
    assert bare["address"] == "0x" + (0x5100).to_bytes(20).hex()
    assert moved["topics"] == [
        topic(b"Moved(address,string,uint256,string)"),
        "0x" + ALICE.address.rjust(32, b"\0").hex(),
        topic(b"to"),
    ]
    assert moved["data"] == "0x" + abi.encode(abi.parse_kinds("uint256,string"), [7, "y"]).hex()
    assert many["topics"][1] == topic((1).to_bytes(32) + (2).to_bytes(32))


def test_more_than_three_indexed_values_fail(trial: Trial) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None:
            context.emit("E(bool indexed,bool indexed,bool indexed,bool indexed)", True, True, True, True)
        """
    )
    assert chain.send(ALICE, 0x5100, "run()").status == 21
