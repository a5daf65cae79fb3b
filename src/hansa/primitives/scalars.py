"""Fixed-size values of the ledger."""

from typing import NewType

Hash32 = NewType("Hash32", bytes)
"""32 bytes of the chain's hash function."""

Address = NewType("Address", bytes)
"""20 bytes: the end of the hash of a 64-byte public key, or of a creation."""

Height = NewType("Height", int)
"""A block's number; the genesis block is 0."""

View = NewType("View", int)
"""The attempt of a consensus round; 0 after each committed block."""

GroupId = NewType("GroupId", int)
"""1 … 32767: one ledger of a chain."""
