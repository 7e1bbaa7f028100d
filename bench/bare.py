"""The floor of a page: a bare Flask route that renders the same templates from ready-made dicts.

`python -m gunicorn "bench.bare:application()"` serves those of an installation: its environment
says which, BARE_PATHS which pages, and BARE_EMAIL for whom, as they are when it starts.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, template_rendered
from markupsafe import Markup
from sqlalchemy import select

from app import create_app
from app.accounts.models import Person
from app.db import db
from bench.ready import Watched, ready, watched
from tests.support.client import Client


def bare_of(app: Flask, client: Client, path: str) -> Flask:
    """An app that has this page alone, as the client is shown it, with no database and no work of
    ours. That both give the same HTML is checked. What is sent to it is answered with a redirect.
    """
    filters = app.jinja_env.filters
    moment = filters["moment"]
    filters["moment"] = Watched(moment)  # it asks in whose zone
    own = {
        name: Watched(one)
        for name, one in app.jinja_env.globals.items()
        if getattr(one, "__module__", "").startswith("app.")
    }
    url_for = Watched(app.url_for)
    own["line_html"] = _rendered_line(app, url_for=url_for)  # each time: the floor keeps nothing
    name, context = _context_of(app, client, path, own)
    with app.test_request_context(path):
        app.jinja_env.get_template(name).render(context | {"url_for": url_for})
    made = {key: ready(value) for key, value in context.items()}
    bare = Flask("floor", template_folder=str(Path(app.root_path).parent / "templates"))
    bare.jinja_env.trim_blocks = bare.jinja_env.lstrip_blocks = True
    bare.jinja_env.filters.update(filters | {"moment": filters["moment"].ready()})
    filters["moment"] = moment
    bare.jinja_env.globals.update(app.jinja_env.globals)
    bare.jinja_env.globals.update({name: ready(one) for name, one in own.items()})
    bare.jinja_env.globals.update(line_html=_rendered_line(bare))
    bare.jinja_env.globals.update(csrf_token=lambda: "token", url_for=url_for.ready())
    bare.secret_key = "for flashes, of which there are none"
    address = path.partition("?")[0]
    bare.add_url_rule(address, "page", lambda: render_template(name, **made))
    bare.add_url_rule(address, "send", lambda: redirect(address, 303), methods=["POST"])
    _check(client.get(path).text, bare.test_client().get(path).text)
    return bare


def _rendered_line(app: Flask, **context: Any) -> Callable[[Any], Markup]:
    template = app.jinja_env.get_template("okrs/_row.html")
    return lambda line: Markup(template.render(context, line=line))


def application() -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """All pages of BARE_PATHS, a list in JSON, each by its path."""
    app = create_app()
    with app.app_context():
        who = select(Person).where(Person.email == os.environ["BARE_EMAIL"])
        client = Client(app)
        db.begin_writing()  # the worker may write meanwhile
        client.sign_in(db.session.scalars(who).one())
        pages = {
            path.partition("?")[0]: bare_of(app, client, path)
            for path in json.loads(os.environ["BARE_PATHS"])
        }
        db.session.remove()
        db.engine.dispose()
    return lambda environ, start: pages[environ["PATH_INFO"]](environ, start)


def _context_of(
    app: Flask, client: Client, path: str, own: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The template of a page, and what it was rendered with, to be watched; `own` are functions
    of ours that templates call."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(_app: Flask, template: Any, context: dict[str, Any], **_rest: Any) -> None:
        left = ("request", "session", "g", "config")
        kept = {key: watched(value) for key, value in context.items() if key not in left}
        # Rendered at once, while what it needs can still be loaded.
        template.render(context | kept | own)
        seen.append((template.name, kept))

    with template_rendered.connected_to(note, app):
        client.get(path)
    name, kept = seen[-1]
    return name, kept


def _check(ours: str, floor: str) -> None:
    """Raises AssertionError unless both pages are the same but for their tokens, and for how long
    ago something was, which may have become a minute more in between."""

    def plain(html: str) -> list[str]:
        without = re.sub(r'(name="csrf(_|-)token" (value|content)=)"[^"]*"', r"\1", html)
        return re.sub(r"just now|\d+ (minute|hour|day)s? ago", "then", without).split("\n")

    for our, its in zip(plain(ours), plain(floor), strict=True):
        assert our == its, f"the floor renders another page:\n{our}\n{its}"
