"""A new item whose form is sent twice, as by pressing twice, is made once."""

from flask import request
from sqlalchemy import Select, func, select

from app.access import hold_me, me
from app.accounts.sessions import hold_session
from app.db import db
from app.okrs.changes import CREATED
from app.okrs.models import Change, KeyResult, Objective

_LONGEST = 10


def beginning() -> str:
    """What goes along with the form: the last change there was when it was opened."""
    if request.method == "POST":
        return request.form.get("begun", "")[:_LONGEST]
    return str(db.session.scalar(select(func.max(Change.id))) or 0)


def objective_made_before(title: str) -> Objective | None:
    """The one that the person made under this title since the form was opened.

    What the same browser sends at once waits here for what it sent before.
    """
    since = _made_since()
    if since is None:
        return None
    same = select(Objective).where(Objective.measure_id.in_(since), Objective.title == title)
    found: Objective | None = db.session.scalar(same.where(Objective.deleted_at.is_(None)).limit(1))
    return found


def key_result_made_before(title: str, objective: Objective) -> KeyResult | None:
    """The one of this objective, likewise."""
    since = _made_since()
    if since is None:
        return None
    same = select(KeyResult).where(KeyResult.measure_id.in_(since), KeyResult.title == title)
    here = same.where(KeyResult.objective_id == objective.id, KeyResult.deleted_at.is_(None))
    found: KeyResult | None = db.session.scalar(here.limit(1))
    return found


def _made_since() -> Select[int] | None:
    """The measures of what the person made since then; None where the form does not say when."""
    begun = beginning()
    if not (begun.isascii() and begun.isdigit()):
        return None
    hold_me()  # before the session, as by those who close an account
    hold_session()
    is_mine = Change.what == CREATED, Change.person_id == me().id
    return select(Change.measure_id).where(Change.id > int(begun), *is_mine)
