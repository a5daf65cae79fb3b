"""Practical Byzantine fault tolerance as the group speaks it (node §4.1 to §4.7).

Read in this order: `messages` (what is said), `events` (what happens to a sealer, what it may ask for),
`machine` (the rules), `engine` (the shell with sockets, keys and time). `votes`, `sealing`, `timing`, `relay`
and `duplicates` are the machine's and the shell's small parts; `backup` is what survives a restart. `agenda`
and `delivery` are where rPBFT does otherwise.
"""
