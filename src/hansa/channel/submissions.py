"""sendRawTransaction on the fast path: recognise the request, write the answer.

Only requests that leave no question are recognised: well-formed JSON, exact members and types, valid
hexadecimal. Everything else goes to the ordinary RPC handler, which knows how to complain (client protocol
§2.1).
"""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from typing import NamedTuple

import orjson

__all__ = ["Submission", "encode_error", "encode_hash", "parse_submission"]

_MARK = b"sendRawTransaction"
_WITH_PROOF = {"sendRawTransaction": False, "sendRawTransactionAndGetProof": True}
_ID_TYPES = (int, str, type(None))
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1

_WITHOUT_DATA = frozenset({-40011, -40012})
"""Errors of the limiter and the allow-list carry no `data` member (client protocol §2.2)."""


class Submission(NamedTuple):
    """What a sendRawTransaction request says."""

    request_id: int | str | None
    group_id: int
    raw: bytes
    with_proof: bool


def parse_submission(data: bytes) -> Submission | None:
    """The submission in a JSON-RPC request, or None if it is anything else or in any way unusual."""
    if _MARK not in data:
        return None
    try:
        request = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    # Exact types, because JSON's true is an int to Python. Plain comparisons: this runs once per transaction.
    if type(request) is not dict or request.get("jsonrpc") != "2.0" or "id" not in request:
        return None
    request_id, params = request["id"], request.get("params")
    if type(request_id) not in _ID_TYPES or type(params) is not list or len(params) != 2:
        return None
    method, (group_id, text) = request.get("method"), params
    if type(method) is not str or type(group_id) is not int or type(text) is not str:
        return None
    with_proof = _WITH_PROOF.get(method)
    if with_proof is None or not _INT_MIN <= group_id <= _INT_MAX:
        return None
    try:
        raw = unhexlify(text[2:] if text.startswith("0x") else text)
    except (HexError, ValueError):
        return None
    return Submission(request_id, group_id, raw, with_proof)


def encode_hash(request_id: int | str | None, transaction_hash: bytes) -> bytes:
    """The response that carries a transaction hash."""
    return b'{"id":%b,"jsonrpc":"2.0","result":"0x%b"}\n' % (
        orjson.dumps(request_id),
        transaction_hash.hex().encode(),
    )


def encode_error(request_id: int | str | None, code: int, message: str) -> bytes:
    """The response that carries an error."""
    error: dict[str, object] = {"code": code, "message": message}
    if code not in _WITHOUT_DATA:
        error["data"] = None
    response = {"error": error, "id": request_id, "jsonrpc": "2.0"}
    return orjson.dumps(response, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
