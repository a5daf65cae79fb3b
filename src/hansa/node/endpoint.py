"""Where something listens: a host and a TCP port (node §1.3, `p2p.node.N`)."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

__all__ = ["PORT_MAX", "Endpoint", "parse_endpoint"]

PORT_MAX = 65535
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")


class Endpoint(NamedTuple):
    """A host (an address without brackets, or a name) and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """Parse `ipv4:port`, `[ipv6]:port` or `name:port`.

    Raises:
        ValueError: the text is none of these.
    """
    host, colon, port_text = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port_text) or not 0 < int(port_text) <= PORT_MAX:
        raise ValueError("there is no port from 1 to 65535 behind the last colon")
    port = int(port_text)
    try:
        if host.startswith("[") and host.endswith("]"):
            return Endpoint(str(ipaddress.IPv6Address(host[1:-1])), port)
        if re.fullmatch("[0-9.]+", host):
            return Endpoint(str(ipaddress.IPv4Address(host)), port)
    except ipaddress.AddressValueError:
        raise ValueError("the part before the port is not an IP address") from None
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("the part before the port is neither an address nor a host name")
    return Endpoint(host, port)
