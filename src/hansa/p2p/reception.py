"""Shakes hands with whoever calls, and bounds what callers can occupy before they have shown who they are:
how many at once, how many from one host, and for how long.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from typing import cast

from hansa.p2p.tls import explain_handshake_failure
from hansa.p2p.wire import Handshake, TlsStream

__all__ = ["Reception"]

logger = logging.getLogger("hansa.p2p")

Address = tuple[str, int]


class Reception:
    """Makes the protocols of a listening socket."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        callers_max: int,
        callers_per_host_max: int,
        timeout_s: float,
        welcome: Callable[[TlsStream, Address], asyncio.Protocol],
    ) -> None:
        """`welcome` makes the session of a caller whose handshake is done; it may raise `PeerRefused`."""
        self._context = context
        self._callers_max = callers_max
        self._callers_per_host_max = callers_per_host_max
        self._timeout_s = timeout_s
        self._welcome = welcome
        self._callers: dict[_Caller, str] = {}
        self._per_host: Counter[str] = Counter()

    def new_caller(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return _Caller(self, self._context, self._timeout_s, self._welcome)

    def close(self) -> None:
        """Turn away everybody who has not finished."""
        for caller in list(self._callers):
            caller.abort()

    def admit(self, caller: _Caller, host: str) -> bool:
        """Whether there is room for one more; if so, it is counted until its handshake is done."""
        if len(self._callers) >= self._callers_max or self._per_host[host] >= self._callers_per_host_max:
            return False
        self._callers[caller] = host
        self._per_host[host] += 1
        return True

    def dismiss(self, caller: _Caller) -> bool:
        """Its handshake is done, well or badly. False if it had not been admitted."""
        host = self._callers.pop(caller, None)
        if host is None:
            return False
        self._per_host[host] -= 1
        if not self._per_host[host]:
            del self._per_host[host]
        return True


class _Caller(Handshake):
    """The handshake of one caller."""

    def __init__(
        self,
        reception: Reception,
        context: ssl.SSLContext,
        timeout_s: float,
        welcome: Callable[[TlsStream, Address], asyncio.Protocol],
    ) -> None:
        super().__init__(
            context,
            server_side=True,
            timeout_s=timeout_s,
            established=lambda tls: welcome(tls, self._address),
        )
        self._reception = reception
        self._address: Address = ("", 0)
        self.done.add_done_callback(self._finish)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._address = transport.get_extra_info("peername")[:2]
        if self._reception.admit(self, self._address[0]):
            super().connection_made(transport)
        else:
            cast(asyncio.Transport, transport).abort()

    def _finish(self, done: asyncio.Future[None]) -> None:
        was_admitted = self._reception.dismiss(self)
        error = done.exception()
        # Who was turned away at the door leaves no line in the log: a flood would fill it.
        if error is not None and was_admitted:
            logger.warning("refused %s:%d: %s", *self._address, explain_handshake_failure(error))
