"""Trello as a data source: connections, linking, counting, syncing."""

import logging

from flask import Blueprint, Flask

from app.accounts.belongings import Keeper, add_keeper
from app.okrs.integrations import add_integration

blueprint = Blueprint("trello", __name__)


def init_app(app: Flask) -> None:
    """Register Trello's pages and add Trello to the list of integrations."""
    # Authlib writes request tokens with their secrets to its log at DEBUG.
    logging.getLogger("authlib").setLevel(logging.INFO)
    # And urllib3 addresses, at WARNING too; that of a token has the token in it.
    logging.getLogger("urllib3").setLevel(logging.ERROR)

    # Here, not above: these modules hang their pages on the blueprint of this one.
    from app.trello import (  # noqa: F401
        admin_views,
        belongings,
        connect_views,
        connection_views,
        disconnect_views,
        failure_views,
        sync_page_views,
        sync_views,
        transfer_views,
    )
    from app.trello.evidence import views as evidence_views  # noqa: F401
    from app.trello.integration import TrelloIntegration
    from app.trello.places import add_places
    from app.trello.webhooks import views as webhook_views

    # Trello sends no CSRF token; its signature says who asks.
    app.extensions["csrf"].exempt(webhook_views.receive_webhook)
    app.register_blueprint(blueprint)
    add_integration(TrelloIntegration())
    add_keeper(app, "trello", Keeper(belongings.what, belongings.hand_over))
    add_places(app)
    app.jinja_env.globals["list_of_connection"] = connect_views.list_of
