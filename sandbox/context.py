"""The application with its parts, and how the code that answers a request gets at them."""

from collections import deque
from ipaddress import ip_address
from typing import Any, cast

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from sandbox.credentials import ApiClient
from sandbox.faults import FaultSwitch
from sandbox.limits import RateLimits
from sandbox.store import Store
from sandbox.webhooks import Deliveries


class SandboxApp(Flask):
    """Flask, with the parts of the sandbox as attributes."""

    store: Store
    client: ApiClient
    limits: RateLimits
    faults: FaultSwitch
    deliveries: Deliveries
    allowed_origins: tuple[str, ...]
    requests_served: deque[dict[str, Any]]

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer from one moment of the boards.

        Creating a webhook is left out: it calls the application, which may ask here in turn.
        """
        if request.method != "GET" and request.blueprint != "pages":
            return super().dispatch_request()
        with self.store.lock:
            return super().dispatch_request()

    def send_static_file(self, filename: str) -> Response:
        """From memory: a browser that leaves in the middle would leave a file open."""
        with super().send_static_file(filename) as response:
            response.direct_passthrough = False
            return Response(response.get_data(), headers=response.headers)


def this_sandbox() -> SandboxApp:
    return cast(SandboxApp, current_app)


def this_origin() -> str:
    """The address under which the sandbox was asked, for the addresses in its answers."""
    return request.host_url.rstrip("/")


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
