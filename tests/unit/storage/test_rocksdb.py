"""What only a disk can do: outlive processes, be locked, be damaged."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from hansa.storage import (
    RocksStore,
    StorageClosed,
    StorageCorrupted,
    StorageFailed,
    StorageLocked,
    WriteBatch,
)

SOURCE = Path(__file__).parents[3] / "src"


def batch_of(**values: bytes) -> WriteBatch:
    batch = WriteBatch()
    for key, value in values.items():
        batch.put(key.encode(), value)
    return batch


def run_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start another interpreter with this package on its path."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_was_written_is_there_after_reopening(tmp_path: Path):
    for generation in range(3):
        store = RocksStore(tmp_path / "deep" / "store")
        assert len(list(store.iterate())) == generation
        store.write(batch_of(**{f"key{generation}": b"value"}), sync=generation == 1)
        store.close()


def test_a_second_user_is_refused_until_the_first_closes(tmp_path: Path):
    store = RocksStore(tmp_path)
    with pytest.raises(StorageLocked, match="in use; stop the other node"):
        RocksStore(tmp_path)
    other = run_python(
        """
        import sys
        from pathlib import Path
        from hansa.storage import RocksStore, StorageLocked
        try:
            RocksStore(Path(sys.argv[1]))
        except StorageLocked as error:
            print(error)
        """,
        str(tmp_path),
    )
    said, _ = other.communicate(timeout=30)
    assert str(tmp_path) in said
    assert "stop the other node" in said
    store.write(batch_of(a=b"1"))
    store.close()
    reopened = RocksStore(tmp_path)
    assert reopened.get(b"a") == b"1"
    reopened.close()


def test_an_unfinished_iterator_does_not_keep_the_files_open(tmp_path: Path):
    store = RocksStore(tmp_path)
    store.write(batch_of(a=b"1", b=b"2"))
    pairs = store.iterate()
    assert next(pairs) == (b"a", b"1")
    store.close()
    with pytest.raises(StorageClosed):
        next(pairs)
    RocksStore(tmp_path).close()


def test_a_killed_writer_leaves_whole_batches_and_loses_none_it_reported(tmp_path: Path):
    batch_count = 0
    for _ in range(5):
        writer = run_python(
            """
            import sys
            from pathlib import Path
            from hansa.storage import RocksStore, WriteBatch
            store = RocksStore(Path(sys.argv[1]))
            number = int(sys.argv[2])
            while True:
                batch = WriteBatch()
                for part in range(50):
                    batch.put(b"%08d/%02d" % (number, part), b"x" * 500)
                store.write(batch)
                print(number, flush=True)
                number += 1
            """,
            str(tmp_path),
            str(batch_count),
        )
        assert writer.stdout is not None
        last_reported = -1
        while last_reported < batch_count + 20:
            last_reported = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        last_reported = max(last_reported, *map(int, writer.stdout.read().split("\n")[:-1] or ["-1"]))
        writer.wait(timeout=30)
        writer.stdout.close()

        store = RocksStore(tmp_path)
        parts_by_batch: dict[int, int] = {}
        for key, _ in store.iterate():
            number = int(key[:8])
            parts_by_batch[number] = parts_by_batch.get(number, 0) + 1
        store.close()
        assert set(parts_by_batch.values()) == {50}
        assert sorted(parts_by_batch) == list(range(len(parts_by_batch)))
        assert len(parts_by_batch) > last_reported
        batch_count = len(parts_by_batch)


def _damage(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 64)


def _filled(path: Path) -> None:
    store = RocksStore(path)
    batch = WriteBatch()
    batch.put_many((b"%06d" % number, os.urandom(200)) for number in range(2000))
    store.write(batch)
    store.close()


def test_a_damaged_table_is_reported_by_reads_and_iterators_alike(tmp_path: Path):
    _filled(tmp_path)
    table = next(file for file in tmp_path.glob("*.sst") if file.stat().st_size > 100_000)
    _damage(table, 50_000)
    store = RocksStore(tmp_path)
    with pytest.raises(StorageCorrupted, match=r"checksum.*move the directory away"):
        store.get_many([b"%06d" % number for number in range(2000)])
    with pytest.raises(StorageCorrupted, match=str(tmp_path)):
        list(store.iterate())
    with pytest.raises(StorageCorrupted):
        list(store.iterate(reverse=True))
    store.close()


@pytest.mark.parametrize("pattern", ["MANIFEST-*", "*.sst"])
def test_missing_or_damaged_files_keep_it_from_opening(tmp_path: Path, pattern: str):
    _filled(tmp_path)
    for file in tmp_path.glob(pattern):
        if pattern == "*.sst":
            file.unlink()
        else:
            _damage(file, 10)
    with pytest.raises(StorageCorrupted, match="restore a backup or start with an empty one"):
        RocksStore(tmp_path)


def test_damage_inside_the_log_is_not_taken_for_an_unfinished_write(tmp_path: Path):
    writer = run_python(
        """
        import os, sys
        from pathlib import Path
        from hansa.storage import RocksStore, WriteBatch
        store = RocksStore(Path(sys.argv[1]))
        for number in range(100):
            batch = WriteBatch()
            batch.put(b"%03d" % number, bytes(1000))
            store.write(batch)
        os._exit(0)
        """,
        str(tmp_path),
    )
    writer.communicate(timeout=30)
    (log,) = (file for file in tmp_path.glob("*.log") if file.stat().st_size > 50_000)
    _damage(log, 20_000)
    with pytest.raises(StorageCorrupted):
        RocksStore(tmp_path)


def test_a_place_that_cannot_hold_a_store_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(StorageFailed, match=r"file/store.*check the disk"):
        RocksStore(tmp_path / "file" / "store")


def test_after_a_failed_write_nothing_more_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = RocksStore(tmp_path)

    class FullDisk:
        def write(self, batch: object) -> None:
            raise Exception("IO error: No space left on device")

    real, store._database = store._database, FullDisk()
    with pytest.raises(StorageFailed, match="No space left"):
        store.write(batch_of(a=b"1"))
    store._database = real
    with pytest.raises(StorageFailed, match=r"a write failed before: .*No space left"):
        store.write(batch_of(b=b"2"))
    assert store.get(b"a") is None
    store.close()


def test_a_checkpoint_is_a_store_of_its_own(tmp_path: Path):
    store = RocksStore(tmp_path / "store")
    store.write(batch_of(a=b"1"))
    store.checkpoint(tmp_path / "backup")
    store.write(batch_of(a=b"2"))
    with pytest.raises(StorageFailed):
        store.checkpoint(tmp_path / "backup")
    store.close()
    backup = RocksStore(tmp_path / "backup")
    assert backup.get(b"a") == b"1"
    backup.close()


def test_readers_never_see_a_part_of_a_batch(tmp_path: Path):
    store = RocksStore(tmp_path)
    keys = [b"%02d" % number for number in range(20)]
    stop = threading.Event()
    torn: list[list[bytes | None]] = []

    def read() -> None:
        while not stop.is_set():
            values = [value for _, value in store.iterate()]
            if len(set(values)) > 1:
                torn.append(values)

    reader = threading.Thread(target=read)
    reader.start()
    for generation in range(200):
        batch = WriteBatch()
        batch.put_many((key, b"%d" % generation) for key in keys)
        store.write(batch, sync=False)
    stop.set()
    reader.join()
    store.close()
    assert torn == []
