"""The nouns every package shares: node identities, heights, hashes.

Cheap `NewType`s inside the code; whoever reads foreign input checks it once, with the functions here.
"""

from hansa.primitives.identity import NodeId, node_id_from_hex, node_id_to_hex
from hansa.primitives.scalars import Address, GroupId, Hash32, Height, View

__all__ = [
    "Address",
    "GroupId",
    "Hash32",
    "Height",
    "NodeId",
    "View",
    "node_id_from_hex",
    "node_id_to_hex",
]
