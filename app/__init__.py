"""The application."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config


def create_app(config: "Config | None" = None) -> "Flask":
    """Build the app, as app/whole.py says. Without a config it is read from the environment.

    Raises ConfigError when a setting is missing or wrong.
    """
    # Here, since the parent of gunicorn's processes loads a few of its modules, and no app.
    from app.whole import build

    return build(config)
