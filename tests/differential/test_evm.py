"""Our EVM against an independent one: the same program, the same outcome, the same gas.

The other one is py-evm's Istanbul. Programs are random, but of a kind that gets somewhere: pushes keep the
stack filled, memory offsets are small, jumps hit destinations half of the time.

Different by design, and therefore not in the programs (execution §1): SLOAD and SSTORE prices, TIMESTAMP in
ms, block fields that are always 0, CHAINID 0, balances, calls to addresses without code, creations from
nonce 0.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from eth import constants
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.istanbul.state import IstanbulState
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hansa.kernel import Block, Executor, Header, Transaction, TransactionList, keccak256

sys.setrecursionlimit(1000)  # importing py-evm raises it for the whole process

SENDER = keccak256(b"test key of a caller")
CALLER = b"\x11" * 20
GAS_LIMIT = 1_000_000
"""The group's tx_gas_limit: low, so that endless loops end soon."""
SUCCESS, REVERTED = 0, 22

WORDS = st.one_of(
    st.integers(0, 300),
    st.integers(0, 2**256 - 1),
    st.sampled_from([2**255, 2**255 - 1, 2**256 - 1, 2**128, 1, 0]),
)
ARITHMETIC = [*range(0x01, 0x0C), *range(0x10, 0x1E)]
"""ADD to SIGNEXTEND, LT to SAR."""
ENVIRONMENT = [0x30, 0x33, 0x34, 0x36, 0x38, 0x3D, 0x58, 0x59, 0x5A]
"""ADDRESS, CALLER, CALLVALUE, CALLDATASIZE, CODESIZE, RETURNDATASIZE, PC, MSIZE, GAS."""


def push(value: int) -> bytes:
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes([0x5F + len(data)]) + data


SMALL = st.integers(0, 600).map(push)
OPERATIONS = st.one_of(
    WORDS.map(push),
    WORDS.map(push),
    st.sampled_from(ARITHMETIC).map(lambda code: bytes([code])),
    st.sampled_from(ENVIRONMENT).map(lambda code: bytes([code])),
    st.integers(0x80, 0x8F).map(lambda code: bytes([code])),
    st.integers(0x90, 0x9F).map(lambda code: bytes([code])),
    st.just(b"\x50"),
    st.tuples(WORDS.map(push), SMALL, st.sampled_from([0x52, 0x53])).map(
        lambda t: t[0] + t[1] + bytes([t[2]])
    ),
    SMALL.map(lambda offset: offset + b"\x51"),
    SMALL.map(lambda offset: offset + b"\x35"),
    st.tuples(SMALL, SMALL).map(lambda t: t[0] + t[1] + b"\x20"),
    st.tuples(SMALL, SMALL, SMALL, st.sampled_from([0x37, 0x39])).map(
        lambda t: t[0] + t[1] + t[2] + bytes([t[3]])
    ),
    st.tuples(SMALL, SMALL).map(lambda t: t[0] + t[1] + b"\xa0"),
    st.just(b"\x5b"),
    st.tuples(st.booleans(), st.integers(0, 60)).map(lambda t: push(int(t[0])) + push(t[1]) + b"\x57"),
    st.binary(min_size=1, max_size=1).filter(lambda code: code[0] in (0x0C, 0x21, 0xFE, 0x5F, 0x48, 0x49)),
)
FILL = st.lists(WORDS.map(push), min_size=12, max_size=20)
"""Instructions find operands."""
SHOW = b"".join(push(32 * slot) + b"\x52" for slot in range(4))
"""The top of the stack into memory."""
ENDINGS = st.one_of(
    st.just(b""),
    st.just(SHOW + b"\x59" + push(0) + b"\xf3"),
    st.just(SHOW + b"\x59" + push(0) + b"\xfd"),
    st.tuples(SMALL, SMALL, st.sampled_from([b"\xf3", b"\xfd"])).map(b"".join),
)
PROGRAMS = st.tuples(FILL, st.lists(OPERATIONS, max_size=40), ENDINGS).map(
    lambda parts: b"".join(parts[0]) + b"".join(parts[1]) + parts[2]
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program came to; after an exceptional halt nothing but the fact counts."""

    is_success: bool
    is_revert: bool
    output: bytes
    gas_used: int


class OurEvm:
    """A kernel executor on a dict, one contract per program."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._hashes: dict[int, bytes] = {}
        self._executor = Executor(
            read_many=lambda keys: [self._rows.get(key) for key in keys], read_block_hash=self._hashes.get
        )
        genesis = Header(number=0, timestamp=0, extra_data=[b"differential"])
        limit = ("_sys_config_", [("key", "tx_gas_limit"), ("value", str(GAS_LIMIT)), ("enable_num", "0")])
        self._keep(self._executor.genesis(genesis, [limit]))
        self._height = 0

    def call(self, contract: bytes, data: bytes) -> Outcome:
        """Run the program of a contract."""
        result = self._executor.call(
            sender=CALLER, to=contract, data=data, value=0, height=self._height, timestamp=self._height
        )
        base = 21_000 + sum(68 if byte else 4 for byte in data)
        kind = result.status
        return Outcome(kind == SUCCESS, kind == REVERTED, result.output, result.gas_used - base)

    def deploy(self, program: bytes) -> bytes:
        """Make a contract whose code is the program; its address."""
        size = push(len(program))
        offset = 2 * len(size) + 8  # of the program behind the code that returns it
        code = size + push(offset) + push(0) + b"\x39" + size + push(0) + b"\xf3"
        assert len(code) == offset
        transaction = Transaction.create(
            SENDER,
            nonce=self._height,
            gas_price=1,
            gas=GAS_LIMIT,
            block_limit=self._height + 100,
            to=None,
            value=0,
            data=code + program,
            chain_id=1,
            group_id=1,
        )
        self._height += 1
        header = Header(
            number=self._height, parent_hash=self._hashes[self._height - 1], timestamp=self._height
        )
        executed = self._executor.execute(Block.propose(header, TransactionList.decode([transaction.raw])))
        self._keep(executed)
        sender = transaction.sender
        assert sender is not None
        nonce = self._height - 1
        item = b"\x94" + sender + (b"\x80" if nonce == 0 else _integer(nonce))
        return keccak256(bytes([0xC0 + len(item)]) + item)[12:]

    def _keep(self, executed: object) -> None:
        self._rows.update(executed.state_rows())  # type: ignore[attr-defined]
        self._executor.apply(executed)  # type: ignore[arg-type]
        self._hashes[executed.block.number] = executed.block.hash  # type: ignore[attr-defined]


def _integer(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return data if len(data) == 1 and value < 0x80 else bytes([0x80 + len(data)]) + data


def run_theirs(program: bytes, data: bytes, address: bytes) -> Outcome:
    context = ExecutionContext(
        coinbase=constants.ZERO_ADDRESS,
        timestamp=1,
        block_number=1,
        difficulty=0,
        mix_hash=constants.ZERO_HASH32,
        gas_limit=GAS_LIMIT,
        prev_hashes=(),
        chain_id=0,
    )
    state = IstanbulState(AtomicDB(), context, constants.BLANK_ROOT_HASH)
    base = 21_000 + sum(68 if byte else 4 for byte in data)
    message = Message(
        gas=GAS_LIMIT - base, to=address, sender=CALLER, value=0, data=data, code=program, create_address=None
    )
    transaction = BaseTransactionContext(gas_price=1, origin=CALLER)
    computation = state.computation_class.apply_computation(state, message, transaction)
    if computation.is_success:
        return Outcome(True, False, computation.output, computation.get_gas_used())
    is_revert = not computation.should_burn_gas
    return Outcome(False, is_revert, computation.output if is_revert else b"", computation.get_gas_used())


OURS = OurEvm()


@settings(max_examples=400, deadline=None)
@given(PROGRAMS, st.binary(max_size=70))
@example(bytes.fromhex("600160020160005260206000f3"), b"")
@example(bytes.fromhex("60006000fd"), b"")
@example(b"\xfe", b"")
@example(b"\x5b" + push(0) + b"\x56", b"")
def test_a_program_comes_to_the_same(program: bytes, data: bytes) -> None:
    if not program:
        return
    contract = OURS.deploy(program)
    ours = OURS.call(contract, data)
    theirs = run_theirs(program, data, contract)
    assert (ours.is_success, ours.is_revert) == (theirs.is_success, theirs.is_revert)
    if ours.is_success or ours.is_revert:
        assert ours.output == theirs.output
        assert ours.gas_used == theirs.gas_used
