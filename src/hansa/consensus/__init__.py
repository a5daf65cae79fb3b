"""How the sealers of a group agree on the next block.

Each protocol is a pure machine (events in, effects out) and a thin asyncio shell that carries the effects
out. Networks, keys, the ledger and the pool are small `Protocol`s beside the shell; the node supplies them.
"""
