"""GasChargeManage 0x1009: prepaid gas (execution §2.13). Whether gas is charged for at all, the chain's
parameter `enable_charge_mgr` says (§1.15).
"""

from __future__ import annotations

from hansa.execution.contract import method
from hansa.execution.contracts import rights
from hansa.execution.system import CONFIG_TABLE, ManagedAccount, SystemCall, SystemContract, int256_code
from hansa.primitives import Address

__all__ = ["GasChargeManage"]

DENIED = -53_000
ZERO = -53_001
OVERFLOW = -53_002
NOT_ENOUGH = -53_003
GRANT_DENIED = -53_004
REVOKE_DENIED = -53_005
ALREADY_CHARGER = -53_006
NOT_CHARGER = -53_007
UNKNOWN_FUNCTION = -53_008
ACCOUNT_MISSING = -52_008
NOT_AN_ACCOUNT = -52_009
ACCOUNT_FROZEN = -52_011

CHARGER_LIST = "charger_list"
"""The parameter that lists the chargers: hex addresses, each followed by a comma."""

_UINT256_END = 1 << 256


class GasChargeManage(SystemContract):
    """Chargers give accounts gas and take it; the committee says who is one, which counts from the next block
    on.

    Codes are 0 where all is well. An account must not be a contract (−52009) nor frozen (−52011).
    """

    address = 0x1009
    unknown = int256_code(UNKNOWN_FUNCTION)

    @method("charge(address,uint256)", returns="int256,uint256")
    def charge(self, call: SystemCall, address: Address, amount: int) -> tuple[int, int]:
        """Give gas: the code and what the account has then. −53001: nothing; −53000: no charger; −53002: too
        much.
        """
        return _move(call, address, amount, sign=1)

    @method("deduct(address,uint256)", returns="int256,uint256")
    def deduct(self, call: SystemCall, address: Address, amount: int) -> tuple[int, int]:
        """Take gas. −53001: nothing; −53000: no charger; −53003: it has not so much."""
        return _move(call, address, amount, sign=-1)

    @method("queryRemainGas(address)", returns="int256,uint256")
    def query_remaining(self, call: SystemCall, address: Address) -> tuple[int, int]:
        """What an account has. −52008: no such account."""
        account = call.account(address)
        refusal = ACCOUNT_MISSING if account is None else _refusal(account)
        return (refusal, 0) if account is None or refusal else (0, account.remaining_gas)

    @method("grantCharger(address)", returns="int256")
    def grant_charger(self, call: SystemCall, address: Address) -> int:
        """Make a charger. −53004: the origin is no member of the committee; −53006: is one."""
        if not rights.is_member(call, call.origin_text):
            return GRANT_DENIED
        if refusal := _refusal(call.account(address)):
            return refusal
        chargers = _chargers(call)
        if address in chargers:
            return ALREADY_CHARGER
        _set_chargers(call, [*chargers, address])
        return 0

    @method("revokeCharger(address)", returns="int256")
    def revoke_charger(self, call: SystemCall, address: Address) -> int:
        """End that. −53005: the origin is no member of the committee; −53007: is none."""
        if not rights.is_member(call, call.origin_text):
            return REVOKE_DENIED
        if refusal := _refusal(call.account(address)):
            return refusal
        chargers = _chargers(call)
        if address not in chargers:
            return NOT_CHARGER
        chargers.remove(address)
        _set_chargers(call, chargers)
        return 0

    @method("listChargers()", returns="address[]")
    def list_chargers(self, call: SystemCall) -> list[Address]:
        """Who is a charger."""
        return _chargers(call)


def _refusal(account: ManagedAccount | None) -> int:
    """Why an account can have no gas; 0 if it can. One that never was heard of can."""
    if account is not None and account.is_contract:
        return NOT_AN_ACCOUNT
    return ACCOUNT_FROZEN if account is not None and account.is_frozen else 0


def _move(call: SystemCall, address: Address, amount: int, *, sign: int) -> tuple[int, int]:
    if amount == 0:
        return ZERO, 0
    account = call.account(address)
    if refusal := _refusal(account):
        return refusal, 0
    if call.origin not in _chargers(call):
        return DENIED, 0
    gas = (0 if account is None else account.remaining_gas) + sign * amount
    if gas < 0:
        return NOT_ENOUGH, 0
    if gas >= _UINT256_END:
        return OVERFLOW, 0
    (account or call.create_account(address)).set_remaining_gas(gas)
    return 0, gas


def _chargers(call: SystemCall) -> list[Address]:
    """As committed before this block."""
    listed = call.table(CONFIG_TABLE).committed(CHARGER_LIST, "value").decode("ascii", "replace")
    return [Address(bytes.fromhex(text)) for text in listed.split(",") if len(text) == 40]


def _set_chargers(call: SystemCall, chargers: list[Address]) -> None:
    listed = "".join(f"{charger.hex()}," for charger in chargers)
    call.table(CONFIG_TABLE).put(CHARGER_LIST, {"value": listed, "enable_num": call.block_number})
