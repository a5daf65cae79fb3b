"""What counts as JSON and as a request (client protocol §2.1), and how answers are written (§2.2)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hansa.rpc.errors import GROUP_UNKNOWN, INVALID_REQUEST
from hansa.rpc.framing import Request, encode, failure, parse, read_request, refusal, success

_CALL: dict[str, Any] = {"jsonrpc": "2.0", "method": "getBlockNumber", "params": [1], "id": 7}


@pytest.mark.parametrize("text", [b'{"a":1}x', b'  {"a":1}\n{"b":2}', b'{"a":1}]]', b'\t{"a":1} // done'])
def test_only_the_first_value_counts(text: bytes) -> None:
    assert parse(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"hello",
        b'{"jsonrpc":',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b'{"a":"\\ud800"} x',
        b"1e999",
        b"9" * 5000 + b" x",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"{}" + b" x" * 2_000_000,
    ],
)
def test_the_rest_is_not_json(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_request_is_read() -> None:
    assert read_request(_CALL) == Request("getBlockNumber", [1], 7, True)


def test_an_absent_id_is_not_a_null_id() -> None:
    without = {name: value for name, value in _CALL.items() if name != "id"}
    assert read_request(without) == Request("getBlockNumber", [1], None, False)
    assert read_request(_CALL | {"id": None}) == Request("getBlockNumber", [1], None, True)


@pytest.mark.parametrize("params", [None, [], {}, [1, "x", None]])
def test_parameters_may_be_null_an_array_or_an_object(params: Any) -> None:
    assert isinstance(read_request(_CALL | {"params": params}), Request)


@pytest.mark.parametrize("identity", [0, -5, 2**64 - 1, "", "a", None])
@pytest.mark.parametrize(
    "wrong",
    [
        {"jsonrpc": "1.0"},
        {"jsonrpc": 2.0},
        {"jsonrpc": None},
        {"method": None},
        {"method": 1},
        {"params": 1},
        {"params": "x"},
        {"params": True},
    ],
)
def test_a_wrong_member_is_refused_with_the_id(wrong: dict[str, Any], identity: Any) -> None:
    assert read_request(_CALL | wrong | {"id": identity}) == refusal(identity, INVALID_REQUEST)


@pytest.mark.parametrize("identity", [True, 1.5, 1.0, [], {}])
def test_an_id_of_another_type_is_refused_without_it(identity: Any) -> None:
    assert read_request(_CALL | {"id": identity}) == refusal(None, INVALID_REQUEST)


@pytest.mark.parametrize("value", [None, 1, "x", True, [], [_CALL]])
def test_what_is_no_object_is_no_request(value: Any) -> None:
    assert read_request(value) == refusal(None, INVALID_REQUEST)


def test_results_are_compact_with_keys_in_byte_order_and_a_newline() -> None:
    result = {"b": 1, "Z": "ä/\n", "a": None}
    assert (
        encode(success(1, result))
        == '{"id":1,"jsonrpc":"2.0","result":{"Z":"ä/\\n","a":null,"b":1}}\n'.encode()
    )


def test_the_kernels_json_is_spliced_in_unread() -> None:
    result = [orjson.Fragment(b'{"z":1,"a":2}')]
    assert encode(success("x", result)) == b'{"id":"x","jsonrpc":"2.0","result":[{"z":1,"a":2}]}\n'


def test_only_a_methods_error_has_data() -> None:
    tail = b'"message":"GroupID does not exist"},"id":null,"jsonrpc":"2.0"}\n'
    assert encode(failure(None, GROUP_UNKNOWN)) == b'{"error":{"code":-40001,"data":null,' + tail
    assert encode(refusal(None, GROUP_UNKNOWN)) == b'{"error":{"code":-40001,' + tail


def test_a_batch_is_one_text() -> None:
    assert encode([success(1, "a"), success(2, "b")]) == (
        b'[{"id":1,"jsonrpc":"2.0","result":"a"},{"id":2,"jsonrpc":"2.0","result":"b"}]\n'
    )
