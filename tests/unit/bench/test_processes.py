"""Finding a listener and reading its usage, with this very process as the subject."""

from __future__ import annotations

import os
import socket

from hansa.bench.processes import find_listener, own_cpu_seconds, read_usage


def test_the_listener_of_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert find_listener(port) == os.getpid()
    assert find_listener(port) is None


def test_usage_of_a_process() -> None:
    usage = read_usage(os.getpid())
    assert usage is not None
    assert usage.cpu_seconds > 0
    assert usage.resident_bytes > 1_000_000
    assert own_cpu_seconds() > 0
    assert read_usage(2**22 + 1) is None
