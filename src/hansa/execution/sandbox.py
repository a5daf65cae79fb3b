"""A chain in memory on which to try contracts: the kernel, with blocks, transactions and receipts.

    sandbox = Sandbox(["hansa.execution.samples.points:Points"])
    alice = sandbox.account("alice")
    receipt = sandbox.send(alice, 0x5100, "becomeIssuer()")
    assert sandbox.call(alice, 0x5100, "balanceOf(address)", alice.address, returns="uint256") == (0,)

One transaction is one block; `send_block` puts several into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hansa.execution import abi
from hansa.execution.installing import installations
from hansa.execution.loading import InstalledContract, load_contracts
from hansa.kernel import (
    Block,
    Executor,
    Header,
    Suite,
    Transaction,
    TransactionList,
    keccak256,
    public_key,
)
from hansa.primitives import Address

__all__ = ["Receipt", "Sandbox", "SandboxAccount"]

_GAS = 300_000_000


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """Somebody who signs: the secret is the hash of a name."""

    secret: bytes
    address: Address


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a transaction, as clients read it."""

    fields: dict[str, Any]
    """The JSON-RPC object."""
    suite: Suite = Suite.STANDARD
    """Of the chain."""

    @property
    def status(self) -> int:
        """0: it succeeded."""
        return int(self.fields["status"], 16)

    @property
    def output(self) -> bytes:
        """What the contract answered."""
        return bytes.fromhex(self.fields["output"][2:])

    @property
    def error(self) -> str:
        """What a failed call said; empty if it said nothing."""
        return _error(self.output, self.suite)

    @property
    def gas_used(self) -> int:
        """What it cost."""
        return int(self.fields["gasUsed"], 16)

    @property
    def contract_address(self) -> Address:
        """What a deployment made."""
        return Address(bytes.fromhex(self.fields["contractAddress"][2:]))

    def values(self, returns: str) -> tuple[abi.Value, ...]:
        """The answer, decoded by types joined by commas."""
        return tuple(abi.decode(abi.parse_kinds(returns), self.output))


class CallFailed(Exception):
    """A read-only call failed."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"status {status}: {text}")
        self.status = status
        self.text = text


class Sandbox:
    """A chain with contracts of users, by their names as in config.ini."""

    def __init__(
        self,
        contracts: Iterable[str] = (),
        *,
        folder: Path = Path(),
        rows: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (),
        suite: Suite = Suite.STANDARD,
    ) -> None:
        """`folder` is where modules are looked for first; `rows` are (table, fields) of the genesis.

        `suite` is what the chain hashes and signs with.

        Raises:
            ContractError: a contract cannot be used.
        """
        self.contracts: tuple[InstalledContract, ...] = load_contracts(contracts, folder)
        self.suite = suite
        self._rows: dict[bytes, bytes] = {}
        self._hashes: dict[int, bytes] = {}
        self._nonce = 0
        self._height = 0
        self.executor = Executor(
            read_many=lambda keys: [self._rows.get(key) for key in keys],
            read_block_hash=self._hashes.get,
            contracts=installations(self.contracts),
            suite=suite,
        )
        genesis = self.executor.genesis(Header(number=0, timestamp=0, suite=suite), rows)
        self._rows.update(genesis.state_rows())
        self.executor.apply(genesis)
        self._hashes[0] = genesis.block.hash

    @property
    def height(self) -> int:
        """The committed head."""
        return self._height

    @property
    def head_hash(self) -> bytes:
        """Its hash."""
        return self._hashes[self._height]

    def skip_to(self, height: int) -> None:
        """Let blocks go by in which nothing happened."""
        self._height = height
        self._hashes[height] = keccak256(height.to_bytes(8))

    @staticmethod
    def account(name: str, suite: Suite = Suite.STANDARD) -> SandboxAccount:
        """The account of a name on chains of a suite: always the same."""
        secret = keccak256(name.encode())
        return SandboxAccount(secret, Address(suite.address(public_key(secret, suite=suite))))

    def send(self, sender: SandboxAccount, to: int | bytes, signature: str, *arguments: object) -> Receipt:
        """A block of one call."""
        return self.send_data(sender, to, encode_call(signature, arguments, self.suite))

    def deploy(self, sender: SandboxAccount, code: bytes) -> Receipt:
        """A block of one deployment."""
        return self.send_data(sender, None, code)

    def send_data(self, sender: SandboxAccount, to: int | bytes | None, data: bytes) -> Receipt:
        """A block of one transaction."""
        return self.send_block([self.sign(sender, to, data)])[0]

    def sign(self, sender: SandboxAccount, to: int | bytes | None, data: bytes) -> Transaction:
        """A transaction; `to` is None for a deployment."""
        self._nonce += 1
        return Transaction.create(
            sender.secret,
            nonce=self._nonce,
            gas_price=1,
            gas=_GAS,
            block_limit=500,
            to=None if to is None else _address(to),
            value=0,
            data=data,
            chain_id=1,
            group_id=1,
            suite=self.suite,
        )

    def send_block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """A block, executed and committed. Its timestamp is a thousand milliseconds per height."""
        number = self.height + 1
        header = Header(number=number, parent_hash=self.head_hash, timestamp=number * 1000, suite=self.suite)
        raws = [each.raw for each in transactions]
        block = Block.propose(header, TransactionList.decode(raws, suite=self.suite))
        executed = self.executor.execute(block)
        self._rows.update(executed.state_rows())
        self.executor.apply(executed)
        self._hashes[number] = executed.block.hash
        self._height = number
        return [
            Receipt(orjson.loads(executed.block.receipt_json(index)), self.suite)
            for index in range(len(transactions))
        ]

    def call(
        self, sender: SandboxAccount, to: int | bytes, signature: str, *arguments: object, returns: str
    ) -> tuple[abi.Value, ...]:
        """A read-only call on the committed head; its answer decoded.

        Raises:
            CallFailed: it failed.
        """
        result = self.executor.call(
            sender=sender.address,
            to=_address(to),
            data=encode_call(signature, arguments, self.suite),
            value=0,
            height=self.height,
            timestamp=self.height * 1000,
        )
        if result.status:
            raise CallFailed(result.status, _error(result.output, self.suite))
        return tuple(abi.decode(abi.parse_kinds(returns), result.output))


def encode_call(signature: str, arguments: Sequence[object], suite: Suite = Suite.STANDARD) -> bytes:
    """Call data: the selector and the arguments."""
    _, kinds = abi.parse_signature(signature)
    return abi.selector(signature, suite) + abi.encode(kinds, arguments)


def _address(to: int | bytes) -> bytes:
    return to.to_bytes(20) if isinstance(to, int) else to


def _error(output: bytes, suite: Suite) -> str:
    if output[:4] != abi.selector("Error(string)", suite):
        return ""
    (text,) = abi.decode((abi.Kind("string"),), output[4:])
    return str(text)
