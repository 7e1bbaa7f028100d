"""The explorer: what its filters leave, how it groups and sorts, what it asks of the database."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import (
    COMPANY,
    KPI,
    PERCENT,
    TEAM,
    Cycle,
    ItemOwner,
    ItemTag,
    Tag,
)
from app.teams.models import Team
from tests.okrs.abacus import AbacusSource
from tests.okrs.items import make_cycle, make_key_result, make_measure, make_objective
from tests.okrs.many import make_many
from tests.support.client import Client
from tests.support.html import Node, Page
from tests.support.sql import count_statements


@pytest.fixture
def items(app: Flask, abacus: Any, bob: Person, carol: Person, cycle: Cycle) -> dict[str, Any]:
    """Two objectives with two key results each, all told apart by every filter there is."""
    team = Team(name="Growth", key="growth")
    tag = Tag(name="Hiring", key="hiring")
    db.session.add_all([team, tag])
    db.session.commit()
    found = make_objective(bob, cycle, "People find us", level=TEAM, team_id=team.id)
    posts = make_key_result(
        found,
        bob,
        "Publish posts",
        measure=make_measure(KPI, target_value=20, value=10, unit="posts"),
    )
    talks = make_key_result(
        found, carol, "Give talks", measure=make_measure(PERCENT, value=10), description="Überall"
    )
    firm = make_objective(carol, cycle, "We last", level=COMPANY, measure=make_measure(PERCENT))
    hired = make_key_result(firm, carol, "Hire two", measure=make_measure(PERCENT, value=40))
    ended = make_key_result(firm, carol, "Rent rooms", measure=make_measure(PERCENT, value=80))
    ended.measure.ended_as, ended.measure.final_value = "closed", Fraction(80)
    db.session.add_all(
        [
            AbacusSource(measure_id=posts.measure_id, linked_by_id=bob.id),
            ItemOwner(measure_id=hired.measure_id, person_id=bob.id),
            ItemTag(measure_id=hired.measure_id, tag_id=tag.id),
        ]
    )
    db.session.commit()
    return {"team": team, "tag": tag, "talks": talks, "firm": firm}


def named_above(row: Node | Page) -> list[str]:
    """The objective that a key result names beside its own title."""
    return [one.text for one in row.all(".name .under")]


def titles(page: Page) -> list[str]:
    return [row.one(".name a").text for row in page.all(".row") if "legend" not in row.classes]


EVERYTHING = ["People find us", "Publish posts", "Give talks", "We last", "Hire two", "Rent rooms"]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", EVERYTHING),
        ("team=1", ["People find us", "Publish posts", "Give talks"]),
        ("team=company", ["We last", "Hire two", "Rent rooms"]),
        ("team=personal", []),
        ("owner=me", ["People find us", "Publish posts", "Hire two"]),
        ("owner={bob}", ["People find us", "Publish posts", "Hire two"]),
        ("owner={carol}", ["Give talks", "We last", "Hire two", "Rent rooms"]),
        ("status=on_track", ["Publish posts"]),
        ("status=at_risk", ["Give talks", "We last"]),
        ("status=late", ["People find us", "Give talks", "We last", "Hire two"]),
        ("status=closed", ["Rent rooms"]),
        ("status=open", EVERYTHING[:-1]),
        ("source=abacus", ["Publish posts"]),
        ("source=linked", ["Publish posts"]),
        ("source=none", [one for one in EVERYTHING if one != "Publish posts"]),
        ("tag=1", ["Hire two"]),
        ("text=POSTS", ["Publish posts"]),
        ("text=über", ["Give talks"]),
        ("text=u%CC%88ber", ["Give talks"]),  # the same, put together of two signs
        ("text=%25", []),
        ("owner={carol}&status=late&team=company", ["We last", "Hire two"]),
    ],
)
@pytest.mark.both_databases
def test_what_a_filter_leaves(
    client: Client,
    bob: Person,
    carol: Person,
    cycle: Cycle,
    items: dict[str, Any],
    query: str,
    left: list[str],
) -> None:
    query = query.format(bob=bob.id, carol=carol.id)
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}&group=none&{query}")
    assert titles(page) == left
    if not left:
        assert "Nothing fits" in page.text and page.link("Clear the filter")


def test_a_key_result_stands_under_its_objective_though_that_is_not_asked_for(
    client: Client, bob: Person, cycle: Cycle, items: dict[str, Any]
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}&tag=1")
    assert titles(page) == ["We last", "Hire two"]
    assert "0 objectives, 1 key result" in page.text


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort=title", sorted(EVERYTHING, key=str.casefold)),
        (
            "sort=progress",
            ["We last", "Give talks", "People find us", "Hire two", *EVERYTHING[1:2]],
        ),
        ("sort=gap", ["We last", "Give talks", "People find us", "Hire two", "Publish posts"]),
        ("sort=changed", ["Give talks"]),
        ("sort=last-day", ["Give talks"]),
    ],
)
def test_orders(
    client: Client,
    bob: Person,
    cycle: Cycle,
    items: dict[str, Any],
    query: str,
    order: list[str],
) -> None:
    items["talks"].measure.valued_at = utcnow() + timedelta(days=1)
    items["talks"].ends_on = cycle.ends_on - timedelta(days=9)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}&group=none&{query}")
    assert titles(page)[: len(order)] == order


@pytest.mark.parametrize("query", ["group=none&sort=title", "group=owner", "group=status&sort=gap"])
def test_key_results_apart_from_their_objective_name_it_also_when_shown_anew(
    client: Client, bob: Person, cycle: Cycle, items: dict[str, Any], query: str
) -> None:
    next_cycle = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    make_objective(bob, next_cycle, "Ahead")
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle=all&{query}")
    rows = {row.one(".name a").text: row for row in page.all(".row") if "id" in row}
    assert {title: named_above(row) for title, row in rows.items()} == {
        "People find us": [],
        "Publish posts": ["People find us"],
        "Give talks": ["People find us"],
        "We last": [],
        "Hire two": ["We last"],
        "Rent rooms": ["We last"],
        "Ahead": [],
    }
    for row in rows.values():
        again = client.fragment(row["data-live-url"]).one(".name")
        assert again.text == row.one(".name").text
    assert "Summer" not in rows["Ahead"].text  # what is ahead is told at home alone


def test_key_results_beneath_their_objective_do_not_name_it(
    client: Client, bob: Person, cycle: Cycle, items: dict[str, Any]
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}")
    rows = [row for row in page.all(".row") if "id" in row]
    assert [row.one(".name a").text for row in rows] == EVERYTHING
    for row in rows:
        assert named_above(row) == named_above(client.fragment(row["data-live-url"])) == []


@pytest.mark.parametrize(
    ("group", "headings"),
    [
        ("team", {"Company": 3, "Growth": 3}),
        ("owner", {"Bob Brown": 2, "Carol Clark": 4}),
        ("status", {"On track": 1, "Behind": 2, "At risk": 2, "Closed": 1}),
        ("cycle", {"Spring": 6}),
    ],
)
def test_groups_have_headings_and_counts(
    client: Client,
    bob: Person,
    cycle: Cycle,
    items: dict[str, Any],
    group: str,
    headings: dict[str, int],
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle=all&group={group}")
    found = {one.one("h2").text: one.one("span").text for one in page.all(".group")}
    assert found == {
        title: f"{count} item{'' if count == 1 else 's'}" for title, count in headings.items()
    }
    assert list(found) == list(headings)


def test_the_address_is_the_view(
    client: Client, bob: Person, cycle: Cycle, items: dict[str, Any]
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}")
    answer = client.submit(page, "Show", {"status": "late", "group": "owner", "text": "t"})
    page = client.see(answer)
    assert page.field("Status").one("option[selected]").text == "Behind or at risk"
    assert page.field("Text")["value"] == "t"
    assert page.link("Clear") == f"/okrs?cycle={cycle.id}"
    assert client.page("/okrs?status=late").link("Clear") == "/okrs"


@pytest.mark.parametrize(
    "query", ["team=x", "owner=99", "status=lost", "tag=7", "sort=x", "source=?"]
)
def test_what_is_no_filter_shows_nothing_and_says_where(
    client: Client, bob: Person, cycle: Cycle, items: dict[str, Any], query: str
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}&{query}", 422)
    assert titles(page) == [] and "needs another look" in page.text
    assert [one.text for one in page.all(".error")] == ["Choose one from the list."]


def test_private_items_are_in_no_list_count_or_group(
    client: Client, bob: Person, carol: Person, alice: Person, cycle: Cycle
) -> None:
    secret = make_objective(carol, cycle, "Sell the firm", is_private=True)
    make_key_result(secret, carol, "Find a buyer")
    for person, is_told in ((bob, False), (carol, True), (alice, True)):
        client.sign_in(person)
        for query in ("", "group=owner", "text=sell", "text=buyer&group=none", "status=at_risk"):
            page = client.page(f"/okrs?cycle={cycle.id}&{query}")
            assert bool(titles(page)) == is_told, query
            assert ("key result" in page.one("main").text.partition("Save")[0]) >= is_told
            assert ("Sell the firm" in page.html) <= is_told


def test_tags_are_offered_to_who_sees_something_that_has_them(
    client: Client, bob: Person, carol: Person, alice: Person, cycle: Cycle
) -> None:
    secret = make_objective(carol, cycle, "Sell the firm", is_private=True)
    gone = make_key_result(make_objective(carol, cycle, "We last"), carol, "Gone")
    gone.deleted_at = utcnow()
    for one, name in ((secret, "Takeover"), (gone, "Outdated")):
        one.measure.tags = [Tag(name=name, key=name.casefold())]
    db.session.commit()
    for person, offered in ((bob, []), (carol, ["Takeover"]), (alice, ["Takeover"])):
        client.sign_in(person)
        page = client.page(f"/okrs?cycle={cycle.id}")
        assert [one.text for one in page.all("select[name=tag] option")] == ["Any", *offered]


def test_three_thousand_items_take_ten_statements_and_come_in_pages(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    make_many(bob, cycle, objective_count=1000)
    client.sign_in(bob)
    path = f"/okrs?cycle={cycle.id}"
    client.page(path)
    for query in ("", "&page=15", "&status=behind&sort=gap&group=owner", "&text=7&sort=progress"):
        with count_statements() as statements:
            page = client.page(f"{path}{query}")
        assert len(statements) <= 10, statements
    page = client.page(path)
    assert "1,000 objectives, 2,000 key results, page 1 of 15" in page.text
    assert len(titles(page)) in range(200, 203)
    seen = titles(page)
    while page.all("nav[aria-label=Pages] a") and "Next" in page.one("nav[aria-label=Pages]").text:
        page = client.page(page.link("Next"))
        seen += titles(page)
    assert {one for one in seen if one.startswith("Key")} == {
        f"Key result {n}" for n in range(2000)
    }
    assert {one for one in seen if one.startswith("Obj")} == {f"Objective {n}" for n in range(1000)}
    assert "page 15 of 15" in client.page(f"{path}&page=99").text
