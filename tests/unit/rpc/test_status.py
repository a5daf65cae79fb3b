"""What getConsensusStatus says where only some of the sealers vote."""

from hansa.primitives import GroupId, Hash32, Height, NodeId, View
from hansa.rpc.methods.status import pbft_status
from hansa.rpc.views import PbftStatus


def status(voter_count: int | None) -> PbftStatus:
    sealers = [NodeId(bytes([number]) * 64) for number in range(7)]
    return PbftStatus(
        me=sealers[2],
        height=Height(5),
        head_hash=Hash32(bytes(32)),
        sealers=sealers,
        view=View(0),
        to_view=View(0),
        leader_failed=False,
        config_error=False,
        connected_nodes=6,
        views=[(sealer, View(0)) for sealer in sealers],
        voter_count=voter_count,
    )


def test_as_many_may_fail_as_those_that_vote_can_bear() -> None:
    for voter_count, expected in ((None, 2), (7, 2), (4, 1), (3, 0)):
        answer = pbft_status(GroupId(1), status(voter_count))
        assert isinstance(answer, list)
        members = answer[0]
        assert isinstance(members, dict)
        assert (members["max_faulty_leader"], members["nodeNum"]) == (expected, 7)
