"""From request text to response text, whatever carries it.

Rules:
- Never an exception: every input has an answer (client protocol §2.1 – §2.3).
- What the node answers from memory is answered at once; only storage and execution are waited for.
- Of a batch, the immediate answers are made first; the order of the answers is that of the requests.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any, NamedTuple

from hansa.rpc.errors import (
    GROUP_UNKNOWN,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_A_NOTIFICATION,
    NOT_JSON,
    NOT_MEMBER,
    NOT_READY,
    Fault,
    RpcError,
    internal_error,
    over_qps_limit,
    sdk_not_allowed,
)
from hansa.rpc.framing import (
    BATCH_COUNT_MAX,
    Envelope,
    Id,
    Json,
    Request,
    encode,
    failure,
    parse,
    read_request,
    refusal,
    success,
)
from hansa.rpc.methods import METHODS, Method, Subject, accepts
from hansa.rpc.views import Gate, NodeView, Refusal

__all__ = ["RpcService"]

_LOG = logging.getLogger(__name__)

_OUR_FAULT = internal_error("the node failed to answer; its log says why")


class _Pending(NamedTuple):
    """A method that has to wait."""

    id: Id
    method: Method
    arguments: tuple[object, ...]


class RpcService:
    """All methods of one node."""

    def __init__(self, node: NodeView) -> None:
        self._node = node

    def answer(self, data: bytes, gate: Gate | None = None) -> bytes | Coroutine[Any, Any, bytes]:
        """The response to one request text: at once if no method in it has to wait, else to be awaited."""
        started = self._start(data, gate)
        if isinstance(started, bytes):
            return started
        if isinstance(started, _Pending):
            return self._finish(started)
        return self._finish_batch(started)

    def handle_now(self, data: bytes, gate: Gate | None = None) -> bytes | None:
        """The response if it can be had without waiting; else None, and only the gate was asked.

        Ask the same of `answer` if what has to wait is to be answered too: a gate then counts it once.
        """
        started = self._start(data, gate)
        return started if isinstance(started, bytes) else None

    async def handle(self, data: bytes, gate: Gate | None = None) -> bytes:
        """The response."""
        response = self.answer(data, gate)
        return response if isinstance(response, bytes) else await response

    # --- one text ---------------------------------------------------------------------------------------

    def _start(self, data: bytes, gate: Gate | None) -> bytes | _Pending | list[Envelope | _Pending]:
        try:
            value = parse(data)
        except ValueError:
            return encode(refusal(None, NOT_JSON))
        if not isinstance(value, list):
            started = self._begin(value, gate)
            return _encode(started) if isinstance(started, dict) else started
        if not 0 < len(value) <= BATCH_COUNT_MAX:
            return encode(refusal(None, INVALID_REQUEST))
        batch = [self._begin(item, gate) for item in value]
        answers = [item for item in batch if isinstance(item, dict)]
        return _encode_batch(answers) if len(answers) == len(batch) else batch

    async def _finish(self, pending: _Pending) -> bytes:
        return _encode(await _run(pending))

    async def _finish_batch(self, batch: list[Envelope | _Pending]) -> bytes:
        return _encode_batch([item if isinstance(item, dict) else await _run(item) for item in batch])

    # --- one request ------------------------------------------------------------------------------------

    def _begin(self, value: Json, gate: Gate | None) -> Envelope | _Pending:
        request = read_request(value)
        if isinstance(request, dict):
            return request
        method = METHODS.get(request.method)
        if method is None:
            return refusal(request.id, METHOD_NOT_FOUND)
        if not request.has_id:
            return refusal(None, NOT_A_NOTIFICATION)
        if gate is not None and (fault := _ask(gate, request, method)) is not None:
            return refusal(request.id, fault)
        if method.parameters and not accepts(method.parameters, request.params):
            return refusal(request.id, INVALID_PARAMS)
        try:
            arguments = self._arguments(method, request)
            if not method.is_immediate:
                return _Pending(request.id, method, arguments)
            return success(request.id, method.handler(*arguments))  # type: ignore[arg-type]
        except RpcError as error:
            return failure(request.id, error.fault)
        except Exception:
            _LOG.exception("%s failed", request.method)
            return failure(request.id, _OUR_FAULT)

    def _arguments(self, method: Method, request: Request) -> tuple[object, ...]:
        """What the handler is called with.

        Raises:
            RpcError: the group is not there, or this node is not in it.
        """
        if not method.parameters:
            return (self._node,)
        values = request.params
        assert isinstance(values, list)
        if method.subject is Subject.NODE or method.subject is Subject.GROUP_ID:
            return (self._node, *values)
        if not self._node.is_ready:
            raise RpcError(NOT_READY)
        group = self._node.group(values[0])
        if group is None:
            raise RpcError(GROUP_UNKNOWN)
        if method.subject is Subject.MEMBER_GROUP and not group.is_member:
            raise RpcError(NOT_MEMBER)
        return (group, *values[1:])


async def _run(pending: _Pending) -> Envelope:
    try:
        return success(pending.id, await pending.method.handler(*pending.arguments))  # type: ignore[misc]
    except RpcError as error:
        return failure(pending.id, error.fault)
    except Exception:
        _LOG.exception("%s failed", pending.method.handler.__name__)
        return failure(pending.id, _OUR_FAULT)


def _ask(gate: Gate, request: Request, method: Method) -> Fault | None:
    group: int | None = None
    if method.subject is not Subject.NODE and isinstance(request.params, list) and request.params:
        first = request.params[0]
        group = first if type(first) is int else None
    match gate(request.method, group):
        case None:
            return None
        case Refusal.OVER_QPS_LIMIT:
            return over_qps_limit(request.method)
        case Refusal.SDK_NOT_ALLOWED:
            return sdk_not_allowed(request.method)


def _encode(answer: Envelope) -> bytes:
    try:
        return encode(answer)
    except TypeError:
        return encode(_unprintable(answer))


def _encode_batch(answers: list[Envelope]) -> bytes:
    try:
        return encode(answers)
    except TypeError:
        return encode([_unprintable(answer) for answer in answers])


def _unprintable(answer: Envelope) -> Envelope:
    """The answer itself, or an error in its place if JSON cannot say it: a fault of the node's."""
    try:
        encode(answer)
    except TypeError:
        _LOG.exception("an answer holds what JSON cannot say")
        return failure(answer["id"], _OUR_FAULT)  # type: ignore[arg-type]
    return answer
