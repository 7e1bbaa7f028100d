"""People, the workspace, signing in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages of people and accounts."""
    # Here, not above: app/access.py, which views lean on, leans on other modules of this package.
    from app.accounts import (  # noqa: F401
        openid_views,
        people_views,
        reset_views,
        role_views,
        session_views,
        views,
    )
    from app.accounts.blueprint import blueprint
    from app.accounts.commands import create_admin
    from app.accounts.openid.chosen import init_provider
    from app.accounts.places import add_places
    from app.accounts.sessions import SIGNED_IN_FOR, init_sessions
    from app.accounts.ways_in import init_ways_in

    app.config["PERMANENT_SESSION_LIFETIME"] = SIGNED_IN_FOR
    # Sent anew with every answer, the cookie of a request still under way would undo a sign-out.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    init_sessions(app)
    init_ways_in(app)
    init_provider(app, app.extensions["tally_config"])
    app.register_blueprint(blueprint)
    add_places(app)
    app.cli.add_command(create_admin)
