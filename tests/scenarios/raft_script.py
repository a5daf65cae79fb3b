"""Stories about one sealer of Raft: what can be told, and what it does (`script` says how they are read).

    > start sealers=3 me=1 height=10           the first line; me=observer for a node that only follows
    > restored voted=3/2 kept=3/11/B           what was persisted (either part, or both)
    > at 500                                   time, in milliseconds; alone it is a timer that fires
    > draw 50                                  chance: election waits are this far between their bounds
    > pool 3                                   transactions that wait
    > sealed 11/3 B txs=2                      the pool's answer to `seal`; txs=0: nothing
    > executed B                               also: failed B
    > candidate 2 3/10 last-term=1 last=11     sealer 2 asks for a vote in term 3, its head is 10
    > voted 2 3 granted                        sealer 2 answers our candidacy, itself in term 3
    > beat 2 3/10 B parent=H10                 sealer 2 leads in term 3; its block for 11 may be left out
    > answer 2 3/10 B                          sealer 2 answers our heartbeat; the block may be left out
    > head 11 sealers=3                        another block became the head
    > syncing                                  also: synced
    > show                                     what the machine says about itself

`python -m tests.scenarios.raft_script FILE…` writes what the machine does now into the files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from hansa.consensus.raft import events as ev
from hansa.consensus.raft.machine import RaftMachine
from hansa.consensus.raft.messages import (
    NO_BLOCK,
    HeartBeat,
    HeartBeatResponse,
    Term,
    VoteFlag,
    VoteRequest,
    VoteResponse,
)
from hansa.consensus.raft.patience import RaftTiming
from hansa.primitives import Hash32, Height
from tests.scenarios.script import hash_of, name_of, node, rewrite, words_of


class Stage:
    """Plays one sealer's shell."""

    def __init__(self) -> None:
        self._now = 0
        self._drawn = 0
        self._machine: RaftMachine | None = None

    def play(self, commands: list[str]) -> list[str]:
        """Tell the machine; what it asked for, one line each."""
        return [line for command in commands for line in self._perform(command)]

    def _perform(self, command: str) -> Iterator[str]:
        verb, arguments, options = words_of(command)
        if verb == "start":
            self._start(options)
        elif verb == "draw":
            self._drawn = int(arguments[0])
        elif verb == "show":
            yield self._describe()
        else:
            if verb == "at":
                self._now = int(arguments[0])
            assert self._machine is not None, "a story begins with `> start`"
            for effect in self._machine.handle(_event(verb, arguments, options), self._now):
                yield _line(effect)

    def _start(self, options: dict[str, str]) -> None:
        me = options["me"]
        my_id = node(99) if me == "observer" else node(int(me))
        head = _head(int(options["height"]), options)
        gap = int(options.get("gap", "500"))
        self._machine = RaftMachine(my_id, RaftTiming(), gap, head, lambda count: self._drawn, self._now)

    def _describe(self) -> str:
        machine = self._machine
        assert machine is not None
        leader = "none" if machine.leader is None else str(machine.leader[0])
        deadline = machine.next_deadline()
        return (
            f"{machine.role.name.lower()} in term {machine.term}, leader {leader}, "
            f"deadline {'none' if deadline is None else deadline}"
        )


def _head(height: int, options: dict[str, str]) -> ev.Head:
    return ev.Head(
        height=Height(height),
        hash=hash_of(options.get("hash", f"H{height}")),
        sealers=tuple(node(index) for index in range(int(options["sealers"]))),
        transaction_count_max=int(options.get("max", "1000")),
    )


def _standing(index: str, place: str) -> tuple[int, Term, Height, Hash32]:
    term, height = place.split("/")
    return int(index), Term(int(term)), Height(int(height)), hash_of(f"H{height}")


def _event(verb: str, arguments: list[str], options: dict[str, str]) -> ev.Event:
    match verb, arguments:
        case "at", [_]:
            return ev.TimerFired()
        case "pool", [count]:
            return ev.PoolChanged(int(count))
        case "sealed", [place, name]:
            height, term = place.split("/")
            return ev.BlockSealed(Height(int(height)), Term(int(term)), hash_of(name), int(options["txs"]))
        case "executed", [name]:
            return ev.BlockExecuted(hash_of(name))
        case "failed", [name]:
            return ev.BlockFailed(hash_of(name))
        case "candidate", [index, place]:
            standing = _standing(index, place)
            return ev.VoteRequested(
                VoteRequest(
                    *standing,
                    candidate=standing[0],
                    last_leader_term=Term(int(options.get("last-term", "0"))),
                    last_block_number=Height(int(options.get("last", standing[2]))),
                )
            )
        case "voted", [index, term, flag]:
            standing = _standing(index, f"{term}/10")
            return ev.VoteAnswered(VoteResponse(*standing, VoteFlag[flag.upper().replace("-", "_")], Term(0)))
        case "beat", [index, place, *names]:
            return _heartbeat(_standing(index, place), names, options)
        case "answer", [index, place, *names]:
            kept = hash_of(names[0]) if names else NO_BLOCK
            return ev.HeartBeatAnswered(HeartBeatResponse(*_standing(index, place), uncommitted_hash=kept))
        case "head", [height]:
            return ev.HeadAdvanced(_head(int(height), options))
        case "syncing", []:
            return ev.SyncChanged(is_syncing=True)
        case "synced", []:
            return ev.SyncChanged(is_syncing=False)
        case "restored", []:
            return _restored(options)
        case _:
            raise ValueError(f"no such command: {verb} {arguments}")


def _heartbeat(
    standing: tuple[int, Term, Height, Hash32], names: list[str], options: dict[str, str]
) -> ev.HeartBeatReceived:
    number = Height(standing[2] + 1)
    if not names:
        return ev.HeartBeatReceived(HeartBeat(*standing, leader=standing[0]), None)
    offer = ev.BlockOffer(number, hash_of(names[0]), hash_of(options.get("parent", f"H{standing[2]}")))
    return ev.HeartBeatReceived(HeartBeat(*standing, leader=standing[0], block_number=number), offer)


def _restored(options: dict[str, str]) -> ev.Restored:
    ballot = accepted = None
    if "voted" in options:
        term, index = options["voted"].split("/")
        ballot = ev.Ballot(Term(int(term)), node(int(index)))
    if "kept" in options:
        term, height, name = options["kept"].split("/")
        accepted = ev.Accepted(Term(int(term)), Height(int(height)), hash_of(name))
    return ev.Restored(ballot, accepted)


def _line(effect: ev.Effect) -> str:
    match effect:
        case ev.Persist(ev.Ballot(term, candidate)):
            return f"persist vote {term} for {candidate[0]}"
        case ev.Persist(ev.Accepted(term, height, block_hash)):
            return f"persist block {term}/{height} {name_of(block_hash)}"
        case ev.Send(target, VoteRequest() as request):
            place = f"{request.term}/{request.height}"
            return (
                f"ask {target} {place} last-term={request.last_leader_term} last={request.last_block_number}"
            )
        case ev.Send(target, VoteResponse() as response):
            return f"vote {target} {response.term} {response.flag.name.lower().replace('_', '-')}"
        case ev.Send(target, HeartBeatResponse() as response):
            kept = f" {name_of(response.uncommitted_hash)}".rstrip()
            return f"answer {target} {response.term}/{response.height}{kept}"
        case ev.SendHeartBeat(target, heartbeat, block_hash):
            block = "" if block_hash is None else f" {heartbeat.block_number} {name_of(block_hash)}"
            return f"beat {target} {heartbeat.term}/{heartbeat.height}{block}"
        case ev.SealBlock(height, term, count):
            return f"seal {height}/{term} up to {count}"
        case ev.ExecuteBlock(block_hash):
            return f"execute {name_of(block_hash)}"
        case ev.CommitBlock(height, block_hash):
            return f"store {height} {name_of(block_hash)}"
        case ev.RoleChanged(role, term, reason):
            return f"{role.name.lower()} in term {term}: {reason}"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument), Stage())
