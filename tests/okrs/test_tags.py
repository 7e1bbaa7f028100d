"""Tags: words with commas between them, by which items are found together."""

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import Cycle, KeyResult, Objective, Tag
from app.okrs.tags import tag_names, tags_named
from tests.okrs.items import changes_of, make_objective, only
from tests.support.client import Client


def names() -> list[str]:
    return list(db.session.scalars(select(Tag.name).order_by(Tag.id)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("growth, Web", ["growth", "Web"]),
        (" , growth,, ", ["growth"]),
        ("Web, web, WEB", ["Web"]),
        ("long  words\there", ["long words here"]),
        ("a\u200bb", ["ab"]),
        ("", []),
        (None, []),
    ],
)
def test_commas_stand_between_tags(text: str | None, found: list[str]) -> None:
    assert tag_names(text) == found


@pytest.mark.both_databases
def test_tags_are_made_as_needed_and_shared(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    page = client.follow(client.submit(form, "Save", {"tags": "Web, growth"}))
    assert [one.text for one in page.all("p.tags .tag")] == ["growth", "Web"]
    form = client.page(f"/key-results/{key_result.id}/edit")
    page = client.follow(client.submit(form, "Save", {"tags": "GROWTH, Café"}))
    assert [one.text for one in page.all("p.tags .tag")] == ["Café", "growth"]
    assert sorted(names()) == ["Café", "Web", "growth"]
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert len(page.all(".row .tag")) == 4
    form = client.page(f"/key-results/{key_result.id}/edit")
    assert form.field("Tags").value == "Café, growth"
    assert not client.follow(client.submit(form, "Save", {"tags": ""})).all("p.tags")
    assert changes_of(key_result.measure_id) == [
        ("tags", "none", "Café, growth"),
        ("tags", "Café, growth", "none"),
    ]


def test_a_new_item_has_those_that_were_typed(client: Client, bob: Person, cycle: Cycle) -> None:
    client.sign_in(bob)
    typed = {"title": "Reach", "tags": "growth"}
    client.follow(client.submit(client.page("/objectives/new"), "Save", typed))
    assert [one.name for one in only(Objective).measure.tags] == ["growth"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (", ".join(f"tag {one}" for one in range(11)), "Use at most 10 tags."),
        ("x" * 41, "Use at most 40 characters for a tag, and commas between tags."),
        ("ΐ" * 40, "Use at most 40 characters for a tag, and commas between tags."),
    ],
)
def test_too_much_is_told_at_the_field(
    client: Client, bob: Person, objective: Objective, text: str, sentence: str
) -> None:
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    page = client.see(client.submit(form, "Save", {"tags": text}), 422)
    assert (page.error("Tags"), page.field("Tags").value, names()) == (sentence, text, [])


def test_ten_of_forty_characters_are_not_too_much(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    text = ", ".join(f"{one}{'x' * 39}" for one in range(10))
    form = client.page(f"/objectives/{objective.id}/edit")
    page = client.follow(client.submit(form, "Save", {"tags": text}))
    assert len(page.all("p.tags .tag")) == 10


def test_what_says_nothing_of_tags_leaves_them(client: Client, bob: Person, cycle: Cycle) -> None:
    objective = make_objective(bob, cycle)
    objective.measure.tags = tags_named(["growth"])
    db.session.commit()
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    client.follow(client.submit(form, "Save", {"tags": None, "title": "Reach"}))
    assert [one.name for one in only(Objective).measure.tags] == ["growth"]
    assert [what for what, *_ in changes_of(objective.measure_id)] == ["title"]


def test_tags_that_another_gave_meanwhile_stay(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    only(Objective).measure.tags = tags_named(["growth"])
    db.session.commit()
    page = client.follow(client.submit(form, "Save", {"title": "Reach"}))
    assert "Someone else changed “Tags” after you opened the form: that stays." in page.text
