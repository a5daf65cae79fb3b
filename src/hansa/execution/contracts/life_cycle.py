"""ContractLifeCycle 0x1007: stopping contracts, and who may (execution §2.11, §4.4)."""

from __future__ import annotations

from hansa.execution.contract import method
from hansa.execution.contracts import rights
from hansa.execution.system import ManagedAccount, SystemCall, SystemContract
from hansa.primitives import Address

__all__ = ["ContractLifeCycle"]

FROZEN = -51_900
AVAILABLE = -51_901
REPEATED = -51_902
NOT_A_CONTRACT = -51_903
MISSING = -51_904
NOT_MANAGER = -51_905
NO_SUCH_MANAGER = -51_906
LAST_MANAGER = -51_907


class ContractLifeCycle(SystemContract):
    """A contract's managers, its deployer first, may freeze it; so may the committee. Frozen, it answers no
    call.

    Changes are refused in this order: −51904 no such account; −51903 no contract; −51905 not a manager; then
    by the state of the contract. They return 1.
    """

    address = 0x1007

    @method("freeze(address)", returns="int256")
    def freeze(self, call: SystemCall, contract: Address) -> int:
        """Stop a contract; −51900: it is."""
        account = _managed(call, contract)
        if isinstance(account, int):
            return account
        if account.is_frozen:
            return FROZEN
        account.set_frozen(True)
        return 1

    @method("unfreeze(address)", returns="int256")
    def unfreeze(self, call: SystemCall, contract: Address) -> int:
        """Let it go on; −51901: it does."""
        account = _managed(call, contract)
        if isinstance(account, int):
            return account
        if not account.is_frozen:
            return AVAILABLE
        account.set_frozen(False)
        return 1

    @method("grantManager(address,address)", returns="int256")
    def grant_manager(self, call: SystemCall, contract: Address, manager: Address) -> int:
        """Add a manager; −51902: is one."""
        account = _managed(call, contract)
        if isinstance(account, int):
            return account
        if manager in account.managers:
            return REPEATED
        account.add_manager(manager)
        return 1

    @method("revokeManager(address,address)", returns="int256")
    def revoke_manager(self, call: SystemCall, contract: Address, manager: Address) -> int:
        """Strike a manager off; −51907: the only one there is, whoever is meant; −51906: not a manager."""
        account = _managed(call, contract)
        if isinstance(account, int):
            return account
        managers = account.managers
        if len(managers) == 1:
            return LAST_MANAGER
        if manager not in managers:
            return NO_SUCH_MANAGER
        account.remove_manager(manager)
        return 1

    @method("getStatus(address)", returns="int256,string")
    def get_status(self, call: SystemCall, contract: Address) -> tuple[int, str]:
        """0 and a sentence."""
        match _contract(call, contract):
            case int(code) if code == MISSING:
                return 0, "The address is nonexistent."
            case int():
                return 0, "This is not a contract address."
            case account if account.is_frozen:
                return 0, "The contract has been frozen. You can invoke this contract after unfreezing it."
            case _:
                return 0, "The contract is available."

    @method("listManager(address)", returns="int256,address[]")
    def list_manager(self, call: SystemCall, contract: Address) -> tuple[int, list[Address]]:
        """0 and the managers; or −51904, −51903 and none."""
        account = _contract(call, contract)
        return (account, []) if isinstance(account, int) else (0, account.managers)


def _contract(call: SystemCall, address: Address) -> ManagedAccount | int:
    """The contract at an address, or the code that says that there is none."""
    account = call.account(address)
    if account is None:
        return MISSING
    return account if account.is_contract else NOT_A_CONTRACT


def _managed(call: SystemCall, address: Address) -> ManagedAccount | int:
    """The contract, if the origin may manage it."""
    account = _contract(call, address)
    if (
        isinstance(account, int)
        or call.origin in account.managers
        or rights.is_member(call, call.origin_text)
    ):
        return account
    return NOT_MANAGER
