"""Answers that come to an end: a bare timeout limits each wait for a byte, not their number.

The first line and the headers are read inside the library, where nobody else can look at a clock.
"""

import http.client
import io
import socket
import time
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

TIME_TO_ANSWER = 20
"""Seconds after which an answer that still trickles in is given up. Together with the waiting
before it, it has to stay below the LEASE of a sync (app/trello/runs.py)."""


def bound_answers(session: requests.Session) -> None:
    """Let no answer to this session take longer than its timeout and TIME_TO_ANSWER together."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())


class _Timed(io.RawIOBase):
    """What comes in at a socket until a moment; after that, TimeoutError."""

    def __init__(self, raw: Any, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._patience: float | None = sock.gettimeout()
        self._ends_at = time.monotonic() + (self._patience or 0) + TIME_TO_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Timed(raw, sock))


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _Response


class _SecureConnection(urllib3.connection.HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
