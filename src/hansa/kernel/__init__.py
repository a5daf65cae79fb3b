"""The typed face of the compiled kernel: what happens once per transaction happens behind these names.

Calls carry batches; the interpreter lock is released around work; wrong input raises `ValueError` with the
reason in words. `hansa/_kernel.pyi` documents each name.
"""

from hansa._kernel import (
    Block,
    CallResult,
    ContractCall,
    ContractTable,
    ExecutedBlock,
    Executor,
    Header,
    Suite,
    Transaction,
    TransactionList,
    TransactionPool,
    keccak256,
    public_key,
    recover,
    recover_batch,
    sign,
    transactions_root,
    verify_batch,
    vrf_prove,
    vrf_verify,
)

__all__ = [
    "Block",
    "CallResult",
    "ContractCall",
    "ContractTable",
    "ExecutedBlock",
    "Executor",
    "Header",
    "Suite",
    "Transaction",
    "TransactionList",
    "TransactionPool",
    "keccak256",
    "public_key",
    "recover",
    "recover_batch",
    "sign",
    "transactions_root",
    "verify_batch",
    "vrf_prove",
    "vrf_verify",
]
