"""SDK connections to the nodes of a cluster, and waiting for what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hansa.channel.client import ChannelClient
from hansa.channel.tls import client_context, sdk_certificate_files
from tests.cluster.harness import Cluster


def connect(cluster: Cluster, index: int) -> ChannelClient:
    """A connection to a node, to be entered."""
    host, port = cluster.channel_endpoint(index).split(":")
    return ChannelClient(host, int(port), client_context(sdk_certificate_files(cluster.sdk_directory)))


async def until(holds: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Poll until it holds, or fail."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)
