"""The chain builder: from a plan to folders with keys, certificates, genesis, configuration and scripts.

It stands in for `build_chain.sh` of FISCO BCOS 2.x, with the same options and the same tree. It starts
nothing and talks to nobody.
"""

from hansa.chain.build import BuiltChain, BuiltNode, build_chain, console_command
from hansa.chain.errors import ChainError
from hansa.chain.expand import add_agency, add_node, add_sdk
from hansa.chain.plan import ChainPlan, NodePlan, Ports, parse_deployment, parse_hosts, parse_ports

__all__ = [
    "BuiltChain",
    "BuiltNode",
    "ChainError",
    "ChainPlan",
    "NodePlan",
    "Ports",
    "add_agency",
    "add_node",
    "add_sdk",
    "build_chain",
    "console_command",
    "parse_deployment",
    "parse_hosts",
    "parse_ports",
]
