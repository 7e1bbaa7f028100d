"""What is deleted between the moment in which it is loaded and that in which it is held."""

from collections.abc import Callable, Collection

import pytest
from sqlalchemy import func, select, update

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs import holding
from app.okrs.changes import delete_item
from app.okrs.comments.models import Comment
from app.okrs.models import Change, CheckIn, KeyResult, Measure, Objective
from tests.okrs.items import count_of
from tests.support.client import Client

SAID = {"value": "7", "note": "Well.", "text": "Well."}


@pytest.fixture
def deletes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Objective | KeyResult], None]:
    """Lets someone else be quicker, and what is loaded does not notice."""
    hold_all = holding.hold_all

    def meanwhile(item: Objective | KeyResult) -> None:
        kind = type(item)
        deleting = update(kind).where(kind.id == item.id).values(deleted_at=utcnow())

        def held(measures: Collection[Measure]) -> None:
            db.session.execute(deleting.execution_options(synchronize_session=False))
            hold_all(measures)

        monkeypatch.setattr(holding, "hold_all", held)

    return meanwhile


def written() -> list[int]:
    db.session.remove()
    logged = db.session.scalar(select(func.count(AuditEntry.id))) or 0
    return [count_of(one) for one in (KeyResult, CheckIn, Comment, Change)] + [logged]


@pytest.mark.parametrize("is_objective", [True, False], ids=["objective", "key result"])
@pytest.mark.parametrize("what", ["edit", "check-in", "comments", "delete", "new", "round"])
def test_nothing_is_written_to_it(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    deletes: Callable[[Objective | KeyResult], None],
    what: str,
    is_objective: bool,
) -> None:
    """Nor to a key result whose objective is deleted."""
    client.sign_in(bob)
    path = f"/key-results/{key_result.id}/{what}"
    data = SAID
    if what == "new":
        path = f"/objectives/{objective.id}/key-results/new"
    if what == "round":
        path, data = "/check-ins/round", SAID | {"measure": str(key_result.measure_id)}
    if what in ("edit", "new"):
        data = client.page(path).form_with("Save").values() | {"title": "More", "step": "save"}
    before = written()
    deletes(objective if is_objective or what == "new" else key_result)
    assert client.post(path, data).status_code == 404
    assert written() == before


def test_what_lies_in_the_bin_is_not_put_there_again(
    bob: Person, carol: Person, objective: Objective
) -> None:
    delete_item(objective, bob)
    first = objective.deleted_at
    delete_item(objective, carol)
    assert (objective.deleted_at, objective.deleted_by_id) == (first, bob.id)
