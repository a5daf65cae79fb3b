"""Permission 0x1005: who may write which table (execution §2.9, §4.2)."""

from __future__ import annotations

from hansa.execution.accounts import account_table
from hansa.execution.contract import method
from hansa.execution.contracts import rights
from hansa.execution.contracts.json_text import json_line
from hansa.execution.system import (
    ACCESS_TABLE,
    CNS_TABLE,
    CONFIG_TABLE,
    CONSENSUS_TABLE,
    NO_AUTHORITY,
    TABLES_TABLE,
    SystemCall,
    SystemContract,
)
from hansa.execution.text import ascii_lower, byte_length, is_hex, prefixed_hex
from hansa.primitives import Address

__all__ = ["Permission"]

EXISTS = -51_000
MISSING = -51_001
NAME_TOO_LONG = -51_002
CONTRACT_MISSING = -51_003
FOR_COMMITTEE = -51_004
BAD_ADDRESS = -50_102
IS_MEMBER = -52_005

TABLE_NAME_BYTES_MAX = 64

SYSTEM_TABLES = (ACCESS_TABLE, CONSENSUS_TABLE, CNS_TABLE, CONFIG_TABLE, TABLES_TABLE)
"""Names that mean themselves; all others are of user tables."""


class Permission(SystemContract):
    """Rights on tables, and on the state of contracts. The committee itself is ChainGovernance's business:
    −51004.
    """

    address = 0x1005

    @method("insert(string,string)", returns="int256")
    def insert(self, call: SystemCall, table: str, address: str) -> int:
        """Let an address write a table: 1, or why not.

        Checked in this order: −51004 the committee's own table; −52005 a member of the committee who would
        become an operator; −51000 is listed; −51002 name too long; −50102 address not hex; −50000 not
        allowed.
        """
        table, address = _full_name(table), ascii_lower(address)
        if table == ACCESS_TABLE:
            return FOR_COMMITTEE
        if table in (TABLES_TABLE, CNS_TABLE) and rights.is_member(call, address):
            return IS_MEMBER
        if rights.holds(call, table, address):
            return EXISTS
        if byte_length(table) > TABLE_NAME_BYTES_MAX:
            return NAME_TOO_LONG
        if not is_hex(address):
            return BAD_ADDRESS
        return call.table(ACCESS_TABLE).insert(table, rights.new_right(call, address), as_origin=True)

    @method("remove(string,string)", returns="int256")
    def remove(self, call: SystemCall, table: str, address: str) -> int:
        """Take the right away: 1; −51004; −50000 a member's right by membership, or not allowed; −51001 not
        listed.
        """
        table, address = _full_name(table), ascii_lower(address)
        if table == ACCESS_TABLE:
            return FOR_COMMITTEE
        if table in (CONSENSUS_TABLE, CONFIG_TABLE) and rights.is_member(call, address):
            return NO_AUTHORITY
        if not rights.holds(call, table, address):
            return MISSING
        return call.table(ACCESS_TABLE).remove(table, ("address", "==", address), as_origin=True)

    @method("queryByName(string)", returns="string")
    def query_by_name(self, call: SystemCall, table: str) -> str:
        """A table's list as a JSON array."""
        return _listed(call, _full_name(table))

    @method("grantWrite(address,address)", returns="int256")
    def grant_write(self, call: SystemCall, contract: Address, user: Address) -> int:
        """Let a user send transactions that change a contract's state; who is not listed then may not.

        1; −51000 is listed; −51003 no such contract; −50000 the origin does not manage it.
        """
        table, address = account_table(contract), prefixed_hex(user)
        if rights.holds(call, table, address):
            return EXISTS
        refusal = _refusal(call, contract)
        if refusal is None:
            rights.grant(call, table, address)
        return refusal or 1

    @method("revokeWrite(address,address)", returns="int256")
    def revoke_write(self, call: SystemCall, contract: Address, user: Address) -> int:
        """Take that right away: 1; −51001 not listed; −51003 no such contract; −50000 the origin does not
        manage it.
        """
        table, address = account_table(contract), prefixed_hex(user)
        if not rights.holds(call, table, address):
            return MISSING
        refusal = _refusal(call, contract)
        if refusal is None:
            rights.revoke(call, table, address)
        return refusal or 1

    @method("queryPermission(address)", returns="string")
    def query_permission(self, call: SystemCall, contract: Address) -> str:
        """Who may change a contract's state, as a JSON array."""
        return _listed(call, account_table(contract))


def _full_name(table: str) -> str:
    return table if table in SYSTEM_TABLES else f"u_{table}"


def _refusal(call: SystemCall, contract: Address) -> int | None:
    account = call.account(contract)
    if account is None:
        return CONTRACT_MISSING
    return None if call.origin in account.managers else NO_AUTHORITY


def _listed(call: SystemCall, table: str) -> str:
    return json_line(
        [
            {"address": row.get("address", ""), "enable_num": row.get("enable_num", ""), "table_name": table}
            for row in rights.listed(call, table)
        ]
    )
