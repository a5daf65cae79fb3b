"""What the node asks of a database: ordered bytes, read in bulk and written in atomic batches.

Rules:
- Keys are ordered as unsigned bytes, shorter first. Keys and values are `bytes`; both may be empty.
- A batch is written whole or not at all, also across a crash. Within a batch the last change of a key counts.
- After `write(batch, sync=True)` returns, the batch survives a power cut.
- An iterator sees the store as it was when `iterate` was called.
- Reads may come from any thread at any time. Writes come from any thread, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

__all__ = ["KeyValueStore", "WriteBatch", "prefix_end"]


class WriteBatch:
    """Changes that become visible and durable together."""

    __slots__ = ("_changes",)

    def __init__(self) -> None:
        self._changes: dict[bytes, bytes | None] = {}

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key."""
        self._changes[key] = value

    def put_many(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Set many keys, in order."""
        self._changes.update(pairs)

    def delete(self, key: bytes) -> None:
        """Remove a key; harmless if it is absent."""
        self._changes[key] = None

    def __len__(self) -> int:
        """How many keys change."""
        return len(self._changes)

    @property
    def changes(self) -> Mapping[bytes, bytes | None]:
        """The new value of each changed key; None removes it."""
        return self._changes


class KeyValueStore(Protocol):
    """An open database. Every method raises a `StorageError` when it cannot do its work."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if absent."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of many keys, in the order of the keys."""

    def iterate(
        self, prefix: bytes = b"", *, start: bytes = b"", stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs whose key begins with `prefix`, in key order, or backwards when `reverse`.

        Args:
            prefix: empty for all keys.
            start: the least key wanted; a whole key, not what follows the prefix.
            stop: the key before which to end; None for no bound.
            reverse: begin with the greatest key.
        """

    def write(self, batch: WriteBatch, *, sync: bool = True) -> None:
        """Apply a batch atomically.

        Args:
            batch: may be empty; may be written again.
            sync: return only when it is on the disk. Without it, a power cut may lose the newest batches,
                never a part of one and never one without those after it.
        """

    def byte_size(self) -> int:
        """About how much the store holds, in bytes, as it lies on the disk (or in memory)."""

    def close(self) -> None:
        """Make all writes durable and let go of the files. Closing twice is harmless."""


def prefix_end(prefix: bytes) -> bytes | None:
    """The least key greater than every key that begins with `prefix`; None if there is none."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes((trimmed[-1] + 1,))
