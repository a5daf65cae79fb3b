"""Several workloads side by side, each with a fixed share of the stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.bench.workload import Action, Reading, Workload
from hansa.primitives import Address
from hansa.sdk import Contract

__all__ = ["Mixed"]


@dataclass(frozen=True, slots=True)
class Mixed:
    """A pattern of parts that repeats; each part sees its own numbers without gaps."""

    parts: tuple[Workload, ...]
    pattern: tuple[int, ...]
    """Which part each position of a round belongs to."""

    @property
    def name(self) -> str:
        return "mixed"

    @staticmethod
    def create(shares: Sequence[tuple[Workload, int]]) -> Mixed:
        """Parts and how many requests of a round each has. A round takes one of every part in turn."""
        left = [count for _, count in shares]
        pattern: list[int] = []
        while any(left):
            for part, count in enumerate(left):
                if count:
                    pattern.append(part)
                    left[part] -= 1
        return Mixed(tuple(workload for workload, _ in shares), tuple(pattern))

    @property
    def contracts(self) -> Sequence[Contract]:
        return [contract for part in self.parts for contract in part.contracts]

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        shared = self._share_out(addresses)
        prepared = [part.preparation(own) for part, own in zip(self.parts, shared, strict=True)]
        return [stage for stages in prepared for stage in stages]

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        part, own_number = self.place(number)
        return self.parts[part].action(self._share_out(addresses)[part], own_number)

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        numbers: list[list[int]] = [[] for _ in self.parts]
        for number in executed:
            part, own_number = self.place(number)
            numbers[part].append(own_number)
        shared = self._share_out(addresses)
        return [
            reading
            for part, own, own_numbers in zip(self.parts, shared, numbers, strict=True)
            for reading in part.readings(own, own_numbers)
        ]

    def place(self, number: int) -> tuple[int, int]:
        """Which part request `number` belongs to, and its number there."""
        turn, position = divmod(number, len(self.pattern))
        part = self.pattern[position]
        return part, turn * self.pattern.count(part) + self.pattern[:position].count(part)

    def _share_out(self, addresses: Sequence[Address]) -> list[Sequence[Address]]:
        shared: list[Sequence[Address]] = []
        start = 0
        for part in self.parts:
            end = start + len(part.contracts)
            shared.append(addresses[start:end])
            start = end
        return shared
