"""rPBFT: of many sealers a few work, and they take turns (node §4.8, execution §8; the form since 2.6).

The working sealers are marked in the chain's own table; among them everything is PBFT. This package adds what
PBFT has not: `rotation` puts the transaction that says who works next into the block after an epoch; `tree`,
`gossip` and `delivery` bring proposals to the working sealers without the leader having to reach each of
them; `messages` holds the packets for that. `engine` puts it together.
"""
