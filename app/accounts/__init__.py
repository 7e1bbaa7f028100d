"""People, the workspace, signing in."""

from datetime import timedelta

from flask import Flask

from app.accounts import people_views, views  # noqa: F401  (they add their views to the blueprint)
from app.accounts.blueprint import blueprint
from app.accounts.commands import create_admin

SIGNED_IN_FOR = timedelta(days=30)


def init_app(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = SIGNED_IN_FOR
    # Sent anew with every answer, the cookie of a request still under way would undo a sign-out.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    app.register_blueprint(blueprint)
    app.cli.add_command(create_admin)
