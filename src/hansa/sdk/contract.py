"""Calls as bytes and back: the Solidity ABI of one contract."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from hansa.kernel import keccak256

__all__ = ["Contract", "ContractError", "error_text", "load_artifact"]

_ERROR_SELECTOR = bytes.fromhex("08c379a0")


class ContractError(ValueError):
    """A method that the ABI does not have, or values that do not fit it."""


@dataclass(frozen=True, slots=True)
class Contract:
    """An interface: method names to selectors, values to bytes."""

    abi: Sequence[Mapping[str, Any]]
    bytecode: bytes

    def deployment(self, *arguments: object) -> bytes:
        """The data of the transaction that creates it."""
        inputs: list[Mapping[str, Any]] = next(
            (entry["inputs"] for entry in self.abi if entry["type"] == "constructor"), []
        )
        return self.bytecode + _encode([_type_of(parameter) for parameter in inputs], arguments)

    def call_data(self, method: str, *arguments: object) -> bytes:
        """Selector and arguments of a call.

        Raises:
            ContractError: unknown method, wrong number or kind of values.
        """
        types = [_type_of(parameter) for parameter in self._method(method)["inputs"]]
        signature = f"{method}({','.join(types)})"
        return keccak256(signature.encode())[:4] + _encode(types, arguments)

    def decode_output(self, method: str, output: bytes) -> tuple[Any, ...]:
        """The values a call returned.

        Raises:
            ContractError: the bytes do not fit the declared types.
        """
        types = [_type_of(parameter) for parameter in self._method(method)["outputs"]]
        try:
            return decode(types, output)
        except DecodingError as error:
            raise ContractError(
                f"{method} returned bytes that are not ({','.join(types)}): {error}"
            ) from error

    def _method(self, name: str) -> Mapping[str, Any]:
        for entry in self.abi:
            if entry["type"] == "function" and entry["name"] == name:
                return entry
        known = sorted(entry["name"] for entry in self.abi if entry["type"] == "function")
        raise ContractError(f"no method {name}; this contract has {', '.join(known)}")


def load_artifact(name: str) -> Contract:
    """A sample contract that comes with the package (sources in `contracts/src`)."""
    text = (resources.files("hansa.sdk") / "artifacts" / f"{name}.json").read_text()
    artifact = json.loads(text)
    return Contract(artifact["abi"], bytes.fromhex(artifact["bin"]))


def error_text(output: bytes) -> str | None:
    """The text of an `Error(string)` output, or None if it is none."""
    if output[:4] != _ERROR_SELECTOR:
        return None
    try:
        return str(decode(["string"], output[4:])[0])
    except DecodingError:
        return None


def _type_of(parameter: Mapping[str, Any]) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type_of(component) for component in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _encode(types: Sequence[str], arguments: Sequence[object]) -> bytes:
    if len(types) != len(arguments):
        raise ContractError(f"{len(arguments)} values for ({','.join(types)})")
    try:
        return encode(types, arguments)
    except EncodingError as error:
        raise ContractError(str(error)) from error
