"""The sandbox as a Flask application."""

import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Response, g, request

from sandbox import oauth, pages, rest, samples, switches
from sandbox.board import Record
from sandbox.clock import Clock, iso
from sandbox.context import SandboxApp, is_loopback, this_sandbox
from sandbox.credentials import ApiClient
from sandbox.faults import FaultSwitch, answer_wrongly, spoil
from sandbox.limits import RateLimits
from sandbox.store import Store, add_boards
from sandbox.webhooks import Deliveries

REQUESTS_REMEMBERED = 10_000


def create_sandbox(
    *,
    api_key: str | None = None,
    api_secret: str | None = None,
    data_dir: Path | None = None,
    boards: Iterable[Record] | None = None,
    allowed_origins: Sequence[str] = (),
    retry_scale: float = 0.1,
) -> SandboxApp:
    """Make a sandbox.

    `boards` are documents in Trello's export format. Without them, and without a state kept in
    `data_dir`, it starts with the sample boards. With no `allowed_origins` every loopback origin
    is allowed. `retry_scale` shortens the pauses between webhook retries.
    """
    app = SandboxApp(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Trello's order reads better
    app.url_map.strict_slashes = False
    app.store = Store(Clock(), data_dir)
    app.client = ApiClient(api_key or secrets.token_hex(16), api_secret or secrets.token_hex(32))
    app.limits = RateLimits()
    app.faults = FaultSwitch()
    app.allowed_origins = tuple(allowed_origins)
    app.requests_served = deque(maxlen=REQUESTS_REMEMBERED)

    if not app.store.load():
        samples.add_people(app.store)
        if boards is None:
            samples.add_sample_boards(app.store)
        app.store.save()
    add_boards(app.store, boards or ())
    app.deliveries = Deliveries(app.store, app.client.secret, retry_scale)
    app.store.on_change = app.deliveries.send

    app.before_request(_refuse_foreign_hosts)
    app.before_request(_apply_fault)
    app.after_request(_spoil_answer)
    app.after_request(_remember_request)
    oauth.register(app)
    rest.register(app)
    app.register_blueprint(switches.blueprint)
    app.register_blueprint(pages.blueprint)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok\n"

    return app


def _refuse_foreign_hosts() -> tuple[str, int] | None:
    """A page elsewhere whose name is made to resolve to 127.0.0.1 gets nothing from here."""
    if is_loopback(urlsplit(f"//{request.host}").hostname):
        return None
    return "The sandbox answers only to loopback names.\n", 403


def _is_trellos() -> bool:
    return request.path.startswith("/1/")


def _apply_fault() -> Response | None:
    g.fault = this_sandbox().faults.take(request) if _is_trellos() else None
    return answer_wrongly(g.fault, request) if g.fault else None


def _spoil_answer(response: Response) -> Response:
    return spoil(g.fault, response) if g.get("fault") else response


def _remember_request(response: Response) -> Response:
    if not _is_trellos():
        return response
    secret = ("key", "token")
    this_sandbox().requests_served.append(
        {
            "time": iso(datetime.now(UTC)),
            "method": request.method,
            "path": request.path,
            "query": {
                name: value
                for name, value in request.args.items()
                if name not in secret and not name.startswith("oauth_")
            },
            "status": response.status_code,
            "token": g.get("token_id"),
            "fault": g.fault.kind if g.get("fault") else None,
        }
    )
    return response
