"""Keeping a node level with its group: which blocks to ask of whom, and how transactions reach the sealers.

`blocks` and `transactions` are machines that decide and do nothing else; `engine` carries out what they say.
The package downloads blocks but does not judge them (the ledger does), and moves transactions but does not
admit them (the pool does).
"""

from hansa.sync.announcing import AnnouncingSettings
from hansa.sync.engine import Chain, Network, Pool, SyncEngine, SyncSettings, SyncStatus
from hansa.sync.errors import MalformedPacket, SyncError
from hansa.sync.transactions import GossipSettings

__all__ = [
    "AnnouncingSettings",
    "Chain",
    "GossipSettings",
    "MalformedPacket",
    "Network",
    "Pool",
    "SyncEngine",
    "SyncError",
    "SyncSettings",
    "SyncStatus",
]
