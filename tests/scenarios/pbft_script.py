"""Stories about one sealer of PBFT: what can be told, and what it does (`script` says how they are read).

Own votes come back at once, as the shell gives them back.

    > start sealers=4 me=1 height=10           the first line; me=observer for a node that only follows
    > start … working=0,2,3                    of the sealers, only these vote on the next block
    > restored B* sign=11/2 prepared=11/B txs=3    what was persisted (either part, or both)
    > at 500                                   time, in milliseconds; alone it is a timer that fires
    > pool 3                                   transactions that wait
    > sealed 11/0 B txs=2                      the pool's answer to `seal`; txs=0: nothing
    > prepare 2 11/0 B txs=2 parent=H10        from sealer 2; txs=0 is an empty prepare
    > missing B 0,3                            also: arrived B, executed B, failed B
    > sign 2 11/0 B*                           also: commit 2 11/0 B*, view-change 2 10/1 H10
    > head 11 sealers=4                        another block became the head
    > syncing                                  also: synced, connected 2, disconnected 2
    > show                                     what the machine says about itself

`python -m tests.scenarios.pbft_script FILE…` writes what the machine does now into the files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import Commit, Sign, ViewChange, WantedTransaction
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.primitives import Height, View
from tests.scenarios.script import hash_of, name_of, node, rewrite, words_of


class Stage:
    """Plays one sealer's shell."""

    def __init__(self) -> None:
        self._now = 0
        self._machine: PbftMachine | None = None
        self._index: int | None = None

    def play(self, commands: list[str]) -> list[str]:
        """Tell the machine; what it asked for, one line each."""
        return [line for command in commands for line in self._perform(command)]

    def _perform(self, command: str) -> Iterator[str]:
        verb, arguments, options = words_of(command)
        if verb == "start":
            self._start(options)
        elif verb == "show":
            yield self._describe()
        else:
            if verb == "at":
                self._now = int(arguments[0])
            yield from self._tell(_event(verb, arguments, options))

    def _start(self, options: dict[str, str]) -> None:
        me = options["me"]
        self._index = None if me == "observer" else int(me)
        my_id = node(99) if self._index is None else node(self._index)
        head = _head(int(options["height"]), options)
        settings = SealingSettings(min_block_generation_ms=int(options.get("gap", "500")))
        self._machine = PbftMachine(my_id, settings, head, self._now)

    def _tell(self, event: ev.Event) -> Iterator[str]:
        assert self._machine is not None, "a story begins with `> start`"
        waiting = [event]
        while waiting:
            for effect in self._machine.handle(waiting.pop(0), self._now):
                yield _line(effect)
                own = self._own_vote(effect)
                if own is not None:
                    waiting.append(own)

    def _own_vote(self, effect: ev.Effect) -> ev.Event | None:
        index = self._index if self._index is not None else 0
        match effect:
            case ev.BroadcastSign(height, view, block_hash):
                return ev.SignReceived(Sign(height, view, index, self._now, block_hash))
            case ev.BroadcastCommit(height, view, block_hash):
                return ev.CommitReceived(Commit(height, view, index, self._now, block_hash))
            case ev.BroadcastViewChange(height, view, block_hash):
                return ev.ViewChangeReceived(ViewChange(height, view, index, self._now, block_hash))
            case _:
                return None

    def _describe(self) -> str:
        assert self._machine is not None
        deadline = self._machine.next_deadline()
        failed = " leader-failed" if self._machine.leader_has_failed else ""
        return (
            f"view {self._machine.view} to {self._machine.to_view}{failed}, "
            f"seen {','.join(map(str, self._machine.seen_views()))}, "
            f"deadline {'none' if deadline is None else deadline}"
        )


def _head(height: int, options: dict[str, str]) -> ev.Head:
    return ev.Head(
        height=Height(height),
        hash=hash_of(options.get("hash", f"H{height}")),
        sealers=tuple(node(index) for index in range(int(options["sealers"]))),
        transaction_count_max=int(options.get("max", "1000")),
        execution_timeout_ms=int(options.get("timeout", "3000")),
        working=_working(options.get("working")),
    )


def _working(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(int(index) for index in text.split(","))


def _place(text: str) -> tuple[Height, View]:
    height, view = text.split("/")
    return Height(int(height)), View(int(view))


def _event(verb: str, arguments: list[str], options: dict[str, str]) -> ev.Event:
    match verb, arguments:
        case "at", [_]:
            return ev.TimerFired()
        case "pool", [count]:
            return ev.PoolChanged(int(count))
        case "sealed", [place, name]:
            return ev.BlockSealed(*_place(place), hash_of(name), int(options["txs"]))
        case "prepare", [index, place, name]:
            height, view = _place(place)
            parent = hash_of(options.get("parent", f"H{height - 1}"))
            return ev.ProposalReceived(
                height, view, int(index), hash_of(name), parent, int(options.get("txs", "1"))
            )
        case "missing", [name, indices]:
            wanted = tuple(WantedTransaction(hash_of("t"), int(index)) for index in indices.split(","))
            return ev.TransactionsMissing(hash_of(name), wanted)
        case "arrived", [name]:
            return ev.MissedTransactionsArrived(hash_of(name))
        case "executed", [name]:
            return ev.ProposalExecuted(hash_of(name), hash_of(options.get("to", f"{name}*")))
        case "failed", [name]:
            return ev.ProposalFailed(hash_of(name))
        case "sign", [index, place, name]:
            return ev.SignReceived(Sign(*_place(place), int(index), 0, hash_of(name)))
        case "commit", [index, place, name]:
            return ev.CommitReceived(Commit(*_place(place), int(index), 0, hash_of(name)))
        case "view-change", [index, place, name]:
            return ev.ViewChangeReceived(ViewChange(*_place(place), int(index), 0, hash_of(name)))
        case "head", [height]:
            return ev.HeadAdvanced(_head(int(height), options))
        case "syncing", []:
            return ev.SyncChanged(is_syncing=True)
        case "synced", []:
            return ev.SyncChanged(is_syncing=False)
        case "connected", [index]:
            return ev.PeerConnected(node(int(index)))
        case "disconnected", [index]:
            return ev.PeerDisconnected(node(int(index)))
        case "restored", hashes:
            return _restored(hashes, options)
        case _:
            raise ValueError(f"no such command: {verb} {arguments}")


def _restored(names: list[str], options: dict[str, str]) -> ev.Restored:
    vote = prepared = None
    if "sign" in options:
        vote = ev.Vote(*_place(options["sign"]), hash_of(names[0]))
    if "prepared" in options:
        height, name = options["prepared"].split("/")
        prepared = ev.Prepared(Height(int(height)), hash_of(name), int(options["txs"]))
    return ev.Restored(vote, prepared)


def _line(effect: ev.Effect) -> str:
    match effect:
        case ev.Persist(ev.Vote(height, view, block_hash)):
            return f"persist sign {height}/{view} {name_of(block_hash)}"
        case ev.Persist(ev.Prepared(height, block_hash, count)):
            return f"persist prepared {height} {name_of(block_hash)} txs={count}"
        case ev.SealBlock(height, view, count):
            return f"seal {height}/{view} up to {count}"
        case ev.BroadcastPrepare(height, view, block_hash, is_repeated):
            return f"{'repeat' if is_repeated else 'prepare'} {height}/{view} {name_of(block_hash)}"
        case ev.BroadcastEmptyPrepare(height, view):
            return f"empty prepare {height}/{view}"
        case ev.ExecuteProposal(block_hash):
            return f"execute {name_of(block_hash)}"
        case ev.RequestMissedTransactions(index, height, block_hash, wanted):
            places = ",".join(str(transaction.index) for transaction in wanted)
            return f"ask {index} for {places} of {height} {name_of(block_hash)}"
        case ev.BroadcastSign(height, view, block_hash):
            return f"sign {height}/{view} {name_of(block_hash)}"
        case ev.BroadcastCommit(height, view, block_hash):
            return f"commit {height}/{view} {name_of(block_hash)}"
        case ev.BroadcastViewChange(height, view, block_hash, cause):
            return f"view change {height}/{view} {name_of(block_hash)}: {cause.value}"
        case ev.SendViewChange(index, height, view, block_hash):
            return f"tell {index} view change {height}/{view} {name_of(block_hash)}"
        case ev.CommitBlock(height, _, executed_hash, signatures):
            return (
                f"store {height} {name_of(executed_hash)} signed by {','.join(str(i) for i, _ in signatures)}"
            )
        case ev.Refused(height, view, index, block_hash, reason):
            return f"refuse {height}/{view} {name_of(block_hash)} of {index}: {reason.value}"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument), Stage())
