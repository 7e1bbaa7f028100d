"""A page that shows every component in every state, for whoever works on the look."""

from flask import Blueprint, Flask

blueprint = Blueprint("styleguide", __name__)


def init_app(app: Flask) -> None:
    """Register the page."""
    # Here, not above: it hangs its page on the blueprint of this one.
    from app.styleguide import views  # noqa: F401

    app.register_blueprint(blueprint)
