"""Views of the explorer that people keep: saved, offered, renamed, deleted."""

import pytest
from sqlalchemy import select, update

from app.accounts.models import Person
from app.db import db
from app.okrs.explorer.models import SavedView
from app.okrs.models import Cycle
from tests.okrs.items import count_of, make_objective, only
from tests.support.client import Client


@pytest.fixture
def view(bob: Person, cycle: Cycle) -> SavedView:
    view = SavedView(person_id=bob.id, name="Late", key="late", query="status=late")
    db.session.add(view)
    db.session.commit()
    return view


def test_a_view_is_saved_from_what_is_shown(client: Client, bob: Person, cycle: Cycle) -> None:
    make_objective(bob, cycle)
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}&status=not_started&group=owner&page=1")
    answer = client.submit(page, "Save view", {"name": " Not  begun "})
    page = client.follow(answer)
    assert page.flashes == ["View “Not begun” saved."]
    assert "People find us" in page.text and page.one(".chip[aria-current]").text == "Not begun"
    stored = only(SavedView)
    assert (stored.person_id, stored.is_shared) == (bob.id, False)
    assert stored.query == f"cycle={cycle.id}&status=not_started&group=owner"


def test_a_view_holds_what_the_explorer_knows_and_nothing_else(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    client.sign_in(bob)
    client.post("/okrs/views", {"name": "Mine", "query": "owner=me&next=//evil&_obj=1&page=9"})
    assert only(SavedView).query == "owner=me"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Give the view a name."),
        ("LATE", "Choose another."),
        ("x" * 81, "at most 80"),
        ("ΐ" * 80, "at most 80"),
    ],
)
def test_a_name_that_will_not_do_keeps_what_was_typed(
    client: Client, bob: Person, view: SavedView, name: str, says: str
) -> None:
    client.sign_in(bob)
    answer = client.post("/okrs/views", {"name": name, "query": "owner=me"})
    page = client.see(answer, 422)
    assert says in page.error("Name")
    assert page.one("input[name=query]")["value"] == "owner=me"
    assert count_of(SavedView) == 1


def test_others_are_offered_what_is_shared_and_nothing_else(
    client: Client, bob: Person, carol: Person, view: SavedView
) -> None:
    client.sign_in(carol)
    assert "Late" not in client.page("/okrs").text
    db.session.execute(update(SavedView).values(is_shared=True))
    db.session.commit()
    assert client.page("/okrs").link("Late") == "/okrs?status=late"
    assert "Late" not in client.page("/okrs/views").text
    for path in (f"/okrs/views/{view.id}", f"/okrs/views/{view.id}/delete"):
        assert client.post(path, {"name": "Hers"}).status_code == 404
    assert only(SavedView).name == "Late"


def test_a_view_is_renamed_offered_and_deleted(
    client: Client, bob: Person, view: SavedView
) -> None:
    db.session.add(SavedView(person_id=bob.id, name="Mine", key="mine", query="owner=me"))
    db.session.commit()
    client.sign_in(bob)
    path = f"/okrs/views/{view.id}"
    wrong = client.see(client.post(path, {"name": "mine"}), 422)
    assert "Choose another." in wrong.text
    client.follow(client.post(path, {"name": "Late ones", "is_shared": "y"}))
    stored = db.session.scalars(select(SavedView).order_by(SavedView.id)).all()
    assert [(one.name, one.is_shared) for one in stored] == [("Late ones", True), ("Mine", False)]
    page = client.follow(client.post(f"{path}/delete"))
    assert page.flashes == ["View “Late ones” deleted."]
    assert only(SavedView).name == "Mine"
    assert client.post(f"{path}/delete").status_code == 404
