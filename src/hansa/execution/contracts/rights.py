"""Who may do what: rows of `_sys_table_access_` (execution §4.1).

An address that is listed for a table may write it; where nobody is listed, everybody may. The committee are
those listed for the list itself. A right counts from the block after the one that gave it; the questions here
see it at once.
"""

from __future__ import annotations

from hansa.execution.system import ACCESS_TABLE, SystemCall
from hansa.execution.tables import Fields, Row

__all__ = ["grant", "holds", "is_member", "listed", "new_right", "revoke"]


def listed(call: SystemCall, table: str) -> list[Row]:
    """The rows of a table's list, in order."""
    return call.table(ACCESS_TABLE).select(table)


def holds(call: SystemCall, table: str, address: str) -> bool:
    """Is this address, with `0x`, on a table's list?"""
    return bool(call.table(ACCESS_TABLE).select(table, ("address", "==", address)))


def is_member(call: SystemCall, address: str) -> bool:
    """Is it a member of the committee?"""
    return holds(call, ACCESS_TABLE, address)


def new_right(call: SystemCall, address: str) -> Fields:
    """The fields of a right that is in force from the next block on."""
    return {"address": address, "enable_num": call.block_number}


def grant(call: SystemCall, table: str, address: str) -> None:
    """Put an address on a table's list, in the chain's name."""
    call.table(ACCESS_TABLE).insert(table, new_right(call, address))


def revoke(call: SystemCall, table: str, address: str) -> None:
    """Strike it off, in the chain's name."""
    call.table(ACCESS_TABLE).remove(table, ("address", "==", address))
