"""A store behaves like a dictionary with sorted keys, however it is used, closed and reopened."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hansa.storage import KeyValueStore, MemoryStore, RocksStore, WriteBatch

keys = st.binary(max_size=3)
bounds = st.none() | keys
changes = st.lists(st.tuples(keys, st.none() | st.binary(max_size=20)), max_size=12)


class StoreAgainstDictionary(RuleBasedStateMachine):
    store: KeyValueStore

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[bytes, bytes] = {}

    @rule(changes=changes, sync=st.booleans())
    def write(self, changes: list[tuple[bytes, bytes | None]], sync: bool) -> None:
        batch = WriteBatch()
        for key, value in changes:
            if value is None:
                batch.delete(key)
                self.expected.pop(key, None)
            else:
                batch.put(key, value)
                self.expected[key] = value
        self.store.write(batch, sync=sync)

    @rule(wanted=st.lists(keys, max_size=10))
    def get_many(self, wanted: list[bytes]) -> None:
        assert self.store.get_many(wanted) == [self.expected.get(key) for key in wanted]

    @rule(prefix=st.binary(max_size=2), start=keys, stop=bounds, reverse=st.booleans())
    def iterate(self, prefix: bytes, start: bytes, stop: bytes | None, reverse: bool) -> None:
        selected = sorted(
            pair
            for pair in self.expected.items()
            if pair[0].startswith(prefix) and pair[0] >= start and (stop is None or pair[0] < stop)
        )
        if reverse:
            selected.reverse()
        assert list(self.store.iterate(prefix, start=start, stop=stop, reverse=reverse)) == selected

    @invariant()
    def holds_what_it_should(self) -> None:
        assert dict(self.store.iterate()) == self.expected

    def teardown(self) -> None:
        self.store.close()


class MemoryMachine(StoreAgainstDictionary):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()


class RocksMachine(StoreAgainstDictionary):
    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.store = RocksStore(self.directory)

    @precondition(lambda self: self.expected)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = RocksStore(self.directory)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory)


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestRocks = RocksMachine.TestCase
TestRocks.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
