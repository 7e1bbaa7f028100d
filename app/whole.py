"""The application put together: read build from top to bottom to know all its parts."""

from flask import Flask, request

from app import (
    accounts,
    audit,
    backup,
    cli,
    health,
    mail,
    okrs,
    styleguide,
    system,
    teams,
    trello,
)
from app.access import init_access, is_for_machines
from app.config import Config, load_config
from app.counted_requests import init_counting
from app.db import db, make_engine
from app.delivery import init_delivery
from app.errors import init_errors
from app.guessing import init_guessing
from app.logs import init_logs
from app.pages import init_pages
from app.security import init_security
from app.slow_work import init_requests
from app.uploads import init_uploads

_READING = {"GET", "HEAD", "OPTIONS"}


def build(config: Config | None = None) -> Flask:
    """Build the app. Without a config it is read from the environment.

    Raises ConfigError when a setting is missing or wrong.
    """
    config = config or load_config()
    app = Flask("app", template_folder="../templates", static_folder="../static")
    app.extensions["tally_config"] = config
    db.bind(make_engine(config.database_url))

    init_requests(app)
    init_counting(app)
    init_delivery(app)
    init_uploads(app)
    app.before_request(_begin_writing)  # before anything has a transaction open
    app.teardown_appcontext(_end_session)
    init_security(app, config)
    init_access(app)
    init_pages(app)
    init_errors(app)

    for package in (audit, accounts, teams, okrs, mail, trello, styleguide, backup, system):
        package.init_app(app)
    app.register_blueprint(health.blueprint)
    init_guessing(app, config)
    init_logs(app)
    cli.init_app(app)
    return app


def _begin_writing() -> None:
    if request.method not in _READING and not is_for_machines():
        db.begin_writing()


def _end_session(_error: BaseException | None) -> None:
    db.end()
