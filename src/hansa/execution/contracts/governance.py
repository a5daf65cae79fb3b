"""ChainGovernance 0x1008: the committee, operators, frozen accounts (execution §2.12, §4.3).

Members of the committee govern: they may change parameters and nodes, make operators and freeze accounts.
Operators deploy, create tables and register names. Nobody is both. Whether somebody becomes or stops being a
member, what a member weighs and how much must be behind a decision is voted on (`votes`); the first member
comes by itself.
"""

from __future__ import annotations

from hansa.execution.contract import method
from hansa.execution.contracts import rights
from hansa.execution.contracts.json_text import Json, json_line
from hansa.execution.contracts.votes import THRESHOLD_VOTE, Ballot, Vote, Votes, weight_vote
from hansa.execution.errors import Failure
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
from hansa.execution.text import prefixed_hex
from hansa.primitives import Address

__all__ = ["ChainGovernance"]

ALREADY_MEMBER = -52_000
NOT_MEMBER = -52_001
DENIED = -52_002
BAD_THRESHOLD = -52_003
IS_OPERATOR = -52_004
IS_MEMBER = -52_005
ALREADY_OPERATOR = -52_006
NOT_OPERATOR = -52_007
ACCOUNT_MISSING = -52_008
NOT_AN_ACCOUNT = -52_009
ACCOUNT_AVAILABLE = -52_010
ACCOUNT_FROZEN = -52_011
SAME_VALUE = -52_012

MEMBER_TABLES = (ACCESS_TABLE, CONFIG_TABLE, CONSENSUS_TABLE)
"""What members may write: the first makes them members."""

OPERATOR_TABLES = (TABLES_TABLE, CNS_TABLE)
"""What operators may write."""

GRANT = "grant"
REVOKE = "revoke"

_UNDECIDED = {Ballot.PENDING: 0, Ballot.DENIED: DENIED}


class ChainGovernance(SystemContract):
    """Decisions return 1 when they came into force, 0 when votes are still missing, or why they cannot be
    taken.
    """

    address = 0x1008

    # --- members --------------------------------------------------------------------------------------------

    @method("grantCommitteeMember(address)", returns="int256")
    def grant_member(self, call: SystemCall, address: Address) -> int:
        """Vote for a member. −52004: is an operator; −52000: is a member. Anybody makes the first one at
        once.
        """
        member = prefixed_hex(address)
        if _is_operator(call, member):
            return IS_OPERATOR
        committee = [row.get("address") for row in rights.listed(call, ACCESS_TABLE)]
        if member in committee:
            return ALREADY_MEMBER
        votes = Votes(call)
        ballot = votes.cast(member, GRANT) if committee else Ballot.PASSED
        if ballot is not Ballot.PASSED:
            return _UNDECIDED[ballot]
        for table in MEMBER_TABLES:
            rights.grant(call, table, member)
        votes.set_weight(member, 1)
        return 1

    @method("revokeCommitteeMember(address)", returns="int256")
    def revoke_member(self, call: SystemCall, address: Address) -> int:
        """Vote a member out. −52001: is none."""
        member = prefixed_hex(address)
        if not rights.is_member(call, member):
            return NOT_MEMBER
        votes = Votes(call)
        ballot = votes.cast(member, REVOKE)
        if ballot is not Ballot.PASSED:
            return _UNDECIDED[ballot]
        for table in MEMBER_TABLES:
            rights.revoke(call, table, member)
        votes.remove_weight(member)
        return 1

    @method("listCommitteeMembers()", returns="string")
    def list_members(self, call: SystemCall) -> str:
        """The members, and since when."""
        return _listed(call, ACCESS_TABLE)

    @method("updateCommitteeMemberWeight(address,int256)", returns="int256")
    def update_weight(self, call: SystemCall, address: Address, weight: int) -> int:
        """Vote for a member's weight, which must be above 0. −52001: no member; −52012: has it."""
        if weight <= 0:
            raise Failure(
                f'updateCommitteeMemberWeight failed for invalid weight "{weight}", '
                "the weight must be greater than 0"
            )
        member = prefixed_hex(address)
        if not rights.is_member(call, member):
            return NOT_MEMBER
        votes = Votes(call)
        if votes.weight(member) == min(weight, (1 << 63) - 1):
            return SAME_VALUE
        ballot = votes.cast(weight_vote(member), str(weight))
        if ballot is not Ballot.PASSED:
            return _UNDECIDED[ballot]
        votes.set_weight(member, weight)
        return 1

    @method("queryCommitteeMemberWeight(address)", returns="bool,int256")
    def query_weight(self, call: SystemCall, address: Address) -> tuple[bool, int]:
        """True and the weight; false and −52001 if it is no member."""
        member = prefixed_hex(address)
        if not rights.is_member(call, member):
            return False, NOT_MEMBER
        return True, Votes(call).weight(member)

    # --- threshold ------------------------------------------------------------------------------------------

    @method("updateThreshold(int256)", returns="int256")
    def update_threshold(self, call: SystemCall, percent: int) -> int:
        """Vote for the threshold. −52003: not 0 to 99 percent; −52012: is it."""
        if not 0 <= percent < 100:
            return BAD_THRESHOLD
        text = f"{percent / 100:f}"
        votes = Votes(call)
        if votes.threshold_text == text:
            return SAME_VALUE
        ballot = votes.cast(THRESHOLD_VOTE, text)
        if ballot is not Ballot.PASSED:
            return _UNDECIDED[ballot]
        votes.set_threshold(text)
        return 1

    @method("queryThreshold()", returns="int256")
    def query_threshold(self, call: SystemCall) -> int:
        """Percent, cut and not rounded: 29, 57 and 58 come out one less, and clients know it so."""
        return int(Votes(call).threshold * 100)

    # --- votes that wait ------------------------------------------------------------------------------------

    @method("queryVotesOfMember(address)", returns="string")
    def query_votes_of_member(self, call: SystemCall, address: Address) -> str:
        """What waits for a decision on this member: a JSON object by kind; `null` if nothing does."""
        member = prefixed_hex(address)
        votes = Votes(call)
        on_membership = votes.pending(member)
        waiting: dict[str, list[Json]] = {
            kind: [_vote(vote) for vote in on_membership if vote.value == kind] for kind in (GRANT, REVOKE)
        }
        waiting["update_weight"] = [
            {**_vote(vote), "target": vote.value} for vote in votes.pending(weight_vote(member))
        ]
        return json_line({kind: listed for kind, listed in waiting.items() if listed} or None)

    @method("queryVotesOfThreshold()", returns="string")
    def query_votes_of_threshold(self, call: SystemCall) -> str:
        """What waits for a decision on the threshold: a JSON object by its value; `null` if nothing does."""
        waiting: dict[str, list[Json]] = {}
        for vote in Votes(call).pending(THRESHOLD_VOTE):
            waiting.setdefault(vote.value, []).append(_vote(vote))
        return json_line(waiting or None)

    # --- operators ------------------------------------------------------------------------------------------

    @method("grantOperator(address)", returns="int256")
    def grant_operator(self, call: SystemCall, address: Address) -> int:
        """A member makes an operator. −52002: not a member; −52005: is a member; −52006: is an operator."""
        operator = prefixed_hex(address)
        if not rights.is_member(call, call.origin_text):
            return DENIED
        if rights.is_member(call, operator):
            return IS_MEMBER
        if _is_operator(call, operator):
            return ALREADY_OPERATOR
        for table in OPERATOR_TABLES:
            rights.grant(call, table, operator)
        return 1

    @method("revokeOperator(address)", returns="int256")
    def revoke_operator(self, call: SystemCall, address: Address) -> int:
        """A member ends that. −52002: not a member; −52007: not an operator."""
        operator = prefixed_hex(address)
        if not rights.is_member(call, call.origin_text):
            return DENIED
        if not _is_operator(call, operator):
            return NOT_OPERATOR
        for table in OPERATOR_TABLES:
            rights.revoke(call, table, operator)
        return 1

    @method("listOperators()", returns="string")
    def list_operators(self, call: SystemCall) -> str:
        """The operators, and since when."""
        return _listed(call, TABLES_TABLE)

    # --- accounts -------------------------------------------------------------------------------------------

    @method("freezeAccount(address)", returns="int256")
    def freeze_account(self, call: SystemCall, address: Address) -> int:
        """Stop an account that has deployed: it can send nothing from the next call on.

        −52008: unknown; −52009: a contract; −50000: not a member, or against one; −52011: is frozen.
        """
        account = call.account(address)
        if account is None:
            return ACCOUNT_MISSING
        if account.is_contract:
            return NOT_AN_ACCOUNT
        if not rights.is_member(call, call.origin_text) or rights.is_member(call, prefixed_hex(address)):
            return NO_AUTHORITY
        if account.is_frozen:
            return ACCOUNT_FROZEN
        account.set_frozen(True)
        return 1

    @method("unfreezeAccount(address)", returns="int256")
    def unfreeze_account(self, call: SystemCall, address: Address) -> int:
        """Let it go on. −52008, −52009; −50000: not a member; −52010: is not frozen."""
        account = call.account(address)
        if account is None:
            return ACCOUNT_MISSING
        if account.is_contract:
            return NOT_AN_ACCOUNT
        if not rights.is_member(call, call.origin_text):
            return NO_AUTHORITY
        if not account.is_frozen:
            return ACCOUNT_AVAILABLE
        account.set_frozen(False)
        return 1

    @method("getAccountStatus(address)", returns="string")
    def get_account_status(self, call: SystemCall, address: Address) -> str:
        """A sentence."""
        account = call.account(address)
        if account is None:
            return "The address is nonexistent."
        if account.is_contract:
            return "This is not a account address."
        if account.is_frozen:
            return "The account has been frozen. You can use this account after unfreezing it."
        return "The account is available."


def _is_operator(call: SystemCall, address: str) -> bool:
    """Holds it any of their rights?"""
    return any(rights.holds(call, table, address) for table in OPERATOR_TABLES)


def _listed(call: SystemCall, table: str) -> str:
    fields = ("address", "enable_num")
    return json_line([{field: row.get(field, "") for field in fields} for row in rights.listed(call, table)])


def _vote(vote: Vote) -> dict[str, Json]:
    return {"block_limit": vote.block_limit, "voter": vote.voter}
