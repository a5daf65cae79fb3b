"""Raft as the group speaks it: for sealers that may crash, but do not lie (node §4.9).

Read in this order: `messages` (what is said), `events` (what happens to a sealer, what it may ask for),
`machine` (the rules), `engine` (the shell with sockets and time). `patience` is the machine's sense of time;
`backup` is what survives a restart.
"""
