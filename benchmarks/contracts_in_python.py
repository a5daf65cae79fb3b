"""What a call of a contract in Python costs, beside one of the kernel's: microseconds of processor time per transaction
in blocks of a thousand, signatures recovered before. docs/guides/contracts-in-python.md quotes it.

Usage: python benchmarks/contracts_in_python.py
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hansa.execution.sandbox import Sandbox, encode_call
from hansa.kernel import Block, Header, Transaction, TransactionList

COUNT = 1000
ROUNDS = 7

BARE = """
from hansa.execution import Context, Contract, method

class Bare(Contract):
    address = 0x5101

    @method("idle()")
    def idle(self, context: Context) -> None: pass

    @method("turn(uint256)")
    def turn(self, context: Context, count: int) -> None:
        for _ in range(count): pass
"""


def measure(sandbox: Sandbox, make: Callable[[int], Transaction]) -> float:
    """Median microseconds per transaction of blocks that are executed and thrown away."""
    transactions = TransactionList.decode([make(index).raw for index in range(COUNT)])
    transactions.recover_senders()
    header = Header(number=sandbox.height + 1, parent_hash=sandbox.head_hash, timestamp=1)
    block = Block.propose(header, transactions)
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        sandbox.executor.execute(block)
        rounds.append((time.process_time() - start) / COUNT * 1e6)
    return statistics.median(rounds)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE)
        points = "hansa.execution.samples.points:Points"
        sandbox = Sandbox([points, "bare:Bare"], folder=Path(folder))
    alice, bob = sandbox.account("alice"), sandbox.account("bob")
    sandbox.send(alice, 0x5100, "becomeIssuer()")
    sandbox.send(alice, 0x5100, "issue(address,uint256)", alice.address, 10**18)
    sandbox.send(alice, 0x5002, "userAdd(string,uint256)", "alice", 10**18)
    sandbox.send(alice, 0x5002, "userAdd(string,uint256)", "bob", 0)

    def call(to: int, signature: str, *arguments: object) -> Callable[[int], Transaction]:
        data = encode_call(signature, arguments)
        return lambda _index: sandbox.sign(alice, to, data)

    few, many = (measure(sandbox, call(0x5101, "turn(uint256)", count)) for count in (0, 100))
    results = {
        "a transaction to nobody": measure(sandbox, call(0x6000, "idle()")),
        "an empty method in Python": measure(sandbox, call(0x5101, "idle()")),
        "a turn of a loop": (many - few) / 100,
        "points.transfer: 5 reads, 2 writes, a log entry": measure(
            sandbox, call(0x5100, "transfer(address,uint256)", bob.address, 1)
        ),
        "DagTransfer.userTransfer, in the kernel": measure(
            sandbox, call(0x5002, "userTransfer(string,string,uint256)", "alice", "bob", 1)
        ),
        "SystemConfig.setValueByKey": measure(
            sandbox, call(0x1000, "setValueByKey(string,string)", "tx_count_limit", "1000")
        ),
    }
    print(json.dumps({name: round(value, 2) for name, value in results.items()}, indent=1))


if __name__ == "__main__":
    main()
