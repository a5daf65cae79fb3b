"""Talking to a group of a chain through one node: deploy, transact, call, read.

async with ChainClient.connect(sdk_folder, "127.0.0.1", 20200) as chain:
    deployed = await chain.deploy(account, contract)
    receipt = await chain.transact(account, deployed.contract_address, contract.call_data("set", "Hi"))
    (text,) = await chain.call(deployed.contract_address, contract, "get")
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from hansa.channel.client import ChannelClient
from hansa.channel.tls import client_context, sdk_certificate_files
from hansa.kernel import Transaction
from hansa.primitives import Address, Hash32, Height
from hansa.sdk.account import Account
from hansa.sdk.contract import Contract, ContractError, error_text

__all__ = ["ChainClient", "Receipt"]

BLOCK_LIMIT_AHEAD = 500
"""How many blocks a transaction stays valid; nodes accept up to 1000."""

_GAS = 300_000_000
_ANONYMOUS = Address(bytes(20))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction."""

    hash: Hash32
    height: Height
    status: int
    """0: executed; else the code of the sheet (data model §4.2), such as 22 for a revert."""
    status_text: str
    gas_used: int
    contract_address: Address
    """Of a deployment; zeros otherwise."""
    output: bytes
    logs: tuple[dict[str, Any], ...]

    @property
    def error(self) -> str | None:
        """Why it failed, in the contract's words where it gave some; None if it did not fail."""
        return None if self.status == 0 else error_text(self.output) or self.status_text

    @staticmethod
    def decode(text: bytes) -> Receipt:
        """From its JSON (client protocol §3.6.6)."""
        members = orjson.loads(text)
        return Receipt(
            hash=Hash32(_bytes(members["transactionHash"])),
            height=Height(int(members["blockNumber"], 16)),
            status=int(members["status"], 16),
            status_text=members.get("statusMsg", ""),
            gas_used=int(members["gasUsed"], 16),
            contract_address=Address(_bytes(members["contractAddress"])),
            output=_bytes(members["output"]),
            logs=tuple(members["logs"] or ()),
        )


class ChainClient:
    """One connection, one group. Use it as an async context manager, made by `connect`."""

    def __init__(self, channel: ChannelClient, *, group_id: int) -> None:
        self.channel = channel
        """The connection, for everything that has no method here."""
        self.group_id = group_id
        self.chain_id = 1
        self._height = 0

    @staticmethod
    def connect(sdk_folder: Path, host: str, port: int, *, group_id: int = 1) -> ChainClient:
        """Prepare a connection with the certificates of `sdk_folder`; it opens on entering the context.

        Raises:
            OSError, ssl.SSLError: the certificates cannot be read.
        """
        context = client_context(sdk_certificate_files(sdk_folder))
        return ChainClient(ChannelClient(host, port, context), group_id=group_id)

    async def __aenter__(self) -> Self:
        await self.channel.__aenter__()
        try:
            version = await self.channel.request("getClientVersion", [])
            assert isinstance(version, dict)
            self.chain_id = int(version["Chain Id"])
            self._height = await self.height()
            self.channel.on_block = self._on_block
            self.channel.subscribe_blocks([self.group_id])
        except BaseException:
            await self.channel.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.channel.__aexit__(kind, error, trace)

    async def height(self) -> Height:
        """The height of the node's head."""
        return Height(int(str(await self.channel.request("getBlockNumber", [self.group_id])), 16))

    async def deploy(self, account: Account, contract: Contract, *arguments: object) -> Receipt:
        """Create a contract.

        Raises:
            ContractError: it was not created; the text says why.
        """
        receipt = await self.transact(account, None, contract.deployment(*arguments))
        if receipt.error is not None:
            raise ContractError(f"the deployment failed: {receipt.error}")
        return receipt

    async def transact(self, account: Account, to: Address | None, data: bytes) -> Receipt:
        """Send a transaction and wait for its receipt; look at its status."""
        transaction = self.sign(account, to, data)
        return Receipt.decode(await self.channel.send_transaction(self.group_id, transaction.raw))

    async def call(self, to: Address, contract: Contract, method: str, *arguments: object) -> tuple[Any, ...]:
        """Ask a contract without a transaction; the values it returns.

        Raises:
            ContractError: it failed; the text says why.
        """
        request = {
            "from": _text(_ANONYMOUS),
            "to": _text(to),
            "value": "0x0",
            "data": _text(contract.call_data(method, *arguments)),
        }
        answer = await self.channel.request("call", [self.group_id, request])
        assert isinstance(answer, dict)
        output, status = _bytes(answer["output"]), int(answer["status"], 16)
        if status != 0:
            raise ContractError(f"{method} failed: {error_text(output) or f'status {status}'}")
        return contract.decode_output(method, output)

    def sign(self, account: Account, to: Address | None, data: bytes) -> Transaction:
        """A transaction for this group, valid for the next 500 blocks."""
        return Transaction.create(
            account.secret,
            nonce=int.from_bytes(os.urandom(31), "big"),
            gas_price=1,
            gas=_GAS,
            block_limit=self._height + BLOCK_LIMIT_AHEAD,
            to=to,
            value=0,
            data=data,
            chain_id=self.chain_id,
            group_id=self.group_id,
        )

    def _on_block(self, group_id: int, height: int) -> None:
        if group_id == self.group_id:
            self._height = max(self._height, height)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _text(value: bytes) -> str:
    return "0x" + value.hex()
