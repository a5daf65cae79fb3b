"""CNS 0x1004: names of contracts (execution §2.8, §5)."""

from __future__ import annotations

from hansa.execution.contract import method
from hansa.execution.contracts.json_text import json_line
from hansa.execution.errors import Failure
from hansa.execution.system import CNS_TABLE, SystemCall, SystemContract, SystemTable
from hansa.execution.tables import VALUE_BYTES_MAX, Row
from hansa.execution.text import byte_length, is_hex
from hansa.primitives import Address

__all__ = ["ContractNames"]

EXISTS = -51_200
VERSION_TOO_LONG = -51_201
BAD_ADDRESS = -50_102

NAME_BYTES_MAX = 128
VERSION_BYTES_MAX = 128


class ContractNames(SystemContract):
    """A name and a version stand for an address, once and for all: there is no changing and no removing."""

    address = 0x1004
    counts_call_data = True

    @method("insert(string,string,string,string)", returns="int256")
    def insert(self, call: SystemCall, name: str, version: str, address: str, abi: str) -> int:
        """Register: 1; −51201: version too long; −51200: taken; −50102: address not hex; −50000: not allowed.

        An address is taken as it is given, if only its digits are hex: that is all nodes ever checked.
        """
        for text, limit in ((name, NAME_BYTES_MAX), (abi, VALUE_BYTES_MAX)):
            if byte_length(text) > limit:
                raise Failure(f"size of value/key greater than{limit}")
        table, rows = _registered(call, name)
        call.charge("select", len(rows))
        call.raise_memory(max((row.capacity for row in rows), default=0))
        if byte_length(version) > VERSION_BYTES_MAX:
            return VERSION_TOO_LONG
        if _of_version(rows, version) is not None:
            return EXISTS
        if not is_hex(address):
            return BAD_ADDRESS
        fields = {"version": version, "address": address, "abi": abi}
        code = table.insert(name, fields, as_origin=True)
        if code > 0:
            call.charge("insert")
            call.raise_memory(sum(map(byte_length, ("name", name, *fields, *fields.values()))))
        return code

    @method("selectByName(string)", returns="string")
    def select_by_name(self, call: SystemCall, name: str) -> str:
        """All versions of a name as a JSON array, the latest last."""
        _, rows = _registered(call, name)
        call.charge("set", len(rows))
        return _listed(rows)

    @method("selectByNameAndVersion(string,string)", returns="string")
    def select_by_name_and_version(self, call: SystemCall, name: str, version: str) -> str:
        """An array of the one registration, or of none."""
        _, rows = _registered(call, name)
        call.charge("select", len(rows))
        row = _of_version(rows, version)
        return _listed([] if row is None else [row])

    @method("getContractAddress(string,string)", returns="address")
    def get_contract_address(self, call: SystemCall, name: str, version: str) -> Address:
        """The address; it fails if there is none, and is zero if what was registered is no address."""
        _, rows = _registered(call, name)
        call.charge("select", len(rows))
        row = _of_version(rows, version)
        if row is None:
            raise Failure("Entries no exists: 0")
        text = row.get("address", "")
        address = bytes.fromhex(text.removeprefix("0x")) if is_hex(text) else b""
        return Address(address if len(address) == 20 else bytes(20))


def _registered(call: SystemCall, name: str) -> tuple[SystemTable, list[Row]]:
    call.charge("open_table")
    table = call.table(CNS_TABLE)
    return table, table.select(name)


def _of_version(rows: list[Row], version: str) -> Row | None:
    return next((row for row in rows if row.get("version") == version), None)


def _listed(rows: list[Row]) -> str:
    return json_line(
        [{field: row.get(field, "") for field in ("abi", "address", "name", "version")} for row in rows]
    )
