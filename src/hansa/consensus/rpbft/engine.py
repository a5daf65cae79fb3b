"""One group's rPBFT: PBFT among the working sealers, a rotation on the agenda, proposals in a tree."""

from __future__ import annotations

from hansa.consensus.pbft.delivery import Delivery, DirectDelivery
from hansa.consensus.pbft.engine import PbftEngine, PbftSettings
from hansa.consensus.rpbft.delivery import TreeDelivery
from hansa.consensus.rpbft.gossip import GossipSettings
from hansa.consensus.rpbft.rotation import Rotation
from hansa.consensus.surroundings import Surroundings

__all__ = ["RpbftEngine"]


class RpbftEngine(PbftEngine):
    """Differs from PBFT by what it is made of."""

    @classmethod
    def open(cls, surroundings: Surroundings) -> RpbftEngine:
        """The engine of a group whose genesis file says `rpbft`."""
        settings = PbftSettings.of(surroundings.settings)
        return cls(
            me=surroundings.me,
            group_id=surroundings.group_id,
            settings=settings,
            chain=surroundings.chain,
            pool=surroundings.pool,
            network=surroundings.network,
            signer=surroundings.signer,
            store=surroundings.store,
            aligned_ms=surroundings.aligned_ms,
            steady_ms=surroundings.steady_ms,
            on_working=surroundings.on_working,
            agenda=Rotation(
                chain=surroundings.chain,
                key=surroundings.signer,
                chain_id=surroundings.chain_id,
                group_id=surroundings.group_id,
                draw=surroundings.draw,
            ),
            delivery=_delivery(surroundings, settings),
        )


def _delivery(surroundings: Surroundings, settings: PbftSettings) -> Delivery:
    ini = surroundings.settings
    if not ini.broadcast_prepare_by_tree:
        return DirectDelivery()
    return TreeDelivery(
        me=surroundings.me,
        group_id=surroundings.group_id,
        post=settings.post,
        gossip=GossipSettings(
            proposal_wait_ms=ini.missed_prepare_wait_ms_max,
            transactions_wait_ms=ini.missed_transactions_wait_ms_max,
            status_percent=ini.prepare_status_broadcast_percent,
        ),
        network=surroundings.network,
        steady_ms=surroundings.steady_ms,
        draw=surroundings.draw,
    )
