"""Hosts, counts, ports and groups, and where nodes listen."""

from pathlib import Path

import pytest

from hansa.chain.errors import ChainError
from hansa.chain.plan import ChainPlan, Ports, parse_deployment, parse_hosts, parse_ports


def plan(hosts: str, **options: object) -> ChainPlan:
    return ChainPlan(parse_hosts(hosts), Path("nodes"), **options)  # type: ignore[arg-type]


def test_nodes_of_a_host_take_consecutive_ports() -> None:
    nodes = parse_hosts("127.0.0.1:2,10.0.0.2:1", Ports(40000, 41000, 42000))
    assert [(node.host, node.name, node.ports) for node in nodes] == [
        ("127.0.0.1", "node0", Ports(40000, 41000, 42000)),
        ("127.0.0.1", "node1", Ports(40001, 41001, 42001)),
        ("10.0.0.2", "node0", Ports(40000, 41000, 42000)),
    ]


def test_a_host_named_twice_goes_on_where_it_was() -> None:
    nodes = parse_hosts("10.0.0.2:1,10.0.0.2:1")
    assert [(node.name, node.ports.p2p) for node in nodes] == [("node0", 30300), ("node1", 30301)]


def test_ipv6_hosts_with_and_without_brackets() -> None:
    assert [node.host for node in parse_hosts("[::1]:1,fe80::2:1")] == ["::1", "fe80::2"]


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", ":4", "../x:1", "a:1,,b:1", "a:1001"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ChainError):
        parse_hosts(text)


def test_ports_are_three_numbers() -> None:
    assert parse_ports("1,2,3") == Ports(1, 2, 3)
    for text in ("", "1,2", "1,2,3,4", "a,b,c", "1, 2,3"):
        with pytest.raises(ChainError, match="three ports"):
            parse_ports(text)


def test_a_deployment_file_names_agencies_groups_and_ports() -> None:
    nodes = parse_deployment(
        "# two organizations\n"
        "10.0.0.1:2 bank 1,2 30300,20200,8545\n"
        "\n"
        "10.0.0.2:1 shop 2\n"
        "10.0.0.1:1 shop 1 40300,40200,40545\n"
    )
    assert [(n.host, n.index, n.agency, n.groups, n.ports.p2p) for n in nodes] == [
        ("10.0.0.1", 0, "bank", (1, 2), 30300),
        ("10.0.0.1", 1, "bank", (1, 2), 30301),
        ("10.0.0.2", 0, "shop", (2,), 30300),
        ("10.0.0.1", 2, "shop", (1,), 40300),
    ]
    chain = ChainPlan(nodes, Path("nodes"))
    assert (chain.hosts, chain.agencies, chain.groups) == (("10.0.0.1", "10.0.0.2"), ("bank", "shop"), (1, 2))
    assert [node.name for node in chain.members(2)] == ["node0", "node1", "node0"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.1:1 bank\n", "line 1 has 2 words"),
        ("10.0.0.1:1 bank 1\n10.0.0.1 bank 1\n", "line 2: "),
        ("10.0.0.1:1 bank 0\n", 'line 1: "0" is not a group'),
        ("10.0.0.1:1 bank 32768\n", "is not a group"),
        ("10.0.0.1:1 bank 1 1,2\n", "is not three ports"),
    ],
)
def test_a_wrong_line_is_named(text: str, problem: str) -> None:
    with pytest.raises(ChainError) as caught:
        parse_deployment(text)
    assert problem in caught.value.problem


def test_a_chain_on_this_host_stays_on_loopback() -> None:
    local = plan("127.0.0.1:4")
    assert local.p2p_listen_ip == local.channel_listen_ip == local.jsonrpc_listen_ip == "127.0.0.1"
    local = plan("[::1]:4")
    assert local.p2p_listen_ip == local.channel_listen_ip == local.jsonrpc_listen_ip == "::1"


def test_a_chain_on_several_hosts_opens_all_but_the_unprotected_port() -> None:
    spread = plan("10.0.0.1:1,10.0.0.2:1")
    assert spread.p2p_listen_ip == spread.channel_listen_ip == "0.0.0.0"
    assert spread.jsonrpc_listen_ip == "127.0.0.1"
    assert plan("10.0.0.1:1", ipv6=True).p2p_listen_ip == "::"


def test_clients_from_elsewhere_are_let_in_on_request_but_no_nodes() -> None:
    opened = plan("127.0.0.1:4", jsonrpc_everywhere=True)
    assert opened.jsonrpc_listen_ip == opened.channel_listen_ip == "0.0.0.0"
    assert opened.p2p_listen_ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("nodes", "options", "problem"),
    [
        (parse_hosts("a:1", Ports(1024, 20200, 8545)), {}, "port 1024"),
        (parse_hosts("a:2", Ports(65535, 20200, 8545)), {}, "port 65536"),
        (parse_hosts("a:3", Ports(30300, 30302, 8545)), {}, "port 30302 on a is wanted twice"),
        (parse_hosts("a:1", Ports(3000, 3000, 8545)), {}, "wanted twice"),
        (parse_hosts("cert:1"), {}, '"cert"'),
        (parse_deployment("a:1 ../x 1"), {}, "no name for an agency"),
        ((), {}, "no node"),
        (parse_hosts("a:1"), {"chain_id": -1}, "chain id"),
        (parse_hosts("a:1"), {"certificate_days": 0}, "never hold"),
        (parse_hosts("a:1000,b:1000"), {}, "2000 nodes are too many"),
    ],
)
def test_plans_that_cannot_work_are_refused(nodes, options, problem: str) -> None:
    with pytest.raises(ChainError) as caught:
        ChainPlan(nodes, Path("nodes"), **options)
    assert problem in caught.value.problem
    assert caught.value.remedy
