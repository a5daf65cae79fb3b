"""Who is told of a proposal, who is asked for it, and when."""

from hansa.consensus.rpbft.gossip import (
    PROPOSALS_MAX,
    AskForTransactions,
    Effect,
    Event,
    GossipSettings,
    HeadMoved,
    ProposalArrived,
    ProposalCompleted,
    ProposalGossip,
    ProposalWanted,
    RequestProposal,
    SendProposal,
    StatusHeard,
    TellStatus,
    TimerFired,
    TransactionsWanted,
)
from hansa.consensus.rpbft.messages import ProposalStatus
from hansa.primitives import Hash32, Height, NodeId, View


def node(index: int) -> NodeId:
    return NodeId(bytes([index]) * 64)


SEALERS = tuple(node(index) for index in range(12))
WORKERS = SEALERS[:10]


def status(name: str = "B", *, height: int = 11, view: int = 0, leader: int = 0) -> ProposalStatus:
    return ProposalStatus(Height(height), View(view), leader, Hash32(name.encode().ljust(32, b"\0")))


class Sealer:
    """A gossip at height 10, connected to everybody unless told otherwise."""

    def __init__(self, index: int = 4, settings: GossipSettings | None = None) -> None:
        self.connected = [each for each in SEALERS if each != node(index)]
        self.gossip = ProposalGossip(node(index), settings or GossipSettings(), lambda count: 0)
        self.tell(HeadMoved(Height(10), SEALERS, WORKERS))

    def tell(self, event: Event, now_ms: int = 0) -> list[Effect]:
        return list(self.gossip.handle(event, self.connected, now_ms))


def test_a_third_of_the_working_sealers_is_told_once() -> None:
    sealer = Sealer(0)
    assert sealer.tell(ProposalArrived(status())) == []
    assert sealer.tell(ProposalCompleted(status())) == [
        TellStatus((node(1), node(2), node(3), node(4)), status())
    ]
    assert sealer.tell(ProposalCompleted(status())) == []


def test_a_missing_proposal_is_waited_for_and_then_asked_of_one_after_the_other() -> None:
    sealer = Sealer()
    assert sealer.tell(StatusHeard(node(2), status())) == []
    assert sealer.tell(StatusHeard(node(3), status()), 20) == []
    assert sealer.gossip.next_deadline() == 100
    assert sealer.tell(TimerFired(), 99) == []
    assert sealer.tell(TimerFired(), 100) == [RequestProposal(node(2), status())]
    assert sealer.tell(TimerFired(), 200) == [RequestProposal(node(3), status())]
    assert sealer.tell(TimerFired(), 300) == []
    assert sealer.gossip.next_deadline() is None


def test_what_comes_in_time_is_not_asked_for() -> None:
    sealer = Sealer()
    sealer.tell(StatusHeard(node(2), status()))
    sealer.tell(ProposalArrived(status()), 50)
    assert sealer.gossip.next_deadline() is None
    assert sealer.tell(StatusHeard(node(3), status()), 60) == []


def test_without_an_ancestor_there_is_nothing_to_wait_for() -> None:
    sealer = Sealer()
    sealer.connected = [node(7)]
    assert sealer.tell(StatusHeard(node(7), status())) == [RequestProposal(node(7), status())]


def test_a_sealer_that_will_work_next_asks_at_once() -> None:
    sealer = Sealer(11)
    later = status(height=12)
    assert sealer.tell(StatusHeard(node(7), later)) == [RequestProposal(node(7), later)]


def test_a_whole_proposal_is_given_once_to_each() -> None:
    sealer = Sealer()
    assert sealer.tell(ProposalWanted(node(7), status())) == []
    sealer.tell(ProposalArrived(status()))
    assert sealer.tell(ProposalWanted(node(7), status())) == []
    sealer.tell(ProposalCompleted(status()))
    assert sealer.tell(ProposalWanted(node(7), status())) == [SendProposal(node(7), status())]
    assert sealer.tell(ProposalWanted(node(7), status())) == []
    assert sealer.tell(ProposalWanted(node(8), status())) == [SendProposal(node(8), status())]


def test_a_child_of_the_leader_asks_it_for_transactions() -> None:
    sealer = Sealer(2)
    assert sealer.tell(TransactionsWanted(status())) == [AskForTransactions(node(0), status())]


def test_transactions_are_asked_of_the_parent_when_it_has_them() -> None:
    sealer = Sealer()
    sealer.tell(ProposalArrived(status()))
    assert sealer.tell(StatusHeard(node(3), status())) == []
    assert sealer.tell(StatusHeard(node(1), status())) == []
    assert sealer.tell(TransactionsWanted(status())) == [AskForTransactions(node(1), status())]


def test_transactions_are_asked_of_whoever_has_them_first_and_of_the_leader_in_the_end() -> None:
    for heard in (True, False):
        sealer = Sealer()
        sealer.tell(ProposalArrived(status()))
        assert sealer.tell(TransactionsWanted(status())) == []
        if heard:
            assert sealer.tell(StatusHeard(node(3), status()), 50) == [AskForTransactions(node(3), status())]
            assert sealer.gossip.next_deadline() is None
        else:
            assert sealer.tell(TimerFired(), 100) == [AskForTransactions(node(0), status())]


def test_what_was_completed_meanwhile_is_not_asked_for() -> None:
    sealer = Sealer()
    sealer.tell(ProposalArrived(status()))
    sealer.tell(TransactionsWanted(status()))
    sealer.tell(ProposalCompleted(status()), 50)
    assert sealer.gossip.next_deadline() is None
    assert sealer.tell(TransactionsWanted(status())) == []


def test_a_committed_height_is_forgotten() -> None:
    sealer = Sealer()
    sealer.tell(StatusHeard(node(2), status()))
    sealer.tell(HeadMoved(Height(11), SEALERS, WORKERS))
    assert sealer.gossip.next_deadline() is None
    assert sealer.tell(StatusHeard(node(2), status())) == []


def test_strangers_and_far_heights_are_not_listened_to() -> None:
    sealer = Sealer()
    sealer.connected = [node(7)]
    assert sealer.tell(StatusHeard(node(99), status())) == []
    assert sealer.tell(StatusHeard(node(7), status(height=15))) == []
    assert sealer.tell(StatusHeard(node(7), status(leader=12))) == []


def test_names_of_nothing_are_bounded_and_never_push_out_what_is_here() -> None:
    sealer = Sealer()
    sealer.tell(ProposalArrived(status("real")))
    sealer.tell(ProposalCompleted(status("real")))
    for number in range(2 * PROPOSALS_MAX):
        sealer.tell(StatusHeard(node(7), status(f"fake{number}")))
    assert len(sealer.gossip._proposals) == PROPOSALS_MAX
    assert sealer.tell(ProposalWanted(node(8), status("real"))) == [SendProposal(node(8), status("real"))]
