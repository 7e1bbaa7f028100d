"""Where the audit log finds the pages of items and cycles."""

from flask import Flask, url_for
from sqlalchemy import select

from app.audit.places import add_place
from app.db import db
from app.okrs.models import Cycle, KeyResult, Objective


def add_places(app: Flask) -> None:
    add_place(app, "objective", _objectives)
    add_place(app, "key_result", _key_results)
    add_place(app, "cycle", _cycles)


def _objectives(ids: set[int]) -> dict[int, str]:
    kept = select(Objective.id).where(Objective.id.in_(ids), Objective.deleted_at.is_(None))
    return {
        one: url_for("okrs.show_objective", objective_id=one) for one in db.session.scalars(kept)
    }


def _key_results(ids: set[int]) -> dict[int, str]:
    kept = (
        select(KeyResult.id)
        .join(KeyResult.objective)
        .where(
            KeyResult.id.in_(ids),
            KeyResult.deleted_at.is_(None),
            Objective.deleted_at.is_(None),
        )
    )
    return {
        one: url_for("okrs.show_key_result", key_result_id=one) for one in db.session.scalars(kept)
    }


def _cycles(ids: set[int]) -> dict[int, str]:
    kept = db.session.scalars(select(Cycle.id).where(Cycle.id.in_(ids)))
    return {one: url_for("okrs.list_objectives", cycle=one) for one in kept}
