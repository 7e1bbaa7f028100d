"""Where alignment shows: on the pages of items, and before something is deleted."""

import pytest

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.alignment.test_align import chosen, edit, offered, parent_of
from tests.okrs.items import changes_of, make_key_result, make_objective
from tests.okrs.private import Private, make_private
from tests.support.client import Client
from tests.support.sql import count_statements

HIDDEN = "What it is under now, which is deleted or not for you to see"


@pytest.fixture
def private(alice: Person, bob: Person, carol: Person, cycle: Cycle) -> Private:
    """Bob's; Carol is the outsider."""
    return make_private(alice, bob, carol, cycle)


def trails(client: Client, path: str) -> list[str]:
    return [trail.text for trail in client.page(path).all(".trail")]


def test_the_way_up_is_shown(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    middle = make_objective(bob, cycle, "Middle", parent_measure_id=key_result.measure_id)
    low = make_objective(bob, cycle, "Low", parent_measure_id=middle.measure_id)
    part = make_key_result(low, bob, "Part")
    client.sign_in(bob)
    assert trails(client, f"/objectives/{objective.id}") == ["Spring"]
    assert trails(client, f"/objectives/{middle.id}")[1] == (
        "Aligned under People find us / Publish posts, for orientation alone: it does not count "
        "there"
    )
    way = "under People find us / Publish posts / Middle"
    assert trails(client, f"/objectives/{low.id}")[1] == f"Aligned {way}"
    assert trails(client, f"/key-results/{part.id}") == [
        "Spring / Low",
        f"Its objective is aligned {way}",
    ]


def test_what_is_aligned_under_it_is_shown(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    direct = make_objective(bob, cycle, "Direct", parent_measure_id=objective.measure_id)
    by_part = make_objective(bob, cycle, "By part", parent_measure_id=key_result.measure_id)
    make_objective(bob, cycle, "Away", parent_measure_id=direct.measure_id, deleted_at=utcnow())
    client.sign_in(bob)
    for path, shown, does_count in (
        (f"/objectives/{objective.id}", [f"objective-row-{direct.id}"], True),
        (f"/key-results/{key_result.id}", [f"objective-row-{by_part.id}"], False),
        (f"/objectives/{direct.id}", [], True),
    ):
        page = client.page(path)
        assert [row["id"] for row in page.all("#aligned .row")] == shown
        assert ("they do not count for it" in page.text) is not does_count
    part = client.fragment(f"/objectives/{objective.id}/standing")
    assert part.one("#aligned .row")["id"] == f"objective-row-{direct.id}"


def test_many_that_are_aligned_cost_no_more_statements(
    client: Client, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    client.sign_in(bob)
    counts = []
    for number in (1, 6):
        for _ in range(number):
            below = make_objective(bob, cycle, parent_measure_id=objective.measure_id)
            make_key_result(below, bob)
        client.page(f"/objectives/{objective.id}")
        with count_statements() as statements:
            client.page(f"/objectives/{objective.id}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 15


def test_before_deleting_it_is_said_what_loses_its_place(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    assert "tree" not in client.page(f"/objectives/{objective.id}/delete").text
    low = make_objective(bob, cycle, "Low", parent_measure_id=key_result.measure_id)
    text = "1 objective that is aligned under it stays and loses its place in the tree: Low"
    assert text in client.page(f"/key-results/{key_result.id}/delete").text
    make_objective(bob, cycle, "Lower", parent_measure_id=objective.measure_id)
    page = client.page(f"/objectives/{objective.id}/delete")
    text = "2 objectives that are aligned under it stay and lose their place in the tree: LowLower"
    assert text in page.text
    client.follow(client.submit(page, "Delete"))
    assert trails(client, f"/objectives/{low.id}") == ["Spring"]
    assert parent_of(low) == key_result.measure_id  # so that it is back where it was, if undone


@pytest.mark.parametrize("which", ["objective", "key_result"])
def test_what_is_private_is_not_named_to_outsiders(
    client: Client, carol: Person, bob: Person, private: Private, cycle: Cycle, which: str
) -> None:
    above: Objective | KeyResult = getattr(private, which)
    own = make_objective(carol, cycle, "Carol's own")
    client.sign_in(carol)
    page = client.see(client.submit(client.page(edit(own)), "Search", {"parent_search": "hire"}))
    assert list(offered(page).values()) == [""]
    typed = {"parent": str(above.measure_id)}
    page = client.see(client.submit(client.page(edit(own)), "Save", typed), 422)
    assert page.error("Aligned under") == "Choose one from the list."
    # Someone who sees both has aligned it.
    client.sign_in(private.cast["admin"])
    client.follow(client.submit(client.page(edit(own)), "Save", typed))
    what = "an objective" if which == "objective" else "a key result of an objective"
    what = what.replace("an objective", "a private objective")
    assert changes_of(own.measure_id) == [("alignment", "nothing", what)]
    client.sign_in(carol)
    for path in (f"/objectives/{own.id}", edit(own), f"/okrs/tree?cycle={cycle.id}"):
        text = client.get(path).text
        assert "Hire quietly" not in text and "Talks held" not in text
    assert trails(client, f"/objectives/{own.id}") == ["Spring"]


def test_what_the_editor_does_not_see_stays_unless_it_is_changed(
    client: Client, carol: Person, private: Private, cycle: Cycle
) -> None:
    own = make_objective(carol, cycle, "Own", parent_measure_id=private.objective.measure_id)
    client.sign_in(carol)
    page = client.page(edit(own))
    assert offered(page) == {"Nothing": "", HIDDEN: "kept"} and chosen(page) == "kept"
    client.follow(client.submit(page, "Save", {"title": "Own still"}))
    assert parent_of(own) == private.objective.measure_id
    client.follow(client.submit(client.page(edit(own)), "Save", {"parent": ""}))
    assert parent_of(own) is None


@pytest.mark.parametrize("is_private", [False, True])
def test_what_went_away_while_the_form_was_open_stays(
    client: Client, bob: Person, carol: Person, objective: Objective, is_private: bool
) -> None:
    own = make_objective(carol, objective.cycle, parent_measure_id=objective.measure_id)
    client.sign_in(carol)
    page = client.page(edit(own))
    above = db.session.get_one(Objective, objective.id)
    if is_private:
        above.is_private = True
    else:
        above.deleted_at = utcnow()
    db.session.commit()
    client.follow(client.submit(page, "Save", {"title": "Own still"}))
    assert parent_of(own) == objective.measure_id
    assert chosen(client.page(edit(own))) == "kept"


def test_the_way_up_ends_at_what_is_not_seen(
    client: Client, carol: Person, bob: Person, private: Private, cycle: Cycle
) -> None:
    top = make_objective(bob, cycle, "Top")
    private.objective.parent_measure_id = top.measure_id
    below = make_objective(bob, cycle, "Below", parent_measure_id=private.key_result.measure_id)
    low = make_objective(carol, cycle, "Low", parent_measure_id=below.measure_id)
    client.sign_in(carol)
    assert trails(client, f"/objectives/{low.id}")[1] == "Aligned under Below"
    client.sign_in(bob)
    assert trails(client, f"/objectives/{low.id}")[1] == (
        "Aligned under Top / Hire quietly / Talks held / Below"
    )
    client.sign_in(carol)
    assert "Hire" not in client.page(f"/objectives/{top.id}").text


def test_a_page_shows_so_many_and_leads_to_the_rest(
    client: Client,
    bob: Person,
    cycle: Cycle,
    objective: Objective,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("app.okrs.alignment.trail", "app.okrs.regions"):
        monkeypatch.setattr(f"{module}.LONGEST_LIST", 2)
    client.sign_in(bob)
    for count in (1, 2, 3):
        make_objective(bob, cycle, parent_measure_id=objective.measure_id)
        page = client.page(f"/objectives/{objective.id}")
        assert len(page.all("#aligned .row")) == min(count, 2)
        assert ("More of them are in the tree." in page.text) is (count > 2)
