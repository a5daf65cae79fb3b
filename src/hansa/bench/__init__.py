"""The load generator: pours signed transactions into any 2.x chain and says what came of them.

It is a client like any other (`hansa.sdk`, `hansa.channel`) and knows nothing of how a node works inside,
so it measures Hansa and other nodes alike.
"""
