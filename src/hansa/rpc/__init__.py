"""The node's JSON-RPC: one service, asked over HTTP and over Channel.

`RpcService` turns request text into response text; `HttpServer` carries it over plain HTTP. Whatever a method
tells about the node it reads through the Protocols of `views`, which the node implements.
"""

from hansa.rpc.http import HttpLimits, HttpServer
from hansa.rpc.service import RpcService
from hansa.rpc.views import Gate, GroupView, NodeView, Refusal

__all__ = [
    "Gate",
    "GroupView",
    "HttpLimits",
    "HttpServer",
    "NodeView",
    "Refusal",
    "RpcService",
]
