"""Trello's REST API, one module for each kind of thing it serves."""

from sandbox.context import SandboxApp
from sandbox.rest import batch, boards, cards, members, tokens, webhooks
from sandbox.rest.blueprint import api, unknown_route

__all__ = ["batch", "boards", "cards", "members", "register", "tokens", "webhooks"]


def register(app: SandboxApp) -> None:
    app.register_blueprint(api)
    app.register_error_handler(404, unknown_route)
    app.register_error_handler(405, unknown_route)
