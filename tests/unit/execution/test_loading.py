"""Contracts are found by name, checked, and put at their addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.execution import ContractError, load_contract, load_contracts
from hansa.kernel import keccak256

SOURCE = """
from hansa.execution import Context, Contract, method

class One(Contract):
    address = {address}

    @method("run()")
    def run(self, context: Context) -> None: pass

class NoContract:
    address = 0x5100
"""


def write(folder: Path, name: str = "one", address: str = "0x5100") -> Path:
    file = folder / f"{name}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SOURCE.format(address=address))
    return file


def test_a_contract_has_its_address_and_the_digest_of_its_source(tmp_path: Path) -> None:
    file = write(tmp_path)
    contract = load_contract("one:One", tmp_path)
    assert contract.address == (0x5100).to_bytes(20)
    assert (contract.first_block, contract.source_digest) == (0, keccak256(file.read_bytes()).hex())
    assert load_contract("one:One@1200", tmp_path).first_block == 1200


def test_packages_around_a_module_are_not_run(tmp_path: Path) -> None:
    write(tmp_path, "bank/ledger/one")
    (tmp_path / "bank" / "__init__.py").write_text("raise SystemExit('this ran')")
    assert load_contract("bank.ledger.one:One", tmp_path).address == (0x5100).to_bytes(20)


def test_installed_modules_are_found_too(tmp_path: Path) -> None:
    assert load_contract("hansa.execution.samples.points:Points", tmp_path).address == (0x5100).to_bytes(20)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one", "is not the name of a contract"),
        ("one:", "is not the name of a contract"),
        ("../one:One", "is not the name of a contract"),
        ("one:One@", "is not the name of a contract"),
        ("absent:One", "there is no absent.py"),
        ("one.two:One", "there is no one/two.py"),
        ("one:Two", "has no class Two that is a Contract"),
        ("one:NoContract", "has no class NoContract that is a Contract"),
        ("one:method", "has no class method that is a Contract"),
        ("math:One", "there is no math.py"),
        ("low:One", "must be a number from 0x5100 to 0xffff"),
        ("high:One", "must be a number from 0x5100 to 0xffff"),
        ("text:One", "must be a number from 0x5100 to 0xffff"),
        ("latin:One", "the source is not UTF-8"),
        ("broken:One", "broken.py: ZeroDivisionError"),
        ("signature:One", "signature.py: ValueError: 'run' is not a signature"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path)
    write(tmp_path, "low", "0x50ff")
    write(tmp_path, "high", "0x10000")
    write(tmp_path, "text", "'0x5100'")
    (tmp_path / "latin.py").write_bytes(b"x = '\xff'")
    (tmp_path / "broken.py").write_text("1 // 0")
    (tmp_path / "signature.py").write_text(SOURCE.format(address="0x5100").replace("run()", "run"))
    with pytest.raises(ContractError, match=text):
        load_contract(name, tmp_path)


def test_two_contracts_may_not_have_one_address(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "two")
    with pytest.raises(ContractError, match="have the same address 0x5100"):
        load_contracts(["one:One", "two:One"], tmp_path)


def test_two_methods_may_not_have_one_selector(tmp_path: Path) -> None:
    (tmp_path / "clash.py").write_text(
        SOURCE.format(address="0x5100").replace(
            '    @method("run()")',
            '    @method("run()")\n    def again(self, context): pass\n\n    @method("run()")',
        )
    )
    with pytest.raises(ContractError, match="have the same selector"):
        load_contract("clash:One", tmp_path)
