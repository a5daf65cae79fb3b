"""What can go wrong with a store.

StorageError
 ├─ StorageLocked      another process has it open: nothing was touched
 ├─ StorageCorrupted   what is on the disk is not what was written: restore or sync anew
 ├─ StorageFailed      the disk refused (full, read-only, I/O error): stop, what was written is not sure
 └─ StorageClosed      used after `close`: an error of the caller

Each says which store, and what to do about it.
"""

from pathlib import Path

__all__ = ["StorageClosed", "StorageCorrupted", "StorageError", "StorageFailed", "StorageLocked"]


class StorageError(Exception):
    """Base of this package's errors."""

    remedy = "see the log of the node"

    def __init__(self, path: Path | None, reason: str) -> None:
        """Args: `path` is the store's directory (None: it has none); `reason` is what the engine said."""
        super().__init__(f"store {path or 'in memory'}: {reason}; {self.remedy}")
        self.path = path
        self.reason = reason


class StorageLocked(StorageError):
    """Another process, or this one, has the store open already."""

    remedy = "stop the other node that uses this directory, or give this one a data path of its own"


class StorageCorrupted(StorageError):
    """Bytes on the disk do not match their checksums, or files are missing."""

    remedy = (
        "stop the node, move the directory away, then restore a backup or start with an empty one: "
        "the node downloads the chain from its peers again"
    )


class StorageFailed(StorageError):
    """The operating system refused to read or write."""

    remedy = "check the disk for space, permissions and errors, then start the node again"


class StorageClosed(StorageError):
    """The store is closed."""

    remedy = "open it again"
