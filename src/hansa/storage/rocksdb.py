"""RocksDB, through `rocksdict` in its raw mode: bytes in, bytes out, one column family.

Rules:
- A batch goes to the write-ahead log first, and `sync` waits until the log is on the disk. After a crash an
  unfinished last record is dropped; damage anywhere else refuses to open instead of losing blocks quietly.
- Once a synced write failed nobody knows what the disk holds: the store takes no further writes.
- Memory is bounded: the block cache (with the indexes and filters in it), the write buffers, the open files.

The interpreter lock, measured with rocksdict 0.3.29: released while keys are read, in `flush`, compaction and
`flush_wal`; held in `Rdict.write`, for about 2.5 ms per megabyte and, if that write is itself synced, also
while the disk works (0.8 ms where it was measured). So a synced write takes two steps: `write` without sync,
then `flush_wal(sync=True)`, during which other threads run.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import cast

import rocksdict

from hansa.storage.errors import StorageClosed, StorageCorrupted, StorageError, StorageFailed, StorageLocked
from hansa.storage.store import WriteBatch, prefix_end

__all__ = ["RocksStore"]

CACHE_BYTES = 32 << 20
WRITE_BUFFER_BYTES = 16 << 20
WRITE_BUFFER_COUNT_MAX = 3
LOG_BYTES_MAX = 64 << 20
"""Write-ahead log kept at most: bounds how long a start after a crash replays."""
OPEN_FILES_MAX = 256
BLOOM_BITS_PER_KEY = 10


class RocksStore:
    """A RocksDB directory, open for this process alone."""

    def __init__(self, path: Path, *, cache_bytes: int = CACHE_BYTES) -> None:
        """Open the database in `path`, creating it and the directories above it if need be.

        Args:
            path: the database's directory; nothing else may live in it.
            cache_bytes: memory for recently read blocks.

        Raises:
            StorageLocked: another process has it open.
            StorageCorrupted: files are damaged or missing.
            StorageFailed: no permission, no space, no such disk.
        """
        self._path = path
        self._writing = Lock()
        self._write_failure: str | None = None
        self._iterators: weakref.WeakSet[_RocksIterator] = weakref.WeakSet()
        with self._translated_errors():
            path.mkdir(parents=True, exist_ok=True)
            self._database: rocksdict.Rdict | None = rocksdict.Rdict(str(path), _options(cache_bytes))

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if absent."""
        return self.get_many([key])[0]

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of many keys, in the order of the keys."""
        database = self._open_database()
        with self._translated_errors():
            return cast(list[bytes | None], database.get(list(keys)) if keys else [])

    def iterate(
        self, prefix: bytes = b"", *, start: bytes = b"", stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in key order; see `KeyValueStore.iterate`.

        An iterator still in use when the store is closed raises StorageClosed.
        """
        database = self._open_database()
        least = max(prefix, start)
        end = prefix_end(prefix)
        if stop is not None and (end is None or stop < end):
            end = stop
        if end is not None and end <= least:
            return iter(())
        with self._translated_errors():
            iterator = _RocksIterator(self, database, least, end, reverse=reverse)
        self._iterators.add(iterator)
        return iterator

    def write(self, batch: WriteBatch, *, sync: bool = True) -> None:
        """Apply a batch atomically; see `KeyValueStore.write`. Readers see it shortly before it is durable.

        Raises:
            StorageFailed: it may or may not be durable, and nothing more will be taken: stop.
        """
        changes = rocksdict.WriteBatch(raw_mode=True)
        for key, value in batch.changes.items():
            if value is None:
                changes.delete(key)
            else:
                changes.put(key, value)
        with self._writing:
            database = self._open_database()
            if self._write_failure is not None:
                raise StorageFailed(self._path, f"a write failed before: {self._write_failure}")
            try:
                with self._translated_errors():
                    if len(batch):
                        database.write(changes)
                    if sync:
                        database.flush_wal(sync=True)
            except StorageError as error:
                self._write_failure = error.reason
                raise

    def byte_size(self) -> int:
        """The live table files and the write buffers."""
        database = self._open_database()
        with self._translated_errors():
            table_bytes = database.property_int_value("rocksdb.live-sst-files-size")
            buffer_bytes = database.property_int_value("rocksdb.cur-size-all-mem-tables")
        return (table_bytes or 0) + (buffer_bytes or 0)

    def checkpoint(self, target: Path) -> None:
        """Copy the store as it is now to a new directory, while it is in use: a backup of a running node.

        Table files are hard links when `target` is on the same disk. Blocking: call it on a thread.

        Args:
            target: must not exist; its parent must.

        Raises:
            StorageFailed: it exists, or the disk refused.
        """
        database = self._open_database()
        with self._translated_errors():
            rocksdict.Checkpoint(database).create_checkpoint(str(target))

    def close(self) -> None:
        """Flush, and let go of the files and their lock. Reads running in other threads finish first."""
        with self._writing:
            database, self._database = self._database, None
            if database is None:
                return
            for iterator in list(self._iterators):
                iterator.release()
            with self._translated_errors():
                database.flush_wal(sync=True)
                # So that the next start need not replay the log. The files close with the last reader.
                database.flush(wait=True)

    def _open_database(self) -> rocksdict.Rdict:
        database = self._database
        if database is None:
            raise StorageClosed(self._path, "it is closed")
        return database

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # rocksdict raises bare `Exception`: only its text tells the kinds apart.
            raise self._error(str(error)) from error

    def _error(self, reason: str) -> StorageError:
        if "lock hold by current process" in reason or "While lock file" in reason:
            return StorageLocked(self._path, "it is in use")
        if reason.startswith("Corruption"):
            return StorageCorrupted(self._path, reason)
        return StorageFailed(self._path, reason)


class _RocksIterator(Iterator[tuple[bytes, bytes]]):
    """Follows a cursor to its end, then asks whether that was the end or damage.

    Two shortcuts of rocksdict 0.3.29 are avoided: its `items` ends silently at a damaged block, and
    its iterate bounds do not outlive the options object they are set on (and the lower one sets the upper).
    """

    def __init__(
        self, store: RocksStore, database: rocksdict.Rdict, least: bytes, end: bytes | None, *, reverse: bool
    ) -> None:
        self._store = store
        self._least = least
        self._end = end
        cursor = database.iter()
        self._cursor: rocksdict.RdictIter | None = cursor
        self._advance = cursor.prev if reverse else cursor.next
        if not reverse:
            cursor.seek(least)
        elif end is None:
            cursor.seek_to_last()
        else:
            cursor.seek_for_prev(end)
            if cursor.valid() and cursor.key() == end:
                cursor.prev()

    def __next__(self) -> tuple[bytes, bytes]:
        cursor = self._cursor
        if cursor is None:
            self._store._open_database()
            raise StopIteration
        if cursor.valid():
            key = cursor.key()
            if self._least <= key and (self._end is None or key < self._end):
                pair = (key, cursor.value())
                self._advance()
                return pair
        self.release()
        with self._store._translated_errors():
            cursor.status()
        raise StopIteration

    def release(self) -> None:
        """Let go of the database."""
        self._cursor = None
        self._advance = _exhausted


def _exhausted() -> None:
    """Nothing follows."""


def _options(cache_bytes: int) -> rocksdict.Options:
    tables = rocksdict.BlockBasedOptions()
    tables.set_block_cache(rocksdict.Cache(cache_bytes))
    tables.set_cache_index_and_filter_blocks(True)
    tables.set_pin_l0_filter_and_index_blocks_in_cache(True)
    tables.set_bloom_filter(BLOOM_BITS_PER_KEY, False)
    tables.set_block_size(16 << 10)

    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(tables)
    options.set_compression_type(rocksdict.DBCompressionType.lz4())
    options.set_paranoid_checks(True)
    options.set_wal_recovery_mode(rocksdict.DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(WRITE_BUFFER_COUNT_MAX)
    options.set_max_total_wal_size(LOG_BYTES_MAX)
    options.set_max_open_files(OPEN_FILES_MAX)
    options.set_max_background_jobs(2)
    options.set_bytes_per_sync(1 << 20)
    options.set_avoid_unnecessary_blocking_io(True)
    options.set_keep_log_file_num(3)
    options.set_max_log_file_size(4 << 20)
    options.set_stats_dump_period_sec(0)
    return options
