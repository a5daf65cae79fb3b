"""How much clients may ask and the node may send: `[flow_control]` of config.ini and group.N.ini.

Client protocol §9, node §3.5. Pure: the time is given.

Rule 1: requests over the Channel count against the node's quota, then against their group's. HTTP is free.
Rule 2: getClientVersion is counted but never refused: SDKs open every connection with it.
Rule 3: what keeps a chain going (consensus, status, transactions) is counted but never held back; blocks for
        peers that catch up, and AMOP messages, wait for their turn.
Rule 4: a quarter of a packet's size counts, as packets are expected to be compressed that far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hansa.node.settings import FlowControlSettings

__all__ = ["Bandwidth", "FlowControl", "TokenBucket"]

_NEVER_REFUSED = "getClientVersion"
_COMPRESSION = 4


class TokenBucket:
    """So many permits a second; what is not used within a second is lost."""

    def __init__(self, permits_per_second: float, now: float) -> None:
        """Begins full.

        Raises:
            ValueError: the rate is not positive.
        """
        if permits_per_second <= 0:
            raise ValueError("a limit is more than 0 per second")
        self._rate = permits_per_second
        self._permits = permits_per_second
        self._updated_at = now

    def has_permits(self, now: float) -> bool:
        """Whether something may go now, however large it is."""
        self._refill(now)
        return self._permits > 0

    def take(self, permits: float, now: float) -> None:
        """Count what goes. As long as permits are left it may borrow ahead what it lacks.

        What goes although nothing is left could not be held back: it adds to a debt of a second at most.
        """
        self._refill(now)
        if self._permits > 0:
            self._permits -= permits
        else:
            self._permits = min(self._permits, max(self._permits - permits, -self._rate))

    def _refill(self, now: float) -> None:
        if now > self._updated_at:
            self._permits = min(self._rate, self._permits + (now - self._updated_at) * self._rate)
            self._updated_at = now


class Bandwidth:
    """What may go to other nodes, under all of some limits."""

    def __init__(self, buckets: Sequence[TokenBucket], clock: Callable[[], float]) -> None:
        self._buckets = buckets
        self._clock = clock

    def has_room(self) -> bool:
        """Whether a packet that can wait may go now."""
        now = self._clock()
        return all(bucket.has_permits(now) for bucket in self._buckets)

    def count(self, size: int) -> None:
        """Count a packet of so many bytes that goes."""
        now = self._clock()
        for bucket in self._buckets:
            bucket.take(size / _COMPRESSION, now)

    def admits(self, size: int) -> bool:
        """Count a packet that can wait; False: it may not go now."""
        if not self.has_room():
            return False
        self.count(size)
        return True


class FlowControl:
    """The limits of a node and its groups. The clock counts seconds and is steady."""

    def __init__(self, settings: FlowControlSettings, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests = self._bucket(settings.requests_per_second_max)
        self._bytes = self._bucket(settings.outgoing_bytes_per_second_max)
        self._group_requests: dict[int, TokenBucket | None] = {}
        self.bandwidth = Bandwidth(_present(self._bytes), clock)
        """For what belongs to no group."""

    def add_group(self, group_id: int, settings: FlowControlSettings) -> Bandwidth:
        """Limit a group's requests from now on; the limits on what it sends."""
        self._group_requests[group_id] = self._bucket(settings.requests_per_second_max)
        group_bytes = self._bucket(settings.outgoing_bytes_per_second_max)
        return Bandwidth(_present(self._bytes, group_bytes), self._clock)

    def admits_request(self, method: str, group_id: int | None) -> bool:
        """Count a request of an SDK, for a group if it is about one; False refuses it."""
        now = self._clock()
        group = None if group_id is None else self._group_requests.get(group_id)
        for bucket in _present(self._requests, group):
            if method != _NEVER_REFUSED and not bucket.has_permits(now):
                return False
            bucket.take(1, now)
        return True

    def _bucket(self, permits_per_second: int | None) -> TokenBucket | None:
        return None if permits_per_second is None else TokenBucket(permits_per_second, self._clock())


def _present(*buckets: TokenBucket | None) -> list[TokenBucket]:
    return [bucket for bucket in buckets if bucket is not None]
