"""A store in memory: for tests, and for a node that need not remember."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from threading import Lock

from hansa.storage.errors import StorageClosed
from hansa.storage.store import WriteBatch, prefix_end

__all__ = ["MemoryStore"]


class MemoryStore:
    """A dictionary, and its keys in order."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._sorted_keys: list[bytes] | None = []
        """None when the set of keys changed since they were sorted. Replaced, never changed in place."""
        self._lock = Lock()
        self._is_closed = False

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if absent."""
        self._check_open()
        return self._values.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of many keys, in the order of the keys."""
        self._check_open()
        with self._lock:
            return [self._values.get(key) for key in keys]

    def iterate(
        self, prefix: bytes = b"", *, start: bytes = b"", stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in key order; see `KeyValueStore.iterate`."""
        self._check_open()
        end = prefix_end(prefix)
        with self._lock:
            if self._sorted_keys is None:
                self._sorted_keys = sorted(self._values)
            keys = self._sorted_keys
            first = bisect_left(keys, max(prefix, start))
            last = len(keys) if end is None else bisect_left(keys, end)
            if stop is not None:
                last = min(last, bisect_left(keys, stop))
            pairs = [(key, self._values[key]) for key in keys[first:last]]
        return reversed(pairs) if reverse else iter(pairs)

    def write(self, batch: WriteBatch, *, sync: bool = True) -> None:
        """Apply a batch atomically; there is no disk to wait for."""
        self._check_open()
        with self._lock:
            for key, value in batch.changes.items():
                if value is None:
                    if self._values.pop(key, None) is not None:
                        self._sorted_keys = None
                else:
                    if key not in self._values:
                        self._sorted_keys = None
                    self._values[key] = value

    def byte_size(self) -> int:
        """The bytes of all keys and values."""
        self._check_open()
        with self._lock:
            return sum(len(key) + len(value) for key, value in self._values.items())

    def close(self) -> None:
        """Forget everything."""
        self._is_closed = True
        self._values = {}
        self._sorted_keys = []

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageClosed(None, "it is closed")
