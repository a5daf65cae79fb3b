"""Where a group's rows and blocks are kept: engines behind one small Protocol.

The package knows bytes, order, atomic batches and disks. What keys mean is the ledger's business.
"""

from hansa.storage.errors import (
    StorageClosed,
    StorageCorrupted,
    StorageError,
    StorageFailed,
    StorageLocked,
)
from hansa.storage.memory import MemoryStore
from hansa.storage.rocksdb import RocksStore
from hansa.storage.store import KeyValueStore, WriteBatch, prefix_end

__all__ = [
    "KeyValueStore",
    "MemoryStore",
    "RocksStore",
    "StorageClosed",
    "StorageCorrupted",
    "StorageError",
    "StorageFailed",
    "StorageLocked",
    "WriteBatch",
    "prefix_end",
]
