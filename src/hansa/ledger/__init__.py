"""One group's committed chain: genesis, stored blocks, the head, and the one way a block becomes durable.

The ledger executes through the kernel and writes through a `storage.KeyValueStore`. It does not decide
what is committed: consensus and sync do, and tell it.
"""
