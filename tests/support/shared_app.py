"""Built apps for the tests of a process: routes and templates are the same in all of them."""

from collections.abc import Callable
from copy import copy
from functools import cache

from flask import Flask
from sqlalchemy import Engine

from app import create_app
from app.accounts.openid.chosen import init_provider
from app.config import Config
from app.db import db, make_engine

_built: dict[object, Flask] = {}


def shared_app(config: Config, add: Callable[[Flask], None] | None = None) -> Flask:
    """An app with this config and its database, and without limits on guessing.

    What a test may change on it is its own: settings, extensions and views. Routes, hooks and
    templates are shared, with what `add` brings to them.
    """
    # What create_app goes by; the rest is looked up at every request.
    key = (config.public_url, config.trusted_proxies, config.secret_key, add)
    if key not in _built:
        built = _built[key] = own_app(config)
        for limiter in built.extensions["limiter"]:
            limiter.enabled = False
        if add is not None:
            add(built)
    built = _built[key]
    app = copy(built)
    app.config = copy(built.config)
    app.extensions = built.extensions | {"tally_config": config}
    app.view_functions = dict(built.view_functions)
    init_provider(app, config)  # which remembers what the provider said of itself
    db.bind(_engine(config.database_url))
    return app


def own_app(config: Config) -> Flask:
    """An app built anew; the statements compiled for its database it shares with others."""
    app = create_app(config)
    db.engine.dispose()
    db.bind(_engine(config.database_url))
    return app


@cache
def _engine(url: str) -> Engine:
    """Kept with the statements that it has compiled."""
    return make_engine(url)
