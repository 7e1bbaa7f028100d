"""The audit log: written by all packages, read by admins."""

from flask import Blueprint, Flask

blueprint = Blueprint("audit", __name__)


def init_app(app: Flask) -> None:
    """Register the pages of the audit log."""
    # Here, not above: whoever only writes the log imports this package, people among them.
    from app.audit import views  # noqa: F401

    app.register_blueprint(blueprint)
