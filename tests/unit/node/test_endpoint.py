"""Addresses of nodes are read in the three forms an operator may write."""

import pytest

from hansa.node.endpoint import Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:30300", Endpoint("127.0.0.1", 30300)),
        ("[::1]:30300", Endpoint("::1", 30300)),
        ("[fe80:0:0::1]:1", Endpoint("fe80::1", 1)),
        ("node-1.example.org:65535", Endpoint("node-1.example.org", 65535)),
        ("node:80", Endpoint("node", 80)),
    ],
)
def test_forms(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30300",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:３０３００",
        "300.0.0.1:30300",
        "127.1:30300",
        "::1:30300",
        "[127.0.0.1]:30300",
        ":30300",
        "-bad:30300",
        "two words:30300",
        "http://host:80",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"the port|no port"):
        parse_endpoint(text)
