"""Serving the sandbox: from the command line, and in a thread for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import create_sandbox
from sandbox.context import SandboxApp, is_loopback
from sandbox.faults import FaultSwitch
from sandbox.limits import RateLimits
from sandbox.store import Store


class QuietHandler(WSGIRequestHandler):
    """Logs no requests: their addresses may hold tokens. /sandbox/requests tells what was asked."""

    # Without this an answer's headers wait for the acknowledgement of nothing.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def make_sandbox_server(app: SandboxApp, host: str, port: int) -> BaseWSGIServer:
    """A threaded server on a loopback address; port 0 takes a free one. Raises OSError."""
    if not is_loopback(host):
        raise ValueError(f"The sandbox is served on loopback addresses only, not on {host}.")
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    shown_host = f"[{host}]" if ":" in host else host
    app.deliveries.origin = f"http://{shown_host}:{server.server_port}"
    return server


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that is being served, with what a test wants to see and switch."""

    url: str
    app: SandboxApp

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def faults(self) -> FaultSwitch:
        return self.app.faults

    @property
    def limits(self) -> RateLimits:
        return self.app.limits

    @property
    def api_key(self) -> str:
        return self.app.client.key

    @property
    def api_secret(self) -> str:
        return self.app.client.secret

    @property
    def api_url(self) -> str:
        """What stands for https://api.trello.com/1, and for https://trello.com/1."""
        return f"{self.url}/1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The API requests served since the start or since `forget_requests`."""
        return list(self.app.requests_served)

    def forget_requests(self) -> None:
        self.app.requests_served.clear()


@contextmanager
def running_sandbox(
    *, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> Iterator[RunningSandbox]:
    """Serve a sandbox in a thread while the block runs. `options` are create_sandbox's."""
    app = create_sandbox(**options)
    server = make_sandbox_server(app, host, port)
    # A short poll, because stopping waits for it.
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
    )
    thread.start()
    try:
        yield RunningSandbox(app.deliveries.origin, app)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.deliveries.close()
