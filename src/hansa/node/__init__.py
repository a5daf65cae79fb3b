"""A running node: its settings, how its parts are put together, its services and its entry point.

Everything below this package knows nothing of a process; everything above is a client or a tool.
"""
