"""The chain's own contracts that people want to read: who governs, who seals, what the parameters are.

One file per contract; each says what its methods do and what their codes mean (execution §2, §4, §5, §8).
Contracts that are called once per transaction, such as tables and transfers, are the kernel's.
"""

from __future__ import annotations

from hansa.execution.contracts.cns import ContractNames
from hansa.execution.contracts.consensus import Consensus
from hansa.execution.contracts.gas_charge import GasChargeManage
from hansa.execution.contracts.governance import ChainGovernance
from hansa.execution.contracts.life_cycle import ContractLifeCycle
from hansa.execution.contracts.parallel_config import ParallelConfig
from hansa.execution.contracts.permission import Permission
from hansa.execution.contracts.system_config import SystemConfig
from hansa.execution.contracts.working_sealers import WorkingSealerManager
from hansa.execution.system import SystemContract

__all__ = ["GOVERNANCE_CONTRACTS"]

GOVERNANCE_CONTRACTS: tuple[type[SystemContract], ...] = (
    SystemConfig,
    Consensus,
    ContractNames,
    Permission,
    ParallelConfig,
    ContractLifeCycle,
    ChainGovernance,
    GasChargeManage,
    WorkingSealerManager,
)
