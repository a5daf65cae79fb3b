"""The compiled kernel. Hashes are 32 bytes, addresses 20, public keys and node ids 64, signatures 65 (r ‖ s ‖
v with v 0 or 1) or, on a guomi chain, 128 (r ‖ s ‖ public key). All integers are unsigned. `ValueError` means
the input is not what it should be; its text says why. `IndexError` means there is no such position. Every
object is immutable unless said otherwise, and may be used from any thread.

What follows the chain's choice of cryptography takes its `suite` by name, `Suite.STANDARD` if nothing is
said; a transaction, header or block keeps the one it was made with.

Sheet sections in brackets refer to the data model: [§3] transactions, [§4] receipts, [§5] roots, [§6] blocks.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, final

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

# --- hashes and signatures [§2] ---------------------------------------------------------------------------

@final
class Suite:
    """What a chain hashes and signs with, chosen once (§2.1)."""

    STANDARD: ClassVar[Suite]
    """Keccak-256, and recoverable ECDSA over secp256k1."""
    SM: ClassVar[Suite]
    """Guomi: SM3, and SM2 with the public key carried along."""

    @property
    def signature_size(self) -> int:
        """In bytes."""
    def hash(self, data: bytes) -> bytes: ...
    def address(self, public_key: bytes) -> bytes:
        """The last 20 bytes of the key's hash."""
    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

def keccak256(data: bytes) -> bytes:
    """For what is Keccak on every chain; what follows the chain is `Suite.hash`."""

def public_key(secret: bytes, *, suite: Suite = ...) -> bytes:
    """The 64-byte public key of a 32-byte secret.

    Raises ValueError: the secret is zero or not below the order of the curve.
    """

def sign(secret: bytes, digest: bytes, *, suite: Suite = ...) -> bytes:
    """Deterministic (RFC 6979); of ECDSA with low s."""

def recover(digest: bytes, signature: bytes, *, suite: Suite = ...) -> bytes | None:
    """The 64-byte public key, or None if the signature is not valid (wrong length, high s, v > 1, r or s out
    of range; of SM2: the key it carries did not sign).
    """

def recover_batch(
    digests: Sequence[bytes], signatures: Sequence[bytes], *, suite: Suite = ...
) -> list[bytes | None]:
    """`recover` for many, on all cores."""

def verify_batch(
    public_keys: Sequence[bytes], digests: Sequence[bytes], signatures: Sequence[bytes], *, suite: Suite = ...
) -> list[bool]:
    """For each: did this key sign the digest? A key that the signature carries is not looked at."""

def vrf_prove(secret: bytes, input: str) -> tuple[str, str]:
    """The Curve25519 public key of a node's 32-byte secret, and its proof for an input (execution §8.4)."""

def vrf_verify(input: bytes, public_key: bytes, proof: bytes) -> bytes | None:
    """The 32-byte random value of a Curve25519 proof (execution §8.4), or None if the proof is not valid. All
    three are texts.
    """

# --- transactions, headers, blocks -------------------------------------------------------------------------

@final
class Transaction:
    """One transaction [§3.1]. `raw` keeps the bytes as received, `hash` is of the canonical form."""

    @staticmethod
    def decode(raw: bytes, *, suite: Suite = ...) -> Transaction:
        """Checks the encoding, not the signature.

        Raises ValueError: not a transaction.
        """
    @staticmethod
    def create(
        secret: bytes,
        *,
        nonce: int,
        gas_price: int,
        gas: int,
        block_limit: int,
        to: bytes | None,
        value: int,
        data: bytes,
        chain_id: int,
        group_id: int,
        extra_data: bytes = b"",
        suite: Suite = ...,
    ) -> Transaction:
        """Sign a new one."""
    @property
    def raw(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def signing_hash(self) -> bytes: ...
    @property
    def sender(self) -> bytes | None:
        """Recovered once and kept; None if the signature is not valid."""
    @property
    def nonce(self) -> int: ...
    @property
    def gas_price(self) -> int: ...
    @property
    def gas(self) -> int: ...
    @property
    def block_limit(self) -> int: ...
    @property
    def to(self) -> bytes | None:
        """None for a contract creation."""
    @property
    def value(self) -> int: ...
    @property
    def data(self) -> bytes: ...
    @property
    def chain_id(self) -> int: ...
    @property
    def group_id(self) -> int: ...
    @property
    def extra_data(self) -> bytes: ...
    def json(self) -> bytes:
        """The JSON-RPC object of a pending transaction (client protocol §3.6.5, without block fields)."""

@final
class TransactionList:
    """Transactions with a shared life: what the pool hands out and a block is made of."""

    @staticmethod
    def decode(raws: Sequence[bytes], *, suite: Suite = ...) -> TransactionList:
        """Raises ValueError naming the first index that is not a transaction."""
    @staticmethod
    def decode_blob(blob: bytes, *, suite: Suite = ...) -> TransactionList:
        """From the little-endian offset table form [§6.2] used in blocks and on the wire."""
    def encode_blob(self) -> bytes: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Transaction: ...
    def __iter__(self) -> Iterator[Transaction]: ...
    @property
    def hashes(self) -> list[bytes]: ...
    @property
    def byte_size(self) -> int:
        """The bytes of all transactions as received."""
    def recover_senders(self) -> list[int]:
        """Recover all missing senders on all cores; the indices of invalid signatures."""

def transactions_root(hashes: Sequence[bytes], *, suite: Suite = ...) -> bytes:
    """The 16-ary root over `rlp(index) ‖ hash` [§5]; also the receipts root when given receipt hashes."""

@final
class Header:
    """A block header: 13 fields [§6.1]."""

    def __new__(
        cls,
        *,
        number: int,
        parent_hash: bytes | None = None,
        state_root: bytes | None = None,
        transactions_root: bytes | None = None,
        receipts_root: bytes | None = None,
        db_hash: bytes | None = None,
        timestamp: int,
        extra_data: Sequence[bytes] = (),
        sealer: int = 0,
        sealer_list: Sequence[bytes] = (),
        suite: Suite = ...,
    ) -> Header:
        """None stands for 32 zero bytes. `sealer` may be any 256-bit integer."""
    @staticmethod
    def decode(data: bytes, *, suite: Suite = ...) -> Header: ...
    @property
    def suite(self) -> Suite: ...
    def encode(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def parent_hash(self) -> bytes: ...
    @property
    def state_root(self) -> bytes: ...
    @property
    def transactions_root(self) -> bytes: ...
    @property
    def receipts_root(self) -> bytes: ...
    @property
    def db_hash(self) -> bytes: ...
    @property
    def log_bloom(self) -> bytes: ...
    @property
    def number(self) -> int: ...
    @property
    def gas_limit(self) -> int: ...
    @property
    def gas_used(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds."""
    @property
    def extra_data(self) -> list[bytes]: ...
    @property
    def sealer(self) -> int: ...
    @property
    def sealer_list(self) -> list[bytes]: ...

@final
class Block:
    """Header, transactions, and once executed receipts, once agreed signatures [§6.2]."""

    @staticmethod
    def propose(header: Header, transactions: TransactionList) -> Block:
        """An unexecuted block of the header's suite; the header's transactions root is filled in."""
    @staticmethod
    def decode(data: bytes, *, suite: Suite = ...) -> Block:
        """The 5-item form.

        Raises ValueError: malformed, or its hash item is not the header's hash.
        """
    @staticmethod
    def decode_proposal(data: bytes, *, suite: Suite = ...) -> tuple[Header, list[bytes], bytes]:
        """The 3-item form with transaction hashes: header, hashes, hash item (checked against the header)."""
    def encode(self) -> bytes:
        """The 5-item form."""
    def encode_proposal(self) -> bytes:
        """The 3-item form with transaction hashes."""
    def with_signatures(self, signatures: Sequence[tuple[int, bytes]]) -> Block:
        """The same block with (sealer index, signature) entries.

        Raises ValueError: a signature is not as long as those of the block's suite.
        """
    @property
    def suite(self) -> Suite: ...
    @property
    def header(self) -> Header: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def number(self) -> int: ...
    @property
    def transactions(self) -> TransactionList: ...
    @property
    def signatures(self) -> list[tuple[int, bytes]]: ...
    @property
    def receipt_count(self) -> int:
        """0 for a block that was not executed."""
    @property
    def nonces(self) -> list[bytes]:
        """Transaction nonces, 32 bytes each, in order."""
    def failed_count(self) -> int:
        """Receipts with a status other than 0."""
    def index_of(self, transaction_hash: bytes) -> int | None: ...
    def transaction_json(self, index: int) -> bytes:
        """The JSON-RPC transaction object (client protocol §3.6.5), compact, keys in byte order."""
    def receipt_json(self, index: int, *, with_proofs: bool = False) -> bytes:
        """The JSON-RPC receipt object (§3.6.6); `with_proofs` adds txProof and receiptProof."""
    def receipts_json(self, *, with_proofs: bool = False) -> list[bytes]:
        """All receipts, made on all cores."""
    def logs_json(self, index: int) -> bytes:
        """The `logs` array of one receipt as in §3.6.6."""
    def event_logs_json(self, addresses: Sequence[bytes], topics: Sequence[Sequence[bytes]]) -> list[bytes]:
        """The logs a contract event filter is after, in order, each as the object of a push (§8.2).

        No addresses: of every contract; an empty position in `topics`: any topic, or none.
        """
    def batch_receipts_json(self, start: int, count: int) -> bytes:
        """The object of getBatchReceiptsBy…AndRange (§3.6.7), uncompressed. `count` may exceed the rest, and
        `start` the end: then there are none.
        """
    def transaction_proof_json(self, index: int) -> bytes:
        """The `txProof` array (§3.6.9)."""
    def receipt_proof_json(self, index: int) -> bytes: ...

# --- the pool [§3.2] ----------------------------------------------------------------------------------------

@final
class TransactionPool:
    """Admission checks, nonce sets and sealing order of one group. Mutable; one lock inside, held briefly."""

    def __new__(
        cls, *, chain_id: int, group_id: int, count_limit: int, byte_limit: int, suite: Suite = ...
    ) -> TransactionPool: ...
    def reset_head(self, height: int, nonces: Sequence[tuple[int, bytes]]) -> None:
        """Set the head at start: `nonces` are (height, RLP list of that block's nonces) of the last 1000
        blocks.
        """
    def submit(self, raws: Sequence[bytes], now_ms: int, *, from_client: bool) -> list[tuple[int, bytes]]:
        """Decode, recover in parallel and admit: (status, hash) for each, status 0 when admitted, else the
        code of [§3.2]. Bytes that are no transaction get 10005 and an empty hash. Order of admission is kept.
        Codes 10004 and 29, which depend on the node, are its own business.
        """
    def submit_list(self, transactions: TransactionList, now_ms: int, *, from_client: bool) -> list[int]:
        """The same for decoded transactions."""
    def seal(self, count_limit: int, excluded: Sequence[bytes] = ()) -> TransactionList:
        """The oldest transactions that may be in the next block, without those whose hash is excluded. They
        stay in the pool.
        """
    def lookup(self, hashes: Sequence[bytes]) -> tuple[TransactionList, list[int]]:
        """Those that are here, in the order given, and the indices of those that are not."""
    def first_unfit(self, transactions: TransactionList) -> int | None:
        """The index of the first transaction that no block on this head may hold.

        Its signature is not valid, its nonce stands in the chain's window or twice in the list, its block
        limit is out of the window, or it is for another chain or group.
        """
    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        """For each: does it wait here, or was it committed lately?"""
    def commit(self, block: Block) -> None:
        """A block became durable: drop its transactions and those whose nonce it used, remember its nonces,
        move the block limit window.
        """
    def evict_expired(self, now_ms: int, age_ms_max: int, count_max: int) -> list[bytes]:
        """Drop what is older than `age_ms_max` or past its block limit, looking at the oldest `count_max`.
        Their hashes, and those of transactions that lost their nonce to a committed one since the last call.
        """
    def take_unsent(self, count_max: int) -> TransactionList:
        """From clients and not yet handed out by this call."""
    def take_unannounced(self, now_ms: int, age_ms_min: int, count_max: int) -> list[bytes]:
        """Hashes admitted at least `age_ms_min` ago and not yet handed out by this call."""
    def all(self) -> TransactionList: ...
    def clear(self) -> None: ...
    @property
    def byte_size(self) -> int:
        """What the transactions take in memory; compared with `byte_limit`."""
    def __len__(self) -> int: ...

# --- execution ----------------------------------------------------------------------------------------------

_ReadMany = Callable[[list[bytes]], list[bytes | None]]

_Condition = tuple[str, str, bytes]
"""Field, operator (one of == != > >= < <=), value. == and != compare texts, the others 64-bit integers."""

@final
class ContractTable:
    """A table during one call."""

    @property
    def name(self) -> str: ...
    @property
    def key_field(self) -> str: ...
    @property
    def fields(self) -> list[str]:
        """Key field and value fields, in byte order."""

@final
class ContractCall:
    """The call a contract in Python answers: good until the answer is there, and only on its thread.

    Writes answer how many rows they wrote, or −50000 if they are the origin's (`as_origin`) and it may not
    (execution §4.1). `OSError` means that the storage failed, and ends the block whatever is made of it;
    `RuntimeError` that the call is over, or that the table belongs to another.
    """

    @property
    def origin(self) -> bytes:
        """The sender of the transaction."""
    @property
    def sender(self) -> bytes:
        """The direct caller."""
    @property
    def address(self) -> bytes:
        """The contract that is called."""
    @property
    def number(self) -> int:
        """The block that runs; one above the committed head in a read-only call."""
    @property
    def timestamp(self) -> int:
        """Its timestamp in milliseconds; the committed head's in a read-only call."""
    @property
    def is_static(self) -> bool:
        """Came the call by STATICCALL?"""
    @property
    def suite(self) -> Suite:
        """What the chain hashes and signs with."""
    @property
    def gas(self) -> int:
        """What the call may cost."""
    def open(self, name: str) -> ContractTable | None: ...
    def create(self, name: str, key_field: str, value_fields: str, *, as_origin: bool) -> int:
        """0, or −50001: there is such a table."""
    def select(
        self,
        table: ContractTable,
        key: bytes,
        conditions: Sequence[_Condition],
        limit: tuple[int, int] | None,
    ) -> list[dict[str, bytes]]:
        """Rows in the order every node sees; `limit` is (offset, count)."""
    def committed(self, table: ContractTable, key: bytes, field: str) -> bytes | None:
        """A field of the first row, as it was before this block."""
    def insert(
        self, table: ContractTable, key: bytes, fields: Sequence[tuple[str, bytes]], *, as_origin: bool
    ) -> int:
        """Fields the table does not have are left out."""
    def update(
        self,
        table: ContractTable,
        key: bytes,
        fields: Sequence[tuple[str, bytes]],
        conditions: Sequence[_Condition],
        *,
        as_origin: bool,
    ) -> int: ...
    def remove(
        self, table: ContractTable, key: bytes, conditions: Sequence[_Condition], *, as_origin: bool
    ) -> int: ...
    def log(self, topics: Sequence[bytes], data: bytes) -> None:
        """A log entry of the contract, taken back if the call fails."""
    def charge(self, operation: str, times: int) -> int:
        """Add the price of an operation (execution §2.0): create_table, open_table, select, insert, update,
        remove or set. What the call costs so far; whether that is too much is asked when it ends.
        """
    def charge_gas(self, gas: int) -> int:
        """Add gas; what the call costs so far."""
    def raise_memory(self, size: int) -> None:
        """At least so many bytes count as memory."""
    def block_hash(self, number: int) -> bytes:
        """Of a committed block; zeros if there is none."""

_Contract = Callable[[ContractCall, bytes], tuple[bool, bytes]]
"""Answers an input, selector included: (True, output), or (False, text) to fail. Raises nothing."""

@final
class CallResult:
    @property
    def status(self) -> int: ...
    @property
    def output(self) -> bytes: ...
    @property
    def gas_used(self) -> int: ...

@final
class ExecutedBlock:
    """A block with its effects on the world state, not yet durable."""

    @property
    def block(self) -> Block:
        """Header filled (state root, receipts root), receipts attached, no signatures."""
    def state_rows(self) -> list[tuple[bytes, bytes]]:
        """Storage writes of the world state: (key, value), for the same atomic batch as the block."""
    def changed_tables(self) -> list[str]:
        """Names of the tables this block changed: tells whether sealers or system parameters may be new."""

@final
class Executor:
    """The world state of one group behind a cache, and the rules that change it.

    `read_many` answers committed rows by storage key (None where absent). It is called with the interpreter
    lock held, rarely: on cache misses. `read_block_hash` answers the hash of a committed height.
    """

    def __new__(
        cls,
        *,
        read_many: _ReadMany,
        read_block_hash: Callable[[int], bytes | None],
        cache_bytes: int = ...,
        free_storage: bool = False,
        supported_version: tuple[int, int, int] = (2, 9, 1),
        contracts: Sequence[tuple[bytes, int, _Contract]] = (),
        parallel: bool = True,
        suite: Suite = ...,
    ) -> Executor:
        """`cache_bytes` bounds what decoded rows may take in memory. `contracts` (address, first block,
        answer) are put in place of what the kernel has there; before its first block an address is empty.
        Governance contracts come this way: `hansa.execution.installing`. `parallel` lets transactions run at
        the same time; what comes of a block is the same either way.

        Raises ValueError: the version is not one of 2.9.0 to 2.11.x.
        """
    def genesis(self, header: Header, rows: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> ExecutedBlock:
        """Block 0: rows are (table name, fields), the key field among them. Nothing enters a root."""
    def execute(self, block: Block) -> ExecutedBlock:
        """Run a block on the committed state, with the lock released. Senders are recovered if they are not
        yet.

        A transaction never fails the block: it gets a receipt with a status.

        Raises ValueError: the block is of another suite, does not follow the committed head, or a sender
        cannot be recovered.
        """
    def apply(self, executed: ExecutedBlock) -> None:
        """The block became durable: its rows are the committed state now (the cache learns them)."""
    def call(
        self, *, sender: bytes, to: bytes, data: bytes, value: int, height: int, timestamp: int
    ) -> CallResult:
        """A read-only message call on the committed head (execution §1.13)."""
    def select(self, table: str, key: str) -> list[dict[str, bytes]]:
        """Committed rows of one key, in row order, without hidden fields."""
    def code(self, address: bytes) -> bytes: ...
