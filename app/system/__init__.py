"""How this installation fares: a page for admins, and figures for those who watch over it."""

from flask import Blueprint, Flask

blueprint = Blueprint("system", __name__)
metrics_blueprint = Blueprint("metrics", __name__)
"""Apart, since it is asked for under any name, like /healthz."""


def init_app(app: Flask) -> None:
    """Register the page and the figures."""
    # Here, not above: these modules hang what they show on the blueprints of this one.
    from app.system import metrics_views, views  # noqa: F401

    app.register_blueprint(blueprint)
    app.register_blueprint(metrics_blueprint)
