"""Comments: everyone who sees an item and is no observer says something of it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.comments.models import Comment
from app.okrs.models import CLOSED, Cycle, KeyResult, Objective
from tests.okrs.items import count_of, make_key_result, make_objective, only
from tests.okrs.test_item_page import entries
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements


def comment_on(client: Client, path: str, text: str) -> Page:
    answer = client.submit(client.page(path), "Add comment", {"text": text})
    return client.page(answer.headers["Location"].partition("#")[0])


@pytest.mark.parametrize("kind", ["objectives", "key-results"])
def test_whoever_sees_an_item_comments_on_it(
    client: Client, carol: Person, key_result: KeyResult, kind: str
) -> None:
    client.sign_in(carol)
    number = key_result.objective_id if kind == "objectives" else key_result.id
    page = comment_on(client, f"/{kind}/{number}", "Two more\r\n\r\nby Friday? ")
    assert page.flashes == ["Comment added."]
    assert entries(page)[0] == "Carol Clark commented Two more by Friday?"
    comment = only(Comment)
    assert (comment.text, comment.person_id) == ("Two more\n\nby Friday?", carol.id)


def test_an_item_that_has_ended_can_still_be_spoken_of(
    client: Client, carol: Person, key_result: KeyResult
) -> None:
    key_result.measure.ended_as = CLOSED
    db.session.commit()
    client.sign_in(carol)
    assert (
        "commented Well done"
        in comment_on(client, f"/key-results/{key_result.id}", "Well done").text
    )


def test_pressed_twice_it_is_said_once(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    for _ in range(2):
        assert client.submit(page, "Add comment", {"text": "Well"}).status_code == 303
    assert count_of(Comment) == 1
    comment_on(client, f"/key-results/{key_result.id}", "Well")
    assert count_of(Comment) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "Write a comment."), (" \n", "Write a comment."), ("x" * 10_001, "Use at most 10,000")],
)
def test_bad_input_is_kept(
    client: Client, bob: Person, key_result: KeyResult, text: str, sentence: str
) -> None:
    client.sign_in(bob)
    path = f"/key-results/{key_result.id}/comments"
    page = client.see(client.post(path, {"text": text}), 422)
    assert sentence in page.error("Comment")
    assert str(page.field("Comment").value).strip() == text.strip()
    assert count_of(Comment) == 0


def test_one_edits_and_deletes_ones_own(
    client: Client, carol: Person, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(carol)
    page = comment_on(client, f"/key-results/{key_result.id}", "Wel done")
    [edit, delete] = [link["href"] for link in page.one(f"#comment-{only(Comment).id}").all("a")]
    form = client.page(edit)
    assert form.field("Comment").value == "Wel done"
    assert form.one("nav a[aria-current]").text == "OKRs"
    page = client.see(client.submit(form, "Save", {"text": ""}), 422)
    assert page.error("Comment") == "Write a comment."
    answer = client.submit(form, "Save", {"text": "Well done"})
    page = client.page(answer.headers["Location"].partition("#")[0])
    assert entries(page)[0] == "Carol Clark commented (edited) Well done"
    page = client.follow(client.submit(client.page(delete), "Delete"))
    assert page.flashes == ["Comment deleted."]
    assert count_of(Comment) == 0 and "commented" not in page.one("#timeline").text
    assert client.get(edit).status_code == 404
    done = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert done == ["comment.edited", "comment.deleted"]


def test_nobody_touches_anothers_but_admins_who_delete_it(
    client: Client, carol: Person, bob: Person, alice: Person, key_result: KeyResult
) -> None:
    client.sign_in(carol)
    comment_on(client, f"/key-results/{key_result.id}", "Well done")
    number = only(Comment).id
    client.sign_in(bob)
    assert not client.page(f"/key-results/{key_result.id}").all(f"#comment-{number} a")
    for act in ("edit", "delete"):
        assert client.get(f"/comments/{number}/{act}").status_code == 403
        assert client.post(f"/comments/{number}/{act}", {"text": "x"}).status_code == 403
    client.sign_in(alice)
    assert client.post(f"/comments/{number}/edit", {"text": "x"}).status_code == 403
    client.follow(client.submit(client.page(f"/comments/{number}/delete"), "Delete"))
    assert count_of(Comment) == 0
    entry = db.session.scalars(select(AuditEntry)).one()
    assert entry.detail["comment_of"] == "Carol Clark"


def test_observers_and_outsiders_say_nothing(
    client: Client, carol: Person, bob: Person, cycle: Cycle
) -> None:
    private = make_key_result(make_objective(bob, cycle, is_private=True), bob)
    seen = make_objective(bob, cycle)
    client.sign_in(carol)
    assert client.post(f"/key-results/{private.id}/comments", {"text": "x"}).status_code == 404
    client.sign_in(make_person("Olga Orlova", OBSERVER))
    assert not client.page(f"/objectives/{seen.id}").named("Add comment")
    assert client.post(f"/objectives/{seen.id}/comments", {"text": "x"}).status_code == 403
    assert count_of(Comment) == 0


def test_what_one_may_see_no_more_is_edited_no_more(
    client: Client, carol: Person, bob: Person, objective: Objective
) -> None:
    client.sign_in(carol)
    comment_on(client, f"/objectives/{objective.id}", "Well done")
    objective = db.session.get_one(Objective, objective.id)
    objective.is_private = True
    db.session.commit()
    for act in ("edit", "delete"):
        assert client.get(f"/comments/{only(Comment).id}/{act}").status_code == 404


def test_comments_and_check_ins_are_one_list_and_cost_one_statement(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    path = f"/key-results/{key_result.id}"
    client.page(path)
    with count_statements() as without:
        client.page(path)
    moment = datetime(2026, 2, 1, 12, tzinfo=UTC)
    db.session.add(
        Comment(measure_id=key_result.measure_id, person_id=bob.id, text="First", made_at=moment)
    )
    db.session.commit()
    client.post(f"{path}/check-in", {"note": "Second"})
    comment_on(client, path, "Third")
    client.page(path)
    with count_statements() as several:
        page = client.page(path)
    assert entries(page) == [
        "Bob Brown commented Third",
        "Bob Brown checked in Second",
        "Bob Brown commented First",
    ]
    assert len(several) == len(without)


def test_what_is_typed_outlives_new_figures(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    assert not page.one("#standing").all("textarea") and not page.one("#timeline").all("textarea")
    part = client.fragment(f"/key-results/{key_result.id}/standing")
    assert part.one("#timeline")["hx-swap-oob"] == "outerHTML"
    assert not part.all("textarea")
