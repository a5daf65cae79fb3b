"""What every engine must do: one suite, run over each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hansa.storage import KeyValueStore, MemoryStore, RocksStore, StorageClosed, WriteBatch, prefix_end

ENGINES: dict[str, Callable[[Path], KeyValueStore]] = {
    "memory": lambda _: MemoryStore(),
    "rocksdb": lambda directory: RocksStore(directory / "store"),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path):
    store = ENGINES[request.param](tmp_path)
    yield store
    store.close()


def fill(store: KeyValueStore, *keys: bytes) -> None:
    batch = WriteBatch()
    batch.put_many((key, b"value of " + key) for key in keys)
    store.write(batch)


def keys_of(pairs) -> list[bytes]:
    return [key for key, _ in pairs]


def test_an_absent_key_has_no_value(store):
    assert store.get(b"nobody") is None
    assert store.get_many([]) == []


def test_many_values_come_in_the_order_of_their_keys(store):
    fill(store, b"a", b"b", b"c")
    assert store.get_many([b"c", b"x", b"a", b"c"]) == [b"value of c", None, b"value of a", b"value of c"]


def test_an_empty_value_is_not_an_absent_one(store):
    batch = WriteBatch()
    batch.put(b"key", b"")
    batch.put(b"", b"of the empty key")
    store.write(batch)
    assert store.get_many([b"key", b"", b"other"]) == [b"", b"of the empty key", None]


def test_the_last_change_of_a_key_in_a_batch_counts(store):
    batch = WriteBatch()
    batch.put(b"kept", b"1")
    batch.delete(b"kept")
    batch.put(b"kept", b"2")
    batch.put(b"gone", b"1")
    batch.delete(b"gone")
    assert len(batch) == 2
    store.write(batch)
    assert store.get_many([b"kept", b"gone"]) == [b"2", None]


def test_deleting_what_is_not_there_is_harmless(store):
    fill(store, b"a")
    batch = WriteBatch()
    batch.delete(b"a")
    batch.delete(b"b")
    store.write(batch)
    store.write(WriteBatch())
    assert keys_of(store.iterate()) == []


def test_keys_are_ordered_as_unsigned_bytes(store):
    keys = [b"\xff\xff", b"", b"a", b"a\x00", b"\x80", b"\x7f", b"b"]
    fill(store, *keys)
    assert keys_of(store.iterate()) == sorted(keys)
    assert keys_of(store.iterate(reverse=True)) == sorted(keys, reverse=True)


def test_a_prefix_selects_its_keys_only(store):
    fill(store, b"a", b"b", b"b1", b"b2", b"b\xff\xff", b"c", b"\xff", b"\xff\xff1")
    assert list(store.iterate(b"b")) == [
        (b"b", b"value of b"),
        (b"b1", b"value of b1"),
        (b"b2", b"value of b2"),
        (b"b\xff\xff", b"value of b\xff\xff"),
    ]
    assert keys_of(store.iterate(b"\xff")) == [b"\xff", b"\xff\xff1"]
    assert keys_of(store.iterate(b"\xff\xff", reverse=True)) == [b"\xff\xff1"]
    assert keys_of(store.iterate(b"nothing")) == []


def test_bounds_narrow_a_prefix_and_never_widen_it(store):
    fill(store, b"a9", b"b1", b"b2", b"b3", b"c1")
    assert keys_of(store.iterate(b"b", start=b"b2")) == [b"b2", b"b3"]
    assert keys_of(store.iterate(b"b", stop=b"b2")) == [b"b1"]
    assert keys_of(store.iterate(b"b", start=b"b2", stop=b"b3", reverse=True)) == [b"b2"]
    assert keys_of(store.iterate(b"b", start=b"a", stop=b"z")) == [b"b1", b"b2", b"b3"]
    assert keys_of(store.iterate(b"b", start=b"b3", stop=b"b1")) == []
    assert keys_of(store.iterate(start=b"b3")) == [b"b3", b"c1"]


def test_an_iterator_sees_the_store_as_it_was(store):
    fill(store, b"a", b"b")
    pairs = store.iterate()
    batch = WriteBatch()
    batch.put(b"c", b"late")
    batch.delete(b"b")
    store.write(batch)
    assert keys_of(pairs) == [b"a", b"b"]
    assert keys_of(store.iterate()) == [b"a", b"c"]


def test_the_size_grows_with_what_is_written(store):
    before = store.byte_size()
    batch = WriteBatch()
    batch.put_many((b"%05d" % number, bytes(200)) for number in range(5000))
    store.write(batch, sync=False)
    assert store.byte_size() >= before + 500_000


def test_a_closed_store_refuses_everything(store):
    fill(store, b"a", b"b")
    pairs = store.iterate()
    next(pairs)
    store.close()
    store.close()
    for use in (
        lambda: store.get(b"a"),
        lambda: store.get_many([b"a"]),
        lambda: store.iterate(),
        lambda: store.write(WriteBatch()),
        lambda: store.byte_size(),
    ):
        with pytest.raises(StorageClosed, match="closed"):
            use()


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        (b"", None),
        (b"\xff\xff", None),
        (b"a", b"b"),
        (b"a\xff", b"b"),
        (b"a\x00", b"a\x01"),
        (b"\xfe\xff", b"\xff"),
    ],
)
def test_the_end_of_a_prefix_is_the_next_key_without_it(prefix: bytes, end: bytes | None):
    assert prefix_end(prefix) == end
