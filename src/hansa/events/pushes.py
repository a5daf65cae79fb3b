"""What a client is told of its filter, as text (client protocol §8.2). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from hansa.events.filters import FilterCode

__all__ = ["completed_push", "log_pushes"]


def log_pushes(filter_id: str, logs: Sequence[bytes], *, bytes_max: int) -> Iterator[bytes]:
    """Logs, each JSON, in as few pushes as `bytes_max` allows; one larger log goes alone."""
    part: list[bytes] = []
    size = 0
    for log in logs:
        if part and size + len(log) > bytes_max:
            yield _push(filter_id, part)
            part, size = [], 0
        part.append(log)
        size += len(log)
    if part:
        yield _push(filter_id, part)


def completed_push(filter_id: str) -> bytes:
    """The last block of the range has been searched; the filter is gone."""
    return b'{"filterID":%b,"logs":null,"result":%d}\n' % (orjson.dumps(filter_id), FilterCode.COMPLETED)


def _push(filter_id: str, logs: Sequence[bytes]) -> bytes:
    return b'{"filterID":%b,"logs":[%b],"result":0}\n' % (orjson.dumps(filter_id), b",".join(logs))
