"""Faults under load, judged from outside: real node processes, real damage, one seed.

    workload   what is asked of the chain, and what it must answer          pure
    faults     what goes wrong, when, and for how long: data                pure
    history    what was sent, what came back, what was broken meanwhile
    client     pours the workload over the Channel of every node
    nemesis    carries faults out
    checker    history and chains in, violations out                        pure
    run        puts them together

`python -m tests.cluster.nemesis --seed 4711 --minutes 30` runs it; docs/guides/fault-tests.md says what it
found.
"""
