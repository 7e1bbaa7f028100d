"""What gives how much: the explanation on an objective's page, and the form of shares."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.models import CLOSED, PERCENT, POSTPONED, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import settle
from tests.okrs.items import (
    LAST_DAY,
    changes_of,
    given_readings,
    make_cycle,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements


def part(objective: Objective, owner: Person, title: str, value: int, **more: Any) -> KeyResult:
    return make_key_result(
        objective, owner, title, measure=make_measure(PERCENT, value=value, **more)
    )


@pytest.fixture
def three(objective: Objective, bob: Person) -> list[KeyResult]:
    """Key results at 90, 60 and 0 percent."""
    titled = {"Write": 90, "Print": 60, "Post": 0}
    return [part(objective, bob, title, value) for title, value in titled.items()]


def sum_on(page: Page) -> list[list[str]]:
    """The lines of the sum, cell by cell."""
    rows = page.all("#contributions tbody tr")
    return [[cell.text for cell in row.children if not isinstance(cell, str)] for row in rows]


def path(objective: Objective) -> str:
    return f"/objectives/{objective.id}"


def shares_of(objective: Objective) -> list[Fraction | None]:
    db.session.remove()
    query = select(KeyResult.share).where(KeyResult.objective_id == objective.id)
    return list(db.session.scalars(query.order_by(KeyResult.id)))


def progress_of(objective: Objective) -> Fraction | None:
    settle()
    db.session.remove()
    return db.session.scalar(select(Measure.value).where(Measure.id == objective.measure_id))


def test_an_objective_tells_what_gives_how_much(
    client: Client, carol: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(carol)
    page = client.page(path(objective))
    assert page.one("#standing")["data-progress"] == "50.000000"
    assert sum_on(page) == [
        ["Write", "90 %", "33.3 %", "30"],
        ["Print", "60 %", "33.3 %", "20"],
        ["Post", "0 %", "33.3 %", "0"],
        ["Together", "", "100 %", "50"],
    ]
    assert "What gives how much to this objective's 50 %." in page.text
    links = [one["href"] for one in page.all("#contributions a")]
    assert links == [f"/key-results/{one.id}" for one in three]


def test_the_figure_in_a_list_leads_to_its_explanation(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    row = client.page(f"/okrs?cycle={cycle.id}").one(f"#objective-row-{objective.id}")
    assert row.one(".pct a")["href"] == f"{path(objective)}#contributions"
    assert not client.page(f"/key-results/{three[0].id}").all("#contributions")


def test_the_sum_says_what_ended_and_what_is_out_of_bounds(
    client: Client, bob: Person, objective: Objective
) -> None:
    part(objective, bob, "Done", 5, ended_as=CLOSED, final_value=Fraction(80))
    part(objective, bob, "Later", 70, ended_as=POSTPONED)
    part(objective, bob, "More than enough", 130)
    part(objective, bob, "Worse than before", -20)
    client.sign_in(bob)
    page = client.page(path(objective))
    assert sum_on(page) == [
        ["Done closed, with its final progress", "80 %", "33.3 %", "26.7"],
        ["More than enough counts as 100 %", "130 %", "33.3 %", "33.3"],
        ["Worse than before counts as 0 %", "-20 %", "33.3 %", "0"],
        ["Together", "", "100 %", "60"],
    ]
    assert "Later: postponed, so it is left out." in page.text


def test_aligned_objectives_count_too(
    client: Client, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    part(objective, bob, "Write", 90)
    below = make_objective(bob, cycle, "Be read", parent_measure_id=objective.measure_id)
    part(below, bob, "Win readers", 40)
    client.sign_in(bob)
    page = client.page(path(objective))
    assert sum_on(page) == [
        ["Write", "90 %", "50 %", "45"],
        ["Be read", "40 %", "50 %", "20"],
        ["Together", "", "100 %", "65"],
    ]
    assert page.all("#contributions a")[-1]["href"] == path(below)


def test_what_is_more_private_counts_for_nothing_and_is_named_to_those_who_see_it(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle, objective: Objective
) -> None:
    part(objective, bob, "Write", 90)
    hidden = make_objective(
        bob, cycle, "Secret", parent_measure_id=objective.measure_id, is_private=True
    )
    part(hidden, bob, "Hush", 10)
    for person, sees_it in ((alice, True), (bob, True), (carol, False)):
        client.sign_in(person)
        page = client.page(path(objective))
        assert page.one("#standing")["data-progress"] == "90.000000"
        assert ("Secret" in page.text) is sees_it
        assert ("private, so it counts only where nobody else sees the sum" in page.text) is sees_it


def test_under_one_that_is_as_private_it_counts(client: Client, bob: Person, cycle: Cycle) -> None:
    above = make_objective(bob, cycle, is_private=True)
    hidden = make_objective(
        bob, cycle, "Secret", parent_measure_id=above.measure_id, is_private=True
    )
    part(hidden, bob, "Hush", 10)
    client.sign_in(bob)
    assert sum_on(client.page(path(above)))[0] == ["Secret", "10 %", "100 %", "10"]


def test_a_closed_objective_keeps_what_it_was_closed_with(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    settle()
    measure = db.session.get_one(Measure, objective.measure_id)
    measure.ended_as, measure.final_value = CLOSED, Fraction(75)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(path(objective))
    assert page.one("#standing")["data-progress"] == "75.000000"
    assert "The objective ended with 75 %." in page.text
    page = client.follow(client.get(f"{path(objective)}/contributions"))
    assert page.flashes == ["This objective is closed, so it stays as it is. Reopen it first."]
    data = {f"share-{three[0].measure_id}": "100"}
    client.follow(client.post(f"{path(objective)}/contributions", data | {"seen": "x"}))
    client.follow(client.post(f"{path(objective)}/contributions/reset"))
    assert shares_of(objective) == [None, None, None]


def test_one_with_a_measure_of_its_own_has_no_contributions(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    objective = make_objective(bob, cycle, measure=make_measure(PERCENT, value=80))
    part(objective, bob, "Write", 30)
    part(objective, bob, "Print", 70, ended_as=POSTPONED)
    client.sign_in(bob)
    page = client.page(path(objective))
    [mean] = [one for one in page.all(".facts div") if one.one("dt").text.startswith("Mean")]
    assert mean.one("dd").text == "30 %" and not page.all("#contributions")
    assert client.get(f"{path(objective)}/contributions").status_code == 404
    assert client.post(f"{path(objective)}/contributions").status_code == 404
    assert client.post(f"{path(objective)}/contributions/reset").status_code == 404


def test_fixing_a_share(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(client.page(path(objective)).link("Edit shares"))
    assert [page.field(one.title).value for one in three] == ["", "", ""]
    page = client.follow(client.submit(page, "Save", {f"share-{three[0].measure_id}": " 50 "}))
    assert page.flashes == ["Shares saved."]
    assert sum_on(page) == [
        ["Write fixed share", "90 %", "50 %", "45"],
        ["Print", "60 %", "25 %", "15"],
        ["Post", "0 %", "25 %", "0"],
        ["Together", "", "100 %", "60"],
    ]
    assert shares_of(objective) == [50, None, None]
    edit = ("equal parts", "50 % Write, the rest in equal parts")
    assert changes_of(objective.measure_id) == [("shares", *edit)]
    assert f"Bob Brown changed the shares: {edit[0]} → {edit[1]}" in page.text
    entry = db.session.scalars(select(AuditEntry)).all()[-1]
    assert (entry.action, entry.thing_name) == ("objective.edited", objective.title)
    page = client.page(f"{path(objective)}/contributions")
    assert [page.field(one.title).value for one in three] == ["50", "", ""]
    page = client.follow(client.submit(page, "Reset to equal"))
    assert page.flashes == ["All shares are equal again."]
    assert shares_of(objective) == [None, None, None]
    assert progress_of(objective) == 50


def test_what_is_private_stays_unnamed_once_more_people_see_the_sum(
    client: Client, bob: Person, carol: Person, cycle: Cycle
) -> None:
    above = make_objective(bob, cycle, is_private=True)
    below = {"parent_measure_id": above.measure_id, "is_private": True}
    first, second = (make_objective(bob, cycle, title, **below) for title in ("Secret", "Hush"))
    client.sign_in(bob)
    for fixed, free in ((first, second), (second, first)):
        page = client.page(f"{path(above)}/contributions")
        typed = {f"share-{fixed.measure_id}": "50", f"share-{free.measure_id}": ""}
        client.follow(client.submit(page, "Save", typed))
    words = "50 % a private objective, the rest in equal parts"
    edits = [("shares", "equal parts", words), ("shares", words, words)]
    assert changes_of(above.measure_id) == edits
    said = [one.detail["changed"] for one in db.session.scalars(select(AuditEntry))]
    assert said[-2:] == [
        ["shares: equal parts → 50 % Secret, the rest in equal parts"],
        ["shares: 50 % Secret, the rest in equal parts → 50 % Hush, the rest in equal parts"],
    ]
    db.session.get_one(Objective, above.id).is_private = False
    db.session.commit()
    client.sign_in(carol)
    page = client.page(path(above))
    assert words in page.text
    assert "Secret" not in page.html and "Hush" not in page.html


@pytest.mark.parametrize(
    ("typed", "at", "sentence"),
    [
        (["half", "", ""], "Write", "Write a number, such as 20 or 1,200.5."),
        (["-1", "", ""], "Write", "Give a share from 0 to 100 %."),
        (["100.000001", "", ""], "Write", "Give a share from 0 to 100 %."),
        (
            ["60", "50", ""],
            "Print",
            "With this the fixed shares come to 110 %. Together they may be 100 % at most.",
        ),
        (
            ["33.3", "33.3", "33.3"],
            "Post",
            "All shares are fixed and come to 99.9 %. Bring them to 100 %, or leave one empty: it "
            "gets the rest.",
        ),
    ],
)
def test_shares_that_cannot_be_are_refused(
    client: Client,
    bob: Person,
    objective: Objective,
    three: list[KeyResult],
    typed: list[str],
    at: str,
    sentence: str,
) -> None:
    client.sign_in(bob)
    names = [f"share-{one.measure_id}" for one in three]
    page = client.page(f"{path(objective)}/contributions")
    data = dict(zip(names, typed, strict=True))
    page = client.see(client.submit(page, "Save", data), 422)
    assert page.error(at) == sentence
    assert [page.field(one.title).value for one in three] == typed
    assert shares_of(objective) == [None, None, None]
    assert not changes_of(objective.measure_id)


@pytest.mark.parametrize(
    ("typed", "progress"),
    [
        (["0", "", ""], 30),
        (["0", "100", "0"], 60),
        (["0", "0", "0"], 0),
        (["50", "30", "20"], 63),
        (["33.33", "33.33", "33.34"], Fraction(499950, 10000)),
    ],
)
def test_shares_that_can_be(
    client: Client,
    bob: Person,
    objective: Objective,
    three: list[KeyResult],
    typed: list[str],
    progress: Fraction,
) -> None:
    client.sign_in(bob)
    page = client.page(f"{path(objective)}/contributions")
    names = [f"share-{one.measure_id}" for one in three]
    data = dict(zip(names, typed, strict=True))
    page = client.follow(client.submit(page, "Save", data))
    assert progress_of(objective) == progress
    if progress == 0:
        assert page.one("#standing")["data-status"] == "not_started"
        assert "Every share is 0 %, so it is as if nothing were here." in page.text


def test_a_newcomer_gets_nothing_of_fixed_shares_and_is_told_so(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    for one, share in zip(three, (50, 30, 20), strict=True):
        db.session.get_one(KeyResult, one.id).share = Fraction(share)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/key-results/{three[2].id}/delete")
    page = client.follow(client.submit(page, "Delete"))
    assert [line[2] for line in sum_on(page)] == ["62.5 %", "37.5 %", "100 %"]
    page = client.page(f"{path(objective)}/contributions")
    assert [page.field(one).value for one in ("Write", "Print")] == ["62.5", "37.5"]
    page = client.page(f"{path(objective)}/key-results/new")
    page = client.follow(client.submit(page, "Save", {"title": "Late"}))
    assert page.flashes == [
        "Key result created.",
        "It contributes 0 % for now: the other shares are fixed and take 100 %. Change them at its "
        "objective.",
    ]
    page = client.page(path(objective))
    assert [line[2] for line in sum_on(page)] == ["62.5 %", "37.5 %", "0 %", "100 %"]
    assert "The fixed shares take 100 %, so what came later gives nothing." in page.text
    assert shares_of(objective)[:2] == [Fraction("62.5"), Fraction("37.5")]


def test_of_two_who_edit_shares_the_later_one_is_told(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    name = f"share-{three[0].measure_id}"
    first = client.page(f"{path(objective)}/contributions")
    second = client.page(f"{path(objective)}/contributions")
    client.follow(client.submit(first, "Save", {name: "40"}))
    page = client.see(client.submit(second, "Save", {name: "70"}), 422)
    assert page.error("Write").startswith("You changed this to “40”")
    assert page.field("Write").value == "70"
    assert shares_of(objective)[0] == 40
    client.follow(client.submit(page, "Save"))
    assert shares_of(objective)[0] == 70


def test_a_part_that_came_meanwhile_is_shown_before_anything_is_saved(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(f"{path(objective)}/contributions")
    part(objective, bob, "Late", 0)
    page = client.see(
        client.submit(page, "Save", {f"share-{one.measure_id}": "30" for one in three}), 422
    )
    assert page.field("Late").value == "" and page.field("Write").value == "30"
    client.follow(client.submit(page, "Save"))
    assert shares_of(objective) == [30, 30, 30, None]


def test_only_who_may_edit_the_objective_changes_shares(
    client: Client, alice: Person, bob: Person, carol: Person, objective: Objective
) -> None:
    one = part(objective, carol, "Write", 90)
    observer = make_person("Otto Orr", OBSERVER)
    for person, status in ((carol, 403), (observer, 403), (alice, 200), (bob, 200)):
        client.sign_in(person)
        answer = client.get(f"{path(objective)}/contributions")
        assert answer.status_code == status
        if status == 403:
            data = {f"share-{one.measure_id}": "0"}
            assert client.post(f"{path(objective)}/contributions", data).status_code == 403
            assert client.post(f"{path(objective)}/contributions/reset").status_code == 403
    assert shares_of(objective) == [None]
    assert client.get("/objectives/999/contributions").status_code == 404


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_asks_the_same_of_the_database_however_much_contributes(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, count: int
) -> None:
    for number in range(count):
        part(objective, bob, f"Part {number}", number)
        make_objective(bob, cycle, f"Below {number}", parent_measure_id=objective.measure_id)
    client.sign_in(bob)
    client.page(path(objective))
    with count_statements() as statements:
        assert len(sum_on(client.page(path(objective)))) == 2 * count + 1
    assert len(statements) <= 15, statements


def test_no_reading_is_made_by_a_change_of_shares_alone(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(f"{path(objective)}/contributions")
    client.follow(client.submit(page, "Save", {f"share-{three[0].measure_id}": "100"}))
    assert not given_readings()


def test_other_cycles_do_not_matter(client: Client, bob: Person, objective: Objective) -> None:
    later = make_cycle("Year", LAST_DAY, LAST_DAY.replace(year=2027))
    below = make_objective(bob, later, "Be read", parent_measure_id=objective.measure_id)
    part(below, bob, "Win readers", 40)
    assert progress_of(objective) == 40


def test_an_objective_that_is_aligned_later_is_a_newcomer_too(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, three: list[KeyResult]
) -> None:
    for one, share in zip(three, (40, 40, 0), strict=True):
        db.session.get_one(KeyResult, one.id).share = Fraction(share)
    below = make_objective(bob, cycle, "Be read")
    part(below, bob, "Win readers", 100)
    client.sign_in(bob)
    page = client.page(f"/objectives/{below.id}/edit")
    client.follow(client.submit(page, "Save", {"parent": str(objective.measure_id)}))
    page = client.page(path(objective))
    assert [line[2] for line in sum_on(page)] == ["50 %", "50 %", "0 %", "0 %", "100 %"]
    assert page.one("#standing")["data-progress"] == "75.000000"
