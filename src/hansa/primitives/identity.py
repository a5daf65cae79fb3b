"""A node's identity: its uncompressed public key without the leading `04` (spec: data model §2.4)."""

from typing import NewType

NodeId = NewType("NodeId", bytes)
"""64 bytes, X ‖ Y. Sealers are ordered by these bytes."""


def node_id_from_hex(text: str) -> NodeId:
    """Parse 128 hexadecimal digits, any case.

    Raises:
        ValueError: another length, or not hexadecimal.
    """
    if len(text) != 128:
        raise ValueError(f"a node id has 128 hexadecimal digits, not {len(text)}")
    return NodeId(bytes.fromhex(text))


def node_id_to_hex(node_id: NodeId) -> str:
    """The form used in files, JSON and logs: 128 lower-case digits, no prefix."""
    return node_id.hex()
