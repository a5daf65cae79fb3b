"""The header of a block that is proposed: all of it but the transactions' root follows from the head."""

from __future__ import annotations

from collections.abc import Sequence

from hansa.kernel import Header
from hansa.primitives import NodeId

__all__ = ["header_on"]


def header_on(head: Header, sealers: Sequence[NodeId], *, timestamp: int, sealer: int) -> Header:
    """The header of a new proposal, but for its transactions root.

    Args:
        head: of the newest committed block.
        sealers: of the next one.
        timestamp: milliseconds; later than the head's.
        sealer: the index of whoever proposes.
    """
    return Header(
        number=head.number + 1,
        parent_hash=head.hash,
        state_root=head.state_root,
        timestamp=timestamp,
        sealer=sealer,
        sealer_list=sealers,
        suite=head.suite,
    )
