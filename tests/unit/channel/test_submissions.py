from __future__ import annotations

import orjson
import pytest

from hansa.channel.submissions import Submission, encode_error, encode_hash, parse_submission


def request(**changes: object) -> bytes:
    members = {"jsonrpc": "2.0", "method": "sendRawTransaction", "params": [1, "0xab01"], "id": 7}
    return orjson.dumps({name: value for name, value in (members | changes).items() if value != "absent"})


def test_an_ordinary_submission_is_recognised():
    assert parse_submission(request()) == Submission(7, 1, b"\xab\x01", False)
    assert parse_submission(request(params=[1, "AB01"])) == Submission(7, 1, b"\xab\x01", False)
    assert parse_submission(request(id=None)) == Submission(None, 1, b"\xab\x01", False)
    assert parse_submission(request(id="x", method="sendRawTransactionAndGetProof")) == Submission(
        "x", 1, b"\xab\x01", True
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "absent"},
        {"id": 1.5},
        {"id": True},
        {"id": []},
        {"jsonrpc": "1.0"},
        {"method": "sendRawTransactionElsewhere"},
        {"method": "getCode", "params": [1, "sendRawTransaction"]},
        {"params": [1]},
        {"params": [1, "0xab", 2]},
        {"params": {"a": 1}},
        {"params": [True, "0xab"]},
        {"params": [2**31, "0xab"]},
        {"params": [1.0, "0xab"]},
        {"params": [1, 5]},
        {"params": [1, "0xabc"]},
        {"params": [1, "0xzz"]},
        {"params": [1, "ab cd"]},
        {"params": [1, "é"]},
    ],
)
def test_whatever_is_unusual_goes_the_ordinary_way(changes):
    assert parse_submission(request(**changes)) is None


@pytest.mark.parametrize("data", [b"", b"sendRawTransaction", b"[" + request() + b"]", request() + b"x"])
def test_what_is_no_single_request_goes_the_ordinary_way(data):
    assert parse_submission(data) is None


def test_answers_have_the_members_in_byte_order_and_end_with_a_newline():
    assert encode_hash(1, b"\xab" * 32) == b'{"id":1,"jsonrpc":"2.0","result":"0x%b"}\n' % (b"ab" * 32)
    assert encode_hash('a"b', b"")[:14] == b'{"id":"a\\"b","j'[:14]
    assert encode_error(None, -32603, "text") == (
        b'{"error":{"code":-32603,"data":null,"message":"text"},"id":null,"jsonrpc":"2.0"}\n'
    )


def test_limits_answer_without_the_data_member():
    assert encode_error(3, -40011, "sendRawTransaction Over QPS limit") == (
        b'{"error":{"code":-40011,"message":"sendRawTransaction Over QPS limit"},"id":3,"jsonrpc":"2.0"}\n'
    )
