"""Finding a listener and reading its usage, with this very process as the subject."""

from __future__ import annotations

import os
import socket

from hansa.bench.environment import describe_client, parse_processor
from hansa.bench.processes import find_listener, own_cpu_seconds, read_usage
from hansa.bench.sampling import NodeUsage, Sample, Sampler, find_nodes

NO_PROCESS = 2**22 + 1


def test_the_listener_of_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert find_listener(port) == os.getpid()
        name = f"127.0.0.1:{port}"
        assert find_nodes([("127.0.0.1", port), ("192.0.2.1", port)], [os.getpid(), 1]) == {
            name: os.getpid(),
            "process 1": 1,
        }
    assert find_listener(port) is None


def test_usage_of_a_process() -> None:
    usage = read_usage(os.getpid())
    assert usage is not None
    assert usage.cpu_seconds > 0
    assert usage.resident_bytes > 1_000_000
    assert usage.descriptors >= 3
    assert own_cpu_seconds() > 0
    assert read_usage(NO_PROCESS) is None


def test_samples_of_what_is_there() -> None:
    sampler = Sampler({"here": os.getpid(), "gone": NO_PROCESS})
    sampler.sample(0.0)
    sampler.sample(0.5)
    (usage,) = sampler.usages()
    assert usage.name == "here"
    assert [sample.second for sample in usage.samples] == [0.0, 0.5]


def test_processor_time_counts_from_the_end_of_the_warm_up() -> None:
    usage = NodeUsage("n", [Sample(0, 1.0, 0, 0), Sample(2, 3.0, 0, 0), Sample(4, 4.5, 0, 0)])
    assert usage.cpu_seconds(0) == 3.5
    assert usage.cpu_seconds(2) == 1.5
    assert usage.cpu_seconds(3) == 1.5
    assert NodeUsage("n", [Sample(1, 1.0, 0, 0)]).cpu_seconds(0) == 0


def test_the_machine_is_described() -> None:
    assert parse_processor("processor : 0\nmodel name\t: A fast one\n") == "A fast one"
    assert parse_processor("nothing here") is None
    here = describe_client("2.9.1", [("::1", 1)])
    assert here.cores >= 1
    assert here.endpoints == ["::1:1"]
