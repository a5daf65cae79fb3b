"""What a client is told of its filter (client protocol §8.2)."""

from __future__ import annotations

import json

from hansa.events.pushes import completed_push, log_pushes

LOGS = [b'{"n":%d}' % number for number in range(5)]


def test_logs_go_in_one_push_where_they_fit() -> None:
    assert list(log_pushes("a", LOGS[:2], bytes_max=1000)) == [
        b'{"filterID":"a","logs":[{"n":0},{"n":1}],"result":0}\n'
    ]
    assert list(log_pushes("a", [], bytes_max=1000)) == []


def test_many_logs_go_in_several_pushes_in_order() -> None:
    pushes = [json.loads(push)["logs"] for push in log_pushes("a", LOGS, bytes_max=2 * len(LOGS[0]))]
    assert [[log["n"] for log in push] for push in pushes] == [[0, 1], [2, 3], [4]]
    assert len(list(log_pushes("a", LOGS, bytes_max=1))) == 5


def test_the_end_is_told_without_logs_and_an_id_is_escaped() -> None:
    assert completed_push("a") == b'{"filterID":"a","logs":null,"result":1}\n'
    assert json.loads(completed_push('"\n'))["filterID"] == '"\n'
