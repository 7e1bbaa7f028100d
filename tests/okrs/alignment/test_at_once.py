"""Two people who align at the same moment."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.alignment import choice
from app.okrs.models import Cycle, Objective
from tests.okrs.items import make_objective
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_at_once_make_no_ring(
    app: Flask, alice: Person, bob: Person, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make_objective(alice, cycle, "One"), make_objective(bob, cycle, "Other")
    is_there = pause(monkeypatch, choice, "hold_alignments")

    def save(person: Person, objective: Objective, above: Objective) -> Any:
        browser = Client(app)
        browser.sign_in(person)
        page = browser.page(f"/objectives/{objective.id}/edit")
        data = page.form_with("Save").values() | {"parent": above.measure_id, "step": "save"}
        return lambda: browser.send("POST", f"/objectives/{objective.id}/edit", data=data)

    early, late = one_after_the_other(save(alice, one, other), is_there, save(bob, other, one))
    assert early.status_code == 303
    page = Client(app).see(late, 422)
    assert page.error("Aligned under") == (
        "“One” lies under this objective itself, so that would be a ring. Choose another."
    )
    parents = db.session.scalars(select(Objective.parent_measure_id).order_by(Objective.id))
    assert list(parents) == [other.measure_id, None]
