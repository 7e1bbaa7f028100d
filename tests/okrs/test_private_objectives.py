"""Private objectives: who sees them where, who does not, and how that is chosen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.integrations import MeasureWish
from app.okrs.loading import is_visible
from app.okrs.models import Change, CheckIn, Cycle, KeyResult, Objective, ObjectiveViewer
from app.okrs.rollup.settling import settle
from app.okrs.sight import sees
from tests.okrs.abacus import AbacusForm
from tests.okrs.items import changes_of, count_of, make_key_result, make_objective
from tests.okrs.private import PART_TITLE, ROLES, SEERS, TITLE, Private, make_private
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements

SEEN = {"outsider": 404} | dict.fromkeys(SEERS, 200)
EDITED = SEEN | {"viewer": 403, "observer": 403, "part owner": 403}
PART_EDITED = EDITED | {"part owner": 200}
PAGES = {
    "/objectives/{o}": SEEN,
    "/objectives/{o}/standing": SEEN,
    "/objectives/{o}/row": SEEN,
    "/key-results/{k}": SEEN,
    "/key-results/{k}/standing": SEEN,
    "/key-results/{k}/row": SEEN,
    "/objectives/{o}/edit": EDITED,
    "/objectives/{o}/delete": EDITED,
    "/objectives/{o}/check-in": EDITED,
    "/objectives/{o}/key-results/new": EDITED,
    "/key-results/{k}/edit": PART_EDITED,
    "/key-results/{k}/delete": PART_EDITED,
    "/key-results/{k}/check-in": PART_EDITED,
}
CHANGES = [path for path, answers in PAGES.items() if answers is not SEEN]
EDIT = "/objectives/{o}/edit"


@pytest.fixture
def private(alice: Person, bob: Person, carol: Person, cycle: Cycle) -> Private:
    return make_private(alice, bob, carol, cycle)


def reloaded(objective: Objective) -> Objective:
    return db.session.get_one(Objective, objective.id, populate_existing=True)


def without_token(answer: Any) -> str:
    return Page(answer.text).text


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_each_as_written(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    for path, answers in PAGES.items():
        for htmx in (False, True):
            answer = client.get(private.path(path), htmx=htmx)
            assert answer.status_code == answers[role], path
            says_title = TITLE in answer.text or PART_TITLE in answer.text
            # The part of a key result's page that follows its figures does not name it.
            assert says_title == (answers[role] == 200 and path != "/key-results/{k}/standing")


def test_what_is_hidden_answers_as_what_is_not_there(client: Client, private: Private) -> None:
    client.sign_in(private.cast["outsider"])
    for path in PAGES:
        hidden, missing = private.path(path), path.format(o=4711, k=4711)
        for method in ("GET", "POST"):
            answers = [
                client.send(method, one, data={"csrf_token": client.token(), "step": "save"})
                for one in (hidden, missing)
            ]
            assert answers[0].status_code == answers[1].status_code, path
            assert without_token(answers[0]) == without_token(answers[1])


@pytest.mark.parametrize("role", ["outsider", "viewer", "observer"])
def test_nobody_changes_it_without_the_right(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    for path in CHANGES:
        typed = {"title": "Mine", "note": "Mine", "step": "save", "visibility": "everyone"}
        answer = client.post(private.path(path), typed)
        assert answer.status_code == PAGES[path][role], path
    assert (count_of(CheckIn), count_of(Change), count_of(AuditEntry)) == (0, 0, 0)
    assert reloaded(private.objective).is_private
    titles = db.session.scalars(select(KeyResult.title)).all()
    assert (titles, private.objective.deleted_at) == ([PART_TITLE], None)


@pytest.mark.both_databases
@pytest.mark.parametrize("role", ROLES)
def test_lists_and_counts_hold_it_for_those_who_see_it(
    client: Client, private: Private, role: str, cycle: Cycle
) -> None:
    make_objective(private.cast["owner"], cycle, "For everyone")
    client.sign_in(private.cast[role])
    is_seen = role in SEERS
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert (TITLE in page.html, PART_TITLE in page.html) == (is_seen, is_seen)
    rows = page.all(".row.head") + page.all(".row.kr")
    assert len(rows) == (3 if is_seen else 1)
    assert ("2 objectives, 1 key result" in page.text) == is_seen
    assert ("1 objective, 0 key results" in page.text) == (not is_seen)
    cycles = client.page("/cycles")
    line = next(one for one in cycles.all("tbody tr") if "Spring" in one.text)
    assert line.one("td.n").text == ("2" if is_seen else "1")


@pytest.mark.parametrize("role", ROLES)
def test_home_shows_what_is_ones_own(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    page = client.page("/")
    titles = [link.text for link in page.all(".row .name a")]
    assert (TITLE in titles) == (role == "owner")
    assert (PART_TITLE in titles) == (role == "part owner")
    # Whose key result it is, sees the objective too; it stands beneath the title.
    assert (TITLE in page.html) == (role in ("owner", "part owner"))


@pytest.mark.both_databases
@pytest.mark.parametrize("role", ROLES)
def test_open_pages_are_told_of_it_if_they_may_show_it(
    client: Client, private: Private, role: str, abacus: Any
) -> None:
    client.sign_in(private.cast[role])
    measures = f"{private.objective.measure_id},{private.key_result.measure_id}"
    found = client.get(f"/live?measures={measures}").json
    assert sorted(found) == (sorted(measures.split(",")) if role in SEERS else [])


@pytest.mark.both_databases
def test_the_filter_and_the_rule_of_the_forms_agree(private: Private, cycle: Cycle) -> None:
    everyones = make_objective(private.cast["owner"], cycle)
    for person in private.cast.values():
        for objective in (private.objective, everyones):
            query = select(Objective.id).where(Objective.id == objective.id, is_visible(person))
            found = db.session.scalars(query).all()
            assert bool(found) == sees(person, objective)
            assert len(found) <= 1, "a viewer must not multiply rows"


def test_what_turns_private_is_gone_from_an_open_page(
    client: Client, objective: Objective, key_result: KeyResult, carol: Person
) -> None:
    client.sign_in(carol)
    measures = f"{objective.measure_id},{key_result.measure_id}"
    standing = client.page(f"/objectives/{objective.id}").one("#standing")["data-live-url"]
    assert len(client.get(f"/live?measures={measures}").json) == 2
    reloaded(objective).is_private = True
    db.session.commit()
    assert client.get(f"/live?measures={measures}").json == {}
    assert client.get(standing, htmx=True).status_code == 404
    assert client.get(f"/key-results/{key_result.id}/row", htmx=True).status_code == 404
    typed = {"title": "Mine", "step": "save"}
    assert client.post(f"/key-results/{key_result.id}/edit", typed).status_code == 404


def test_signing_in_leads_a_stranger_to_nothing(client: Client, private: Private) -> None:
    address = private.path("/objectives/{o}")
    answer = client.get(address)
    assert TITLE not in answer.text
    client.sign_in(private.cast["outsider"])
    page = client.page(address, 404)
    assert TITLE not in page.html


@pytest.mark.parametrize("role", SEERS)
def test_it_is_marked_and_says_who_sees_it(
    client: Client, private: Private, role: str, cycle: Cycle
) -> None:
    client.sign_in(private.cast[role])
    said = "Private: only its {}owner, Kim Kay, Otto Orr, Vera Voss and admins see it."
    page = client.page(private.path("/objectives/{o}"))
    assert page.one("p.private").text == said.format("")
    assert [one.text for one in page.all(".row .private")] == ["Private"]
    page = client.page(private.path("/key-results/{k}"))
    assert page.one("p.private").text == said.format("objective's ")
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert len(page.all(".row .private")) == 2


def test_what_everyone_sees_bears_no_mark(
    client: Client, objective: Objective, key_result: KeyResult, carol: Person
) -> None:
    client.sign_in(carol)
    for path in (f"/objectives/{objective.id}", f"/key-results/{key_result.id}"):
        assert not client.page(path).all(".private")


def test_the_mark_costs_no_statement_a_row(
    client: Client, private: Private, cycle: Cycle, carol: Person
) -> None:
    client.sign_in(private.cast["viewer"])
    path = f"/okrs?cycle={cycle.id}"
    client.page(path)
    with count_statements() as few:
        client.page(path)
    for number in range(5):
        one = make_objective(carol, cycle, f"More {number}", is_private=True)
        one.viewers = [private.cast["viewer"], private.cast["observer"]]
        make_key_result(one, carol)
    db.session.commit()
    settle()
    with count_statements() as many:
        page = client.page(path)
    assert len(page.all(".row .private")) == 12
    assert len(many) == len(few)


@pytest.fixture
def otto(bob: Person) -> Person:
    return make_person("Otto Orr", OBSERVER)


def test_a_new_objective_is_for_everyone_unless_its_maker_says_otherwise(
    client: Client, bob: Person, carol: Person, otto: Person, dave: Person
) -> None:
    client.sign_in(bob)
    page = client.page("/objectives/new")
    assert "checked" in page.field("Everyone")
    labels = [one.text for one in page.all(".private-only label")]
    assert labels == ["Bob Brown", "Carol Clark", "Otto Orr"]
    typed = {"title": TITLE, "visibility": "people", "viewers": [str(carol.id), str(otto.id)]}
    page = client.follow(client.submit(page, "Save", typed))
    said = "Private: only its owner, Carol Clark, Otto Orr and admins see it."
    assert page.one("p.private").text == said
    for person in (carol, otto):
        client.sign_in(person)
        assert client.page(page.path).h1 == TITLE


def test_what_was_chosen_stays_in_the_form(client: Client, bob: Person, carol: Person) -> None:
    client.sign_in(bob)
    typed = {"visibility": "people", "viewers": str(carol.id)}
    page = client.see(client.submit(client.page("/objectives/new"), "Save", typed), 422)
    assert "checked" in page.field("Only chosen people")
    assert "checked" in page.field("Carol Clark")
    assert "checked" not in page.field("Bob Brown")


def test_without_anyone_chosen_its_owner_and_admins_see_it(
    client: Client, bob: Person, carol: Person, alice: Person
) -> None:
    client.sign_in(bob)
    typed = {"title": TITLE, "visibility": "people"}
    page = client.follow(client.submit(client.page("/objectives/new"), "Save", typed))
    assert page.one("p.private").text == "Private: only its owner and admins see it."
    for person, status in ((carol, 404), (alice, 200)):
        client.sign_in(person)
        assert client.get(page.path).status_code == status


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"visibility": "nobody"}, "Choose who can see it."),
        ({"visibility": "people", "viewers": "4711"}, "Choose from the list."),
        ({"visibility": "people", "viewers": "x"}, "Choose from the list."),
        ({"visibility": "people", "viewers": "9" * 30}, "Choose from the list."),
    ],
)
def test_what_no_form_offers_is_refused(
    client: Client, bob: Person, typed: dict[str, str], sentence: str
) -> None:
    client.sign_in(bob)
    page = client.page("/objectives/new")
    page = client.see(client.submit(page, "Save", {"title": TITLE} | typed), 422)
    assert [one.text for one in page.all("#who-sees .error")] == [sentence]
    assert count_of(Objective) == 0


def test_someone_deactivated_can_not_be_added_but_stays(
    client: Client, private: Private, dave: Person
) -> None:
    client.sign_in(private.cast["owner"])
    form = client.page(private.path(EDIT))
    chosen = [*form.form_with("Save").values()["viewers"], str(dave.id)]
    page = client.see(client.submit(form, "Save", {"viewers": chosen}), 422)
    assert page.one("#viewers-errors").text == "Choose from the list."
    stored = reloaded(private.objective)
    stored.viewers = [*stored.viewers, db.session.get_one(Person, dave.id)]
    db.session.commit()
    page = client.page(private.path(EDIT))
    assert "checked" in page.field("Dave Dunn (deactivated)")
    client.follow(client.submit(page, "Save"))
    assert dave.id in [one.id for one in reloaded(private.objective).viewers]


@pytest.fixture
def entries(private: Private) -> Iterator[Any]:
    def told() -> list[tuple[str, dict[str, Any]]]:
        found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(one.action, one.detail) for one in found]

    yield told


def test_another_choice_stands_in_the_timeline_and_the_log(
    client: Client, private: Private, entries: Any
) -> None:
    client.sign_in(private.cast["owner"])
    path, measure_id = private.path("/objectives/{o}"), private.objective.measure_id
    before = "its owner, Kim Kay, Otto Orr, Vera Voss and admins"
    now = "its owner, Kim Kay and admins"
    kim = str(private.cast["part owner"].id)

    def save(**typed: Any) -> str:
        client.follow(client.submit(client.page(f"{path}/edit"), "Save", typed))
        return client.page(path).all(".timeline li div")[0].text

    assert save(viewers=kim) == f"Bob Brown changed who sees it: {before} → {now}"
    assert save(visibility="everyone") == "Bob Brown made it visible to everyone"
    assert reloaded(private.objective).viewers == []
    said = save(visibility="people", viewers=kim)
    assert said == f"Bob Brown made it private: only {now} see it"
    assert changes_of(measure_id) == [
        ("viewers", before, now),
        ("viewers", now, "everyone"),
        ("viewers", "everyone", now),
    ]
    assert entries() == [
        ("objective.shared", {"before": before, "after": now}),
        ("objective.shared", {"before": now, "after": "everyone"}),
        ("objective.shared", {"before": "everyone", "after": now}),
    ]


def test_saving_what_says_nothing_of_it_changes_nothing_of_it(
    client: Client, private: Private
) -> None:
    client.sign_in(private.cast["owner"])
    form = client.page(private.path(EDIT))
    client.follow(client.submit(form, "Save", {"visibility": None, "viewers": None}))
    stored = reloaded(private.objective)
    assert (stored.is_private, len(stored.viewers)) == (True, 3)
    assert changes_of(stored.measure_id) == []


def test_whoever_owns_a_key_result_has_to_see_its_objective(
    client: Client, private: Private, alice: Person
) -> None:
    client.sign_in(private.cast["owner"])
    form, vera = client.page(private.path(EDIT)), private.cast["viewer"]
    page = client.see(client.submit(form, "Save", {"viewers": str(vera.id)}), 422)
    said = "Kim Kay owns a key result of it, and so has to see it."
    assert page.one("#viewers-errors").text == said
    make_key_result(private.objective, vera, "Offers made")
    make_key_result(private.objective, alice, "Letters sent")  # an admin sees it anyway
    page = client.see(client.submit(form, "Save", {"viewers": None}), 422)
    said = "Kim Kay and Vera Voss own key results of it, and so have to see it."
    assert page.one("#viewers-errors").text == said
    assert len(reloaded(private.objective).viewers) == 3


def test_handing_it_over_leaves_its_old_owner_out_unless_chosen(
    client: Client, private: Private
) -> None:
    """What is handed over is the new owner's: who else sees it is chosen, never assumed."""
    client.sign_in(private.cast["owner"])
    form, vera = client.page(private.path(EDIT)), private.cast["viewer"]
    page = client.follow(client.submit(form, "Save", {"owner": str(vera.id)}))
    said = "Objective saved. It is no longer yours, and you are not among those who see it."
    assert page.flashes == [said]
    assert TITLE not in page.html
    assert client.get(private.path("/objectives/{o}")).status_code == 404


def test_a_key_result_goes_to_someone_who_sees_its_objective(
    client: Client, private: Private, carol: Person
) -> None:
    client.sign_in(private.cast["owner"])
    said = (
        "Carol Clark can't see this private objective. Choose someone who can, or first add them "
        "to those who can see the objective."
    )
    typed = {"title": "Offers made", "owner": str(carol.id)}
    for path in ("/objectives/{o}/key-results/new", "/key-results/{k}/edit"):
        form = client.page(private.path(path))
        page = client.see(client.submit(form, "Save", typed), 422)
        assert page.error("Owner") == said
        vera = str(private.cast["viewer"].id)
        client.follow(client.submit(form, "Save", typed | {"owner": vera}))
    assert {one.owner_id for one in db.session.scalars(select(KeyResult))} == {
        private.cast["viewer"].id
    }


def test_observers_can_not_be_made_owners(client: Client, private: Private) -> None:
    client.sign_in(private.cast["owner"])
    page = client.page(private.path("/key-results/{k}/edit"))
    assert "Otto Orr" not in page.field("Owner").options


def test_two_who_decide_at_once_do_not_undo_each_other(client: Client, private: Private) -> None:
    client.sign_in(private.cast["owner"])
    form = client.page(private.path(EDIT))
    stored = reloaded(private.objective)
    stored.viewers = [one for one in stored.viewers if one.name != "Vera Voss"]
    db.session.commit()
    page = client.follow(client.submit(form, "Save", {"title": "Hire"}))
    assert "changed “Chosen people” after you opened the form: that stays." in page.text
    kept = reloaded(private.objective)
    assert kept.title == "Hire" and "Vera Voss" not in [one.name for one in kept.viewers]


def test_observers_are_offered_nothing_that_changes(
    client: Client, private: Private, cycle: Cycle
) -> None:
    client.sign_in(private.cast["observer"])
    for path in ("/", f"/okrs?cycle={cycle.id}", "/objectives/{o}", "/key-results/{k}"):
        page = client.page(private.path(path))
        for name in ("New objective", "New key result", "Edit", "Delete", "Check in", "Refresh"):
            assert not page.named(name), path


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Callable[[Connection], object]) -> None:
    """What someone else saves while the form waits for its data source."""
    validate = AbacusForm.validate

    def wait(form: AbacusForm, wish: MeasureWish) -> bool:
        is_valid = validate(form, wish)
        with db.engine.begin() as connection:
            change(connection)
        return is_valid

    monkeypatch.setattr(AbacusForm, "validate", wait)


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/objectives/{o}/key-results/new", "/key-results/{k}/edit"])
def test_a_key_result_never_goes_to_someone_who_just_lost_sight_of_it(
    client: Client, private: Private, abacus: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera = private.cast["viewer"].id
    client.sign_in(private.cast["owner"])
    typed = {"title": "Offers made", "owner": vera, "source": "abacus", "beads": "7"}
    meanwhile(
        monkeypatch,
        lambda other: other.execute(
            delete(ObjectiveViewer).where(ObjectiveViewer.person_id == vera)
        ),
    )
    form = client.page(private.path(path))
    page = client.see(client.submit(form, "Save", typed), 422)
    assert "at the same moment" in page.text or "by someone else" in page.text
    page = client.see(client.submit(page, "Save", typed), 422)
    assert page.error("Owner").startswith("Vera Voss can't see this private objective.")
    owners = db.session.scalars(select(KeyResult.owner_id)).all()
    assert owners == [private.cast["part owner"].id]


@pytest.mark.both_databases
def test_nobody_loses_sight_of_a_key_result_that_just_became_theirs(
    client: Client, private: Private, abacus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera, kim = private.cast["viewer"].id, private.cast["part owner"].id
    client.sign_in(private.cast["owner"])
    typed = {"viewers": str(kim), "source": "abacus", "beads": "7"}
    meanwhile(monkeypatch, lambda other: other.execute(update(KeyResult).values(owner_id=vera)))
    form = client.page(private.path(EDIT))
    page = client.see(client.submit(form, "Save", typed), 422)
    assert "by someone else" in page.text
    page = client.see(client.submit(page, "Save", typed), 422)
    said = "Vera Voss owns a key result of it, and so has to see it."
    assert page.one("#viewers-errors").text == said
    assert len(reloaded(private.objective).viewers) == 3


def test_what_is_done_stands_in_the_log(
    client: Client, bob: Person, carol: Person, cycle: Cycle, abacus: Any
) -> None:
    client.sign_in(bob)
    new = client.page(f"/objectives/new?cycle={cycle.id}")
    page = client.follow(client.submit(new, "Save", {"title": "Hire"}))
    number = int(page.path.rpartition("/")[2])
    part = client.page(f"{page.path}/key-results/new")
    linked = {"title": "Talks", "source": "abacus", "beads": "7"}
    client.follow(client.submit(part, "Save", linked))
    form = client.page(f"{page.path}/edit")
    changes = {"title": "Hire well", "description": "Why", "owner": str(carol.id)}
    client.follow(client.submit(form, "Save", changes))
    client.sign_in(carol)
    client.follow(client.submit(client.page(f"{page.path}/delete"), "Delete"))
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = [(one.action, one.actor_name, one.thing_name, one.detail) for one in entries]
    changed = ["title: Hire → Hire well", "description", "owner: Bob Brown → Carol Clark"]
    assert told == [
        ("objective.created", "Bob Brown", "Hire", {}),
        ("key_result.created", "Bob Brown", "Talks", {}),
        ("source.linked", "Bob Brown", "Talks", {"source": "Abacus"}),
        ("objective.edited", "Bob Brown", "Hire well", {"changed": changed}),
        ("objective.deleted", "Carol Clark", "Hire well", {}),
    ]
    assert {one.thing_id for one in entries if one.thing_kind == "objective"} == {number}
