"""Two people who edit the same objective or key result, one after the other has opened it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs import saving
from app.okrs.models import KPI, PERCENT, Cycle, KeyResult, Objective
from tests.okrs.abacus import Abacus
from tests.okrs.items import make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Page
from tests.support.opened import opened, timeless, told

HOSTILE = '"><script>alert(1)</script>{{ 7 * 7 }}'


@pytest.fixture
def counted(bob: Person, cycle: Cycle) -> Objective:
    measure = make_measure(KPI, start_value=0, target_value=20, unit="posts")
    return make_objective(bob, cycle, measure=measure)


def edit(item: Objective | KeyResult) -> str:
    kind = "objectives" if isinstance(item, Objective) else "key-results"
    return f"/{kind}/{item.id}/edit"


def error(page: Page, label: str) -> str:
    return timeless(page.error(label))


def reloaded(item: Objective | KeyResult) -> Any:
    db.session.remove()
    return db.session.get_one(type(item), item.id)


def test_what_both_changed_is_shown_and_stored_only_when_saved_again(
    app: Flask, alice: Person, bob: Person, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(title="Readers find us")
    page = hers.refused(title="Buyers find us")
    assert page.field("Title").value == "Buyers find us"
    assert error(page, "Title") == (
        "Bob Brown changed this to “Readers find us”. Saving again puts yours in its place."
    )
    assert told(page) == [
        "Title, changed by Bob Brown When you opened it: “People find us” "
        "Stored now: “Readers find us” Yours: “Buyers find us”"
    ]
    assert reloaded(objective).title == "Readers find us"
    assert hers.save().h1 == "Buyers find us"


def test_the_moment_is_shown_in_ones_own_zone(
    app: Flask, alice: Person, bob: Person, objective: Objective
) -> None:
    db.session.merge(alice).time_zone = "Asia/Tokyo"
    db.session.commit()
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(title="Readers find us")
    moment = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
    db.session.execute(update(AuditEntry).values(happened_at=moment))
    db.session.commit()
    page = hers.refused(title="Buyers find us")
    assert page.error("Title").startswith(
        "Bob Brown changed this to “Readers find us” on 20 Feb 2026, 23:30."
    )


def test_each_in_another_field_keeps_both(
    app: Flask, alice: Person, bob: Person, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(title="Readers find us", tags="growth")
    page = hers.save(description="By search.")
    assert page.flashes == [
        "Bob Brown changed “Title” and “Tags” after you opened the form: that stays.",
        "Objective saved.",
    ]
    stored = reloaded(objective)
    assert (stored.title, stored.description) == ("Readers find us", "By search.")
    assert [one.name for one in stored.measure.tags] == ["growth"]


def test_beside_what_both_changed_the_others_value_is_taken_over(
    app: Flask, alice: Person, bob: Person, carol: Person, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(title="Readers find us", further_owners=[str(carol.id)])
    page = hers.refused(title="Buyers find us")
    assert page.field("Further owners").value == [str(carol.id)]
    assert told(page)[1] == (
        "Further owners, changed by Bob Brown When you opened it: nothing "
        "Stored now: “Carol Clark” You had not changed it, so it stays as it is stored."
    )
    hers.save()
    assert [one.name for one in reloaded(objective).measure.further_owners] == ["Carol Clark"]


def test_both_typed_the_same(app: Flask, alice: Person, bob: Person, objective: Objective) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    for one in (his, hers):
        assert one.save(title="Readers find us").flashes == ["Objective saved."]


def test_three_saves_in_a_row_show_the_newest_each_time(
    app: Flask, alice: Person, bob: Person, carol: Person, objective: Objective
) -> None:
    objective.measure.further_owners = [carol]
    db.session.commit()
    hers, his, third = opened(app, edit(objective), alice, bob, carol)
    his.save(title="One")
    page = hers.refused(title="Two")
    third.refused(title="Three")
    third.save()
    page = hers.refused()
    assert error(page, "Title").startswith("Carol Clark changed this to “Three”")
    assert "When you opened it: “One”" in told(page)[0]
    hers.save()
    assert reloaded(objective).title == "Two"


def test_another_tab_and_the_back_button(app: Flask, bob: Person, objective: Objective) -> None:
    first, second = opened(app, edit(objective), bob, bob)
    typed = {"title": "Readers find us"}
    first.save(**typed)
    first.save(**typed)  # back, and once more: nothing else was typed
    first.save(**typed, description="By search.")
    page = second.refused(title="Buyers find us")
    assert error(page, "Title").startswith("You changed this to “Readers find us”.")
    assert page.field("Description").value == "By search."


def test_days_and_the_measure_are_told_as_people_read_them(
    app: Flask, alice: Person, bob: Person, counted: Objective
) -> None:
    hers, his = opened(app, edit(counted), alice, bob)
    his.save(target="40", first_day="2026-02-01", last_day="2026-03-01")
    page = hers.refused(target="30", last_day="2026-03-31")
    assert error(page, "Target").startswith("Bob Brown changed this to “40”.")
    assert error(page, "Last day").startswith("Bob Brown changed this to “1 Mar 2026”")
    assert page.field("First day").value == "2026-02-01"
    hers.save()
    assert reloaded(counted).measure.target_value == 30


def test_another_kind_of_measure_is_not_mixed_with_what_was_typed_into_the_old_one(
    app: Flask, alice: Person, bob: Person, counted: Objective
) -> None:
    hers, his = opened(app, edit(counted), alice, bob)
    his.save(measure=PERCENT)
    page = hers.refused(target="30")
    assert error(page, "Measure").startswith("Bob Brown changed this to “Percent complete”")
    assert page.field("Measure").value == KPI and page.field("Target").value == "30"
    assert reloaded(counted).measure.kind == PERCENT


def test_what_was_made_private_meanwhile_stays_private(
    app: Flask, alice: Person, bob: Person, carol: Person, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(visibility="people", viewers=[str(carol.id)])
    hers.save(title="Readers find us")
    stored = reloaded(objective)
    assert stored.is_private and [one.name for one in stored.viewers] == ["Carol Clark"]


def test_viewers_chosen_while_it_was_opened_to_all_are_asked_about(
    app: Flask, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    private = make_objective(bob, cycle, is_private=True)
    hers, his = opened(app, edit(private), alice, bob)
    his.save(visibility="everyone")
    page = hers.refused(viewers=[str(carol.id)])
    assert page.one("#visibility-errors").text.startswith("Bob Brown changed this to “everyone”")
    assert "checked" in page.one("#visibility-people")
    assert not reloaded(private).is_private


def test_who_lost_sight_of_it_meanwhile_learns_nothing(
    app: Flask, bob: Person, carol: Person, objective: Objective
) -> None:
    objective.measure.further_owners = [carol]
    db.session.commit()
    hers, his = opened(app, edit(objective), carol, bob)
    his.save(title="Hush", further_owners=None, visibility="people")
    answer = hers.client.submit(hers.page, "Save", {"title": "Loud"})
    assert answer.status_code == 404 and "Hush" not in answer.text


def test_what_it_was_put_under_is_not_named_to_those_who_do_not_see_it(
    app: Flask, bob: Person, carol: Person, dave: Person, cycle: Cycle, objective: Objective
) -> None:
    hidden = make_objective(dave, cycle, "Hush", is_private=True)
    seen = make_objective(dave, cycle, "Known")
    (his,) = opened(app, edit(objective), bob)
    reloaded(objective).parent_measure_id = hidden.measure_id
    db.session.commit()
    page = his.refused(parent=str(seen.measure_id))
    assert "Hush" not in page.text
    assert "Stored now: “something that is deleted or not for you to see”" in told(page)[0]
    assert error(page, "Aligned under").startswith("This was changed")


def test_what_was_closed_meanwhile_is_told_so_and_then_deleted_is_gone(
    app: Flask, alice: Person, bob: Person, key_result: KeyResult
) -> None:
    hers, his = opened(app, edit(key_result), alice, bob)
    his.save(title="Other")
    browser = Client(app)
    browser.sign_in(bob)
    page = browser.page(f"/key-results/{key_result.id}/close")
    browser.follow(browser.submit(page, "Close", {"final_value": "50"}))
    page = hers.refused(title="Mine")
    assert page.field("Title").value == "Mine" and "closed" in page.all(".note.bad")[0].text
    assert reloaded(key_result).title == "Other"
    browser.follow(browser.submit(browser.page(f"/key-results/{key_result.id}/delete"), "Delete"))
    assert hers.client.submit(hers.page, "Save").status_code == 404


def test_what_others_wrote_is_shown_as_text(
    app: Flask, alice: Person, bob: Person, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    long = f"{HOSTILE} {'and so on ' * 40}".strip()
    his.save(title=HOSTILE, description=long)
    page = hers.refused(title="Mine", description="Mine")
    assert not page.one(".note.bad").all("script")
    assert HOSTILE in told(page)[0] and HOSTILE in error(page, "Title")
    assert page.one(".note.bad details .prose").text == long
    assert error(page, "Description").endswith("…”. Saving again puts yours in its place.")


@pytest.mark.parametrize("made_up", ["", "x", "a.b.c"])
def test_what_a_form_was_opened_on_can_not_be_made_up(
    app: Flask, alice: Person, objective: Objective, made_up: str
) -> None:
    (hers,) = opened(app, edit(objective), alice)
    page = hers.refused(title="Mine", opened=made_up)
    assert error(page, "Title").startswith("This was changed to “People find us”")
    assert "When you opened it" not in page.one(".note.bad").text
    hers.save()
    assert reloaded(objective).title == "Mine"


def test_what_another_items_form_was_opened_on_does_not_count(
    app: Flask, alice: Person, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    twin = make_objective(bob, cycle)
    (hers,), (other,) = (opened(app, edit(one), alice) for one in (objective, twin))
    of_other = other.page.form_with("Save").values()["opened"]
    assert "This was changed" in hers.refused(title="Mine", opened=of_other).text


def test_a_source_that_another_linked_meanwhile_stays_linked(
    app: Flask, alice: Person, bob: Person, abacus: Abacus, key_result: KeyResult
) -> None:
    hers, his = opened(app, edit(key_result), alice, bob)
    his.save(source="abacus", beads="7")
    page = hers.save(title="Mine")
    assert "Bob Brown changed “Data source”" in page.flashes[0]
    stored = reloaded(key_result)
    assert stored.title == "Mine" and stored.measure.source is not None


def test_criteria_that_both_changed_are_told_in_words(
    app: Flask, alice: Person, bob: Person, abacus: Abacus, key_result: KeyResult
) -> None:
    (his,) = opened(app, edit(key_result), bob)
    his.save(source="abacus", beads="7")
    hers, his, hers_too = opened(app, edit(key_result), alice, bob, alice)
    his.save(beads="8")
    page = hers.refused(beads="9")
    assert page.one("#source .error").text.startswith("This was changed to “8 beads”")
    assert told(page) == [
        "Data source When you opened it: “7 beads” Stored now: “8 beads” "
        "Yours: “what is chosen below”"
    ]
    page = hers_too.refused(title="")
    assert page.one("#source [name=beads]").value == "8"
    assert reloaded(key_result).measure.source.versions[-1].definition == {"beads": "8"}


def test_a_source_that_both_handle_is_never_dropped_unseen(
    app: Flask, alice: Person, bob: Person, abacus: Abacus, cycle: Cycle
) -> None:
    key_result = make_key_result(make_objective(bob, cycle), bob)
    hers, his = opened(app, edit(key_result), alice, bob)
    his.save(source="abacus", beads="7", title="His")
    page = hers.refused(title="Mine")
    assert page.one("#source [name=beads]").value == "7"
    hers.save()
    assert reloaded(key_result).measure.source is not None


def test_steps_on_the_way_keep_what_the_form_was_opened_on(
    app: Flask, alice: Person, bob: Person, abacus: Abacus, objective: Objective
) -> None:
    hers, his = opened(app, edit(objective), alice, bob)
    his.save(title="His")
    name = "Connect data source to auto-update progress"
    hers.page = hers.client.see(hers.client.submit(hers.page, name, {"title": "Mine"}))
    page = hers.refused()
    assert error(page, "Title").startswith("Bob Brown changed this to “His”")


def test_who_is_quicker_by_a_moment_is_not_overwritten(
    app: Flask, alice: Person, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the form was merged, and before the item is held."""
    (hers,) = opened(app, edit(objective), alice)
    hold = saving.hold_item

    def held(item: Objective | KeyResult) -> None:
        quicker = update(Objective).values(description="Quick.")
        db.session.execute(quicker.execution_options(synchronize_session=False))
        hold(item)

    monkeypatch.setattr(saving, "hold_item", held)
    page = hers.refused(title="Mine")
    assert "at the same moment" in page.one(".note.bad").text
    assert page.field("Title").value == "Mine"
    assert reloaded(objective).title == "People find us"
