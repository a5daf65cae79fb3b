"""rPBFT in the simulator: PBFT among sealers that take turns; proposals come down a tree, or around it."""

from __future__ import annotations

from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import Message, Prepare
from hansa.consensus.pbft.votes import quorum
from hansa.consensus.rpbft import gossip
from hansa.consensus.rpbft.messages import ProposalStatus, status_of
from hansa.consensus.rpbft.tree import children
from hansa.primitives import Hash32, Height, NodeId
from tests.simulation.cluster import Cluster, SimBlock, node_id
from tests.simulation.faults import FaultMix
from tests.simulation.pbft_node import PbftCheckers, PbftNode

EPOCH_BLOCKS = 3


def working_at(height: int, size: int) -> tuple[int, ...]:
    """Who votes on a block: all but one or two, and one goes and one comes with each epoch."""
    count = max(1, size - 1 if size < 5 else size - 2)
    first = (height - 1) // EPOCH_BLOCKS
    return tuple(sorted((first + place) % size for place in range(count)))


class RpbftCheckers(PbftCheckers):
    """What PBFT promises, among those that vote."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._size = size

    def quorum_at(self, height: Height) -> int:
        return quorum(len(working_at(height, self._size)))

    def may_sign(self, index: int, height: Height) -> bool:
        return index in working_at(height, self._size)


class RpbftNode(PbftNode):
    """A sealer of rPBFT."""

    def new_machine(self) -> PbftMachine:
        self._prepares: dict[Hash32, Prepare] = {}
        self._gossip_armed_for: int | None = None
        self.gossip = gossip.ProposalGossip(
            node_id(self.index), gossip.GossipSettings(), self.cluster.random.randrange
        )
        self._waiting: dict[Hash32, ev.RequestMissedTransactions] = {}
        return super().new_machine()

    def restored(self) -> ev.Restored:
        self._move_head()
        return super().restored()

    def working(self) -> tuple[int, ...]:
        return working_at(self.height + 1, self.cluster.size)

    def head(self) -> ev.Head:
        head = super().head()
        return ev.Head(
            head.height,
            head.hash,
            head.sealers,
            head.transaction_count_max,
            head.execution_timeout_ms,
            working=self.working(),
        )

    def tell(self, event: object) -> None:
        if isinstance(event, ev.HeadAdvanced):
            self._move_head()
        super().tell(event)

    # --- effects -----------------------------------------------------------------------------------

    def carry_out(self, effect: ev.Effect) -> ev.Event | None:
        match effect:
            case ev.RequestMissedTransactions(_, _, block_hash, _):
                prepare = self._prepares.get(block_hash)
                if prepare is not None:
                    self._waiting[block_hash] = effect
                    self._tell_gossip(gossip.TransactionsWanted(status_of(prepare)))
                return None
            case _:
                return super().carry_out(effect)

    def execute(self, block_hash: Hash32, block: SimBlock) -> None:
        super().execute(block_hash, block)
        prepare = self._prepares.get(block_hash)
        if prepare is not None:
            self._tell_gossip(gossip.ProposalCompleted(status_of(prepare)))

    def broadcast(self, message: Message, block: SimBlock | None = None) -> None:
        if isinstance(message, Prepare):
            self._pass_on(message, block, self.index)
        else:
            for peer in self.working():
                if peer != self.index:
                    self.cluster.send(self.index, peer, lambda node: node.receive(message, block))

    # --- what arrives ------------------------------------------------------------------------------

    def receive(self, message: Message, block: SimBlock | None = None) -> None:
        if isinstance(message, Prepare) and message.block_hash not in self._prepares:
            self._pass_on(message, block, message.index)
        super().receive(message, block)

    def hear_status(self, sender: int, status: ProposalStatus) -> None:
        """A sealer has a proposal."""
        self._tell_gossip(gossip.StatusHeard(node_id(sender), status))

    def hear_request(self, sender: int, status: ProposalStatus) -> None:
        """A sealer wants a proposal."""
        self._tell_gossip(gossip.ProposalWanted(node_id(sender), status))

    # --- the tree ----------------------------------------------------------------------------------

    def _pass_on(self, prepare: Prepare, block: SimBlock | None, leader: int) -> None:
        if self.machine.is_timely(prepare) or prepare.index == self.index:
            self._prepares[prepare.block_hash] = prepare
            self._tell_gossip(gossip.ProposalArrived(status_of(prepare)))
        workers = [node_id(index) for index in self.working()]
        for child in children(node_id(self.index), node_id(leader), workers, self._connected()):
            self.cluster.send(self.index, child[0], lambda node: node.receive(prepare, block))

    def _move_head(self) -> None:
        self._prepares = {
            block_hash: prepare
            for block_hash, prepare in self._prepares.items()
            if prepare.height > self.height
        }
        sealers = tuple(node_id(index) for index in range(self.cluster.size))
        workers = tuple(node_id(index) for index in self.working())
        self._tell_gossip(gossip.HeadMoved(Height(self.height), sealers, workers))

    def _tell_gossip(self, event: gossip.Event) -> None:
        for effect in self.gossip.handle(event, self._connected(), self.cluster.now):
            self.cluster.trace(self.index, effect)
            self._gossip_asks(effect)
        self._arm_gossip()

    def _gossip_asks(self, effect: gossip.Effect) -> None:
        status, me, send = effect.status, self.index, self.cluster.send
        match effect:
            case gossip.TellStatus(targets, _):
                for target in targets:
                    send(me, target[0], lambda node: node.hear_status(me, status))
            case gossip.RequestProposal(target, _):
                send(me, target[0], lambda node: node.hear_request(me, status))
            case gossip.SendProposal(target, _):
                prepare = self._prepares.get(status.block_hash)
                block = self.proposals.get(status.block_hash)
                if prepare is not None and block is not None:
                    send(me, target[0], lambda node: node.receive(prepare, block))
            case gossip.AskForTransactions(target, _):
                if self._waiting.pop(status.block_hash, None) is not None:
                    self.ask_for_transactions(target[0], status.block_hash)

    def _arm_gossip(self) -> None:
        deadline = self.gossip.next_deadline()
        if deadline is not None and deadline != self._gossip_armed_for:
            self._gossip_armed_for = deadline
            wait = max(0, deadline - self.cluster.now)
            self.cluster.after_own(self, (wait, wait), self._gossip_fired)

    def _gossip_fired(self) -> None:
        self._gossip_armed_for = None
        self._tell_gossip(gossip.TimerFired())

    def _connected(self) -> list[NodeId]:
        return [
            node_id(peer) for peer in range(self.cluster.size) if self.cluster.is_linked(self.index, peer)
        ]


def rpbft_cluster(seed: int, mix: FaultMix, size: int) -> Cluster:
    """A group of rPBFT."""
    return Cluster(seed, mix, size=size, checkers=RpbftCheckers(size), new_node=RpbftNode)
