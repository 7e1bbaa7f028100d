"""The bin: what lies in it, taking it out, and that it is erased in the end."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import Model, db, utcnow
from app.okrs.bin import restoring
from app.okrs.bin.erasing import erase_old
from app.okrs.loading import live_measures
from app.okrs.models import (
    CLOSED,
    Change,
    CheckIn,
    Cycle,
    Evidence,
    KeyResult,
    Measure,
    Objective,
    Reading,
    SourceVersion,
    Tag,
)
from app.okrs.rollup.models import Unsettled
from app.teams.models import Team
from app.timing import Hourly
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import changes_of, count_of, make_cycle, make_key_result, make_objective
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements


def listed(page: Page) -> list[str]:
    return [row.text for row in page.all("tbody tr")]


def deleted_at(item: Objective | KeyResult) -> object:
    db.session.expire_all()
    return db.session.get_one(type(item), item.id).deleted_at


def days_ago(item: Objective | KeyResult, days: int, by: Person) -> None:
    """Let it have been deleted then."""
    there = db.session.get_one(type(item), item.id)
    there.deleted_at, there.deleted_by_id = utcnow() - timedelta(days=days), by.id
    db.session.commit()


def test_an_objective_comes_back_with_all_that_went_with_it(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, abacus: Abacus
) -> None:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/delete")
    assert "for 30 days it can be restored from the bin." in page.text
    client.submit(page, "Delete")
    page = client.page("/bin")
    (line,) = listed(page)
    assert line.startswith("People find us Objective, Spring, with 1 key result")
    assert "by Bob Brown in 29 days" in line
    page = client.follow(client.submit(page, "Restore People find us"))
    assert page.flashes[-1] == "“People find us” restored."
    assert page.h1 == "People find us" and "Publish posts" in page.text
    assert "Bob Brown restored it from the bin" in page.text
    assert set(db.session.scalars(live_measures())) == {objective.measure_id, key_result.measure_id}
    assert abacus.woken == [source.id]
    assert [what for what, *_ in changes_of(objective.measure_id)] == ["deleted", "restored"]
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["objective.deleted", "objective.restored"]
    assert "The bin is empty." in client.page("/bin").text


def test_it_counts_again_for_what_it_is_aligned_under(
    client: Client, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    above = make_objective(bob, cycle, "Grow")
    objective.parent_measure_id = above.measure_id
    db.session.commit()
    key_result = make_key_result(objective, bob)
    client.sign_in(bob)
    client.post(f"/key-results/{key_result.id}/check-in", {"value": "10"})
    figures = []
    for action in ("", "delete", "restore"):
        if action:
            client.post(f"/objectives/{objective.id}/{action}")
        figures.append(client.page(f"/objectives/{above.id}").one("#standing")["data-progress"][:2])
    assert figures == ["50", "0.", "50"]


def test_restoring_twice_does_it_once(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    client.post(f"/key-results/{key_result.id}/delete")
    client.post(f"/key-results/{key_result.id}/restore")
    page = client.follow(client.post(f"/key-results/{key_result.id}/restore"))
    assert page.flashes[-1] == "“Publish posts” was restored already."
    assert len(changes_of(key_result.measure_id)) == 2


def test_a_key_result_waits_for_its_objective(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    client.post(f"/key-results/{key_result.id}/delete")
    client.post(f"/objectives/{objective.id}/delete")
    page = client.page("/bin")
    assert "Restore its objective first." in page.text
    assert not page.named("Restore Publish posts")
    page = client.follow(client.post(f"/key-results/{key_result.id}/restore"))
    sentence = "Its objective “People find us” lies in the bin too: restore that first."
    assert page.flashes[-1] == sentence
    assert deleted_at(key_result) is not None
    client.post(f"/objectives/{objective.id}/restore")
    assert deleted_at(key_result) is not None  # it was deleted on its own
    client.post(f"/key-results/{key_result.id}/restore")
    assert deleted_at(key_result) is None


def test_nothing_open_comes_back_into_a_closed_cycle(
    client: Client, alice: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(alice)
    client.post(f"/objectives/{objective.id}/delete")
    cycle = db.session.get_one(Cycle, objective.cycle_id, populate_existing=True)
    cycle.closed_at = utcnow()
    db.session.commit()
    page = client.follow(client.post(f"/objectives/{objective.id}/restore"))
    assert page.flashes[-1].startswith("Spring is closed, and this is still open.")
    assert deleted_at(objective) is not None
    for one in (objective, key_result):
        db.session.get_one(Measure, one.measure_id).ended_as = CLOSED
    db.session.commit()
    client.post(f"/objectives/{objective.id}/restore")
    assert deleted_at(objective) is None


def test_everyone_finds_what_they_may_edit(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    team = Team(name="Web", key="web", lead=carol)
    db.session.add(team)
    db.session.commit()
    of_team = make_objective(bob, cycle, "Team’s", level="team", team_id=team.id)
    shared = make_objective(bob, cycle, "Shared")
    shared.measure.further_owners = [carol]
    hers = make_key_result(make_objective(alice, cycle, "Alice’s"), carol, "Hers")
    others = make_objective(alice, cycle, "Others", is_private=True)
    for one in (of_team, shared, hers, others):
        days_ago(one, 1, alice)
    client.sign_in(carol)
    assert sorted(line.split()[0] for line in listed(client.page("/bin"))) == [
        "Hers",
        "Shared",
        "Team’s",
    ]
    assert client.post(f"/objectives/{others.id}/restore").status_code == 404
    client.sign_in(bob)
    assert len(listed(client.page("/bin"))) == 2
    assert client.post(f"/key-results/{hers.id}/restore").status_code == 404
    client.sign_in(alice)
    assert len(listed(client.page("/bin"))) == 4
    client.sign_in(make_person("Olga Orlova", OBSERVER))
    assert client.get("/bin").status_code == 403
    assert client.post(f"/objectives/{shared.id}/restore").status_code == 403
    assert deleted_at(shared) is not None


def test_what_is_kept_no_longer_is_not_offered(
    client: Client, alice: Person, objective: Objective
) -> None:
    days_ago(objective, 31, alice)
    client.sign_in(alice)
    assert "The bin is empty." in client.page("/bin").text
    assert client.post(f"/objectives/{objective.id}/restore").status_code == 404


def test_the_page_takes_as_many_statements_for_many(
    client: Client, alice: Person, bob: Person, cycle: Cycle
) -> None:
    client.sign_in(alice)
    counts = []
    for _ in range(2):
        for _ in range(4):
            objective = make_objective(bob, cycle)
            days_ago(make_key_result(objective, bob), 2, bob)
            make_key_result(objective, bob)
            days_ago(objective, 1, alice)
        client.page("/bin")
        with count_statements() as statements:
            client.page("/bin")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


@pytest.mark.both_databases
def test_after_30_days_it_is_erased_with_all_that_hangs_on_it(
    client: Client, bob: Person, cycle: Cycle, abacus: Abacus
) -> None:
    objective, stays = make_objective(bob, cycle), make_objective(bob, cycle, "Stays")
    key_result, alone = make_key_result(objective, bob), make_key_result(stays, bob, "Alone")
    version = SourceVersion(definition={"beads": "9"})
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id, versions=[version])
    check_in = CheckIn(measure_id=key_result.measure_id, person_id=bob.id, value=Fraction(9))
    db.session.add_all([source, check_in])
    db.session.flush()
    first = Evidence(source_version_id=version.id, digest="a", payload=b"")
    db.session.add(first)
    db.session.flush()
    second = Evidence(source_version_id=version.id, digest="b", payload=b"", base_id=first.id)
    db.session.add(second)
    db.session.flush()
    reading = {"measure_id": key_result.measure_id, "series": 1, "value": Fraction(9)}
    db.session.add(Reading(check_in_id=check_in.id, **reading))
    db.session.add(Reading(source_version_id=version.id, evidence_id=second.id, **reading))
    db.session.get_one(Measure, key_result.measure_id).tags = [Tag(name="Web", key="web")]
    stays.parent_measure_id = objective.measure_id
    db.session.get_one(Measure, stays.measure_id).continues_id = objective.measure_id
    db.session.commit()
    client.sign_in(bob)
    client.post(f"/objectives/{objective.id}/delete")
    days_ago(alone, 31, bob)
    assert erase_old() == 1  # the key result alone: the other is kept for 30 days
    days_ago(objective, 31, bob)
    with client.app.app_context():
        erase_old()
    db.session.expire_all()
    assert [one.title for one in db.session.scalars(select(Objective))] == ["Stays"]
    left = db.session.scalars(select(Objective)).one()
    assert (left.parent_measure_id, left.measure.continues_id) == (None, None)
    assert count_of(Measure) == 1 and count_of(Tag) == 1
    kinds: list[type[Model]] = [KeyResult, Reading, CheckIn, Change, SourceVersion, Evidence]
    for kind in kinds:
        assert db.session.scalar(select(func.count()).select_from(kind)) == 0, kind
    assert db.session.scalars(select(AuditEntry.action)).all() == ["objective.deleted"]
    assert erase_old() == 0


@pytest.mark.both_databases
def test_what_came_back_meanwhile_is_not_erased(
    client: Client, bob: Person, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, stays = make_objective(bob, cycle, "Back"), make_objective(bob, cycle, "Stays")
    kept = [back, make_key_result(back, bob), make_key_result(stays, bob)]
    gone = make_objective(bob, cycle, "Gone")
    for one in kept:
        reading = Reading(measure_id=one.measure_id, series=1, value=Fraction(9))
        db.session.add(reading)
    for one in (back, kept[2], gone):
        days_ago(one, 31, bob)
    end_reading = db.end_reading

    def restore() -> None:
        for one in (back, kept[2]):
            db.session.get_one(type(one), one.id).deleted_at = None
        db.session.commit()
        end_reading()

    monkeypatch.setattr(db, "end_reading", restore)
    assert erase_old() == 1
    db.session.expire_all()
    titles = db.session.scalars(select(Objective.title).order_by(Objective.id))
    assert list(titles) == ["Back", "Stays"]
    assert count_of(KeyResult) == 2 and count_of(Reading) == 3


@pytest.mark.parametrize("what", ["run out", "erased"])
def test_whose_time_runs_out_while_restoring_waits_does_not_come_back(
    client: Client, bob: Person, objective: Objective, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    days_ago(objective, 29, bob)
    hold_all = restoring.hold_all

    def held(measures: list[Measure]) -> None:
        changing = update(Objective).values(deleted_at=utcnow() - timedelta(days=31))
        if what == "erased":
            db.session.execute(delete(Unsettled))
            db.session.execute(delete(Objective))
        else:
            db.session.execute(changing.execution_options(synchronize_session=False))
        hold_all(measures)

    monkeypatch.setattr(restoring, "hold_all", held)
    client.sign_in(bob)
    assert client.post(f"/objectives/{objective.id}/restore").status_code == 404


def test_the_clock_looks_once_an_hour(app: Flask) -> None:
    times: list[int] = []
    clock = Hourly(lambda: times.append(1))
    with app.app_context():
        clock.tick()
        clock.tick()
    assert times == [1]


def test_a_private_one_is_as_private_in_the_bin(client: Client, bob: Person, carol: Person) -> None:
    later = make_cycle("Later", date(2026, 5, 1), date(2026, 6, 1))
    objective = make_objective(bob, later, "Quiet", is_private=True)
    days_ago(objective, 1, bob)
    client.sign_in(carol)
    assert "Quiet" not in client.page("/bin").text
    assert client.post(f"/objectives/{objective.id}/restore").status_code == 404


@pytest.mark.parametrize("is_deleted", [True, False])
def test_leading_the_team_of_a_private_one_opens_no_bin(
    client: Client, bob: Person, carol: Person, cycle: Cycle, is_deleted: bool
) -> None:
    team = Team(name="Web", key="web", lead=carol)
    db.session.add(team)
    db.session.commit()
    quiet = make_objective(bob, cycle, "Quiet", level="team", team_id=team.id, is_private=True)
    talks = make_key_result(quiet, bob, "Talks held")
    for one in (quiet, talks) if is_deleted else ():
        days_ago(one, 1, bob)
    client.sign_in(carol)
    assert listed(client.page("/bin")) == []
    for path in (f"/objectives/{quiet.id}", f"/key-results/{talks.id}"):
        assert client.post(f"{path}/restore").status_code == 404
    assert (deleted_at(quiet) is not None) is is_deleted
    db.session.get_one(Objective, quiet.id).viewers = [db.session.get_one(Person, carol.id)]
    db.session.commit()
    assert len(listed(client.page("/bin"))) == (2 if is_deleted else 0)
    client.follow(client.post(f"/objectives/{quiet.id}/restore"))
    assert deleted_at(quiet) is None
