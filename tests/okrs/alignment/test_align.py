"""Aligning an objective: found by search, chosen in its form, never in a ring."""

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.models import PERCENT, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.models import Unsettled
from app.okrs.rollup.settling import settle
from tests.okrs.items import changes_of, make_cycle, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Page

FIELD = "Aligned under"


def edit(objective: Objective) -> str:
    return f"/objectives/{objective.id}/edit"


def parent_of(objective: Objective) -> int | None:
    return db.session.get_one(Objective, objective.id, populate_existing=True).parent_measure_id


def offered(page: Page) -> dict[str, str]:
    """What can be chosen: what it says, and what it sends."""
    labels = {label["for"]: label.text for label in page.all("#parents label")}
    return {labels[one["id"]]: one["value"] for one in page.all("#parents input")}


def chosen(page: Page) -> str:
    return page.one("#parents input[checked]")["value"]


def search(client: Client, page: Page, text: str) -> Page:
    return client.see(client.submit(page, "Search", {"parent_search": text}))


def entries(action: str) -> list[tuple[str, str]]:
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.action == action))
    return [(one.detail["before"], one.detail["after"]) for one in found]


@pytest.fixture
def company(alice: Person, cycle: Cycle) -> Objective:
    return make_objective(alice, cycle, "Grow in the north")


def test_an_objective_is_aligned_by_search(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    client.sign_in(bob)
    page = client.page(edit(objective))
    assert chosen(page) == ""
    page = search(client, page, " NORTH  grow")
    assert page.one("#parents-said").text == "1 found."
    assert offered(page) == {
        "Nothing": "",
        "Grow in the north Objective, Spring, Alice Adams": str(company.measure_id),
    }
    page = client.submit(page, "Save", {"parent": str(company.measure_id)})
    page = client.follow(page)
    assert parent_of(objective) == company.measure_id
    assert changes_of(objective.measure_id) == [("alignment", "nothing", "Grow in the north")]
    assert entries("objective.aligned") == [("nothing", "Grow in the north")]
    assert "Bob Brown changed what it is aligned under: nothing → Grow in the north" in page.text
    assert page.one(".trail a[href=/objectives/2]").text == "Grow in the north"
    above = client.page(f"/objectives/{company.id}")
    assert [row["id"] for row in above.all("#aligned .row")] == [f"objective-row-{objective.id}"]


def test_what_is_typed_elsewhere_stays_while_searching(
    client: Client, bob: Person, company: Objective
) -> None:
    client.sign_in(bob)
    page = client.page("/objectives/new")
    typed = {"title": "Ours", "description": "Half typed", "parent_search": "grow"}
    page = client.see(client.submit(page, "Search", typed))
    assert page.field("Title").value == "Ours"
    assert page.field("Description").value == "Half typed"
    assert page.field(FIELD).value == "grow"
    page = client.follow(client.submit(page, "Save", {"parent": str(company.measure_id)}))
    made = db.session.scalars(select(Objective).where(Objective.title == "Ours")).one()
    assert made.parent_measure_id == company.measure_id
    assert changes_of(made.measure_id) == [
        ("created", "", ""),
        ("alignment", "nothing", "Grow in the north"),
    ]


def test_a_choice_stays_while_searching_on(
    client: Client, bob: Person, alice: Person, objective: Objective, company: Objective
) -> None:
    other = make_objective(alice, company.cycle, "Save in the south")
    client.sign_in(bob)
    page = search(client, client.page(edit(objective)), "grow")
    typed = {"parent": str(company.measure_id), "parent_search": "save"}
    page = client.see(client.submit(page, "Search", typed))
    assert list(offered(page).values()) == ["", str(company.measure_id), str(other.measure_id)]
    assert chosen(page) == str(company.measure_id)


def test_results_load_while_typing(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    client.sign_in(bob)
    path = client.page(edit(objective)).field(FIELD)["hx-get"]
    part = client.fragment(f"{path}&parent=&parent_search=gro")
    assert list(offered(part).values()) == ["", str(company.measure_id)]
    said = part.one("#parents-said")
    assert (said.text, said["hx-swap-oob"]) == ("1 found.", "innerHTML")
    # Neither itself nor what belongs to it is offered.
    part = client.fragment(f"{path}&parent=&parent_search=find")
    assert part.one("#parents-said").text == "Nothing of that name that you can see."
    part = client.fragment("/objectives/parents?parent_search=find")
    assert part.one("#parents-said").text == "1 found."


def test_key_results_and_past_cycles_are_found_and_equal_titles_told_apart(
    client: Client, bob: Person, alice: Person, key_result: KeyResult, cycle: Cycle
) -> None:
    past = make_cycle("Last year", cycle.starts_on.replace(2025), cycle.ends_on.replace(2025))
    make_objective(alice, past, "Publish posts")
    client.sign_in(bob)
    page = search(client, client.page("/objectives/new"), "publish")
    assert list(offered(page)) == [
        "Nothing",
        "Publish posts Key result of “People find us”, Spring, Bob Brown",
        "Publish posts Objective, Last year, Alice Adams",
    ]


def test_no_more_than_twenty_are_offered(client: Client, bob: Person, cycle: Cycle) -> None:
    for number in range(22):
        make_objective(bob, cycle, f"Grow {number}")
    client.sign_in(bob)
    page = search(client, client.page("/objectives/new"), "grow")
    assert len(offered(page)) == 21
    assert page.one("#parents-said").text == (
        "22 found, the first 20 are shown. Type more of the title."
    )


def test_it_is_cleared_again(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    objective.parent_measure_id = company.measure_id
    db.session.commit()
    client.sign_in(bob)
    page = client.page(edit(objective))
    assert chosen(page) == str(company.measure_id)
    client.follow(client.submit(page, "Save", {"parent": ""}))
    assert parent_of(objective) is None
    assert changes_of(objective.measure_id) == [("alignment", "Grow in the north", "nothing")]


def test_saving_something_else_leaves_it(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    objective.parent_measure_id = company.measure_id
    db.session.commit()
    client.sign_in(bob)
    client.follow(client.submit(client.page(edit(objective)), "Save", {"title": "Seen"}))
    client.follow(client.submit(client.page(edit(objective)), "Save", {"parent": None}))
    assert parent_of(objective) == company.measure_id
    assert [what for what, *_ in changes_of(objective.measure_id)] == ["title"]


def test_a_search_without_a_choice_is_not_passed_over(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    client.sign_in(bob)
    typed = {"parent_search": "grow", "title": "Seen"}
    page = client.see(client.submit(client.page(edit(objective)), "Save", typed), 422)
    assert page.error(FIELD) == "Choose one of what was found, or empty the search."
    assert str(company.measure_id) in offered(page).values()
    assert page.field("Title").value == "Seen"
    client.follow(client.submit(page, "Save", {"parent_search": ""}))


@pytest.mark.parametrize("wrong", ["99", "x", "-1", "9" * 30, "²", "kept please"])
def test_what_is_not_there_is_refused(
    client: Client, bob: Person, objective: Objective, wrong: str
) -> None:
    client.sign_in(bob)
    page = client.submit(client.page(edit(objective)), "Save", {"parent": wrong, "title": "Mine"})
    page = client.see(page, 422)
    assert page.error(FIELD) == "Choose one from the list."
    assert page.field("Title").value == "Mine"
    assert parent_of(objective) is None


def test_a_ring_is_refused_in_any_depth(
    client: Client, alice: Person, objective: Objective, key_result: KeyResult, cycle: Cycle
) -> None:
    """Also where the way leads through key results."""
    low = make_objective(alice, cycle, "Low", parent_measure_id=key_result.measure_id)
    lower = make_key_result(low, alice, "Lower")
    lowest = make_objective(alice, cycle, "Lowest", parent_measure_id=lower.measure_id)
    client.sign_in(alice)
    for below in (objective, key_result, low, lower, lowest):
        typed = {"parent": str(below.measure_id), "description": "Typed"}
        page = client.see(client.submit(client.page(edit(objective)), "Save", typed), 422)
        assert page.error(FIELD) == (
            f"“{below.title}” lies under this objective itself, so that would be a ring. "
            "Choose another."
        )
        assert page.field("Description").value == "Typed"
    assert parent_of(objective) is None
    assert changes_of(objective.measure_id) == []
    # A ring through what is deleted would close when it is restored.
    low.deleted_at = utcnow()
    db.session.commit()
    typed = {"parent": str(lowest.measure_id)}
    assert client.submit(client.page(edit(objective)), "Save", typed).status_code == 422


def test_a_long_chain_is_followed_to_its_end(client: Client, alice: Person, cycle: Cycle) -> None:
    chain = [make_objective(alice, cycle, "Top")]
    for number in range(1500):
        chain.append(Objective(title=f"{number}", owner_id=alice.id, cycle_id=cycle.id))
        chain[-1].measure = make_measure(PERCENT)
        chain[-1].parent_measure = chain[-2].measure
    db.session.add_all(chain)
    db.session.commit()
    client.sign_in(alice)
    top, end = chain[0], chain[-1]
    answer = client.submit(client.page(edit(top)), "Save", {"parent": str(end.measure_id)})
    assert "would be a ring" in client.see(answer, 422).error(FIELD)
    trail = client.page(f"/objectives/{end.id}").all(".trail")[1]
    assert len(trail.all("a")) == 12 and trail.all("a")[-1].text == "1498"
    assert client.page(f"/okrs/tree?cycle={cycle.id}&levels=all").all("#tree .row")


def test_figures_above_the_old_and_the_new_place_follow(
    client: Client, bob: Person, alice: Person, company: Objective, cycle: Cycle
) -> None:
    other = make_objective(alice, cycle, "Save in the south")
    own = make_objective(bob, cycle, measure=make_measure(PERCENT, value=60))
    settle()
    client.sign_in(bob)
    for parent, figures in ((company, (60, 0)), (other, (0, 60)), (None, (0, 0))):
        typed = {"parent": str(parent.measure_id) if parent else ""}
        client.follow(client.submit(client.page(edit(own)), "Save", typed))
        assert not db.session.scalars(select(Unsettled)).all()
        measures = [db.session.get_one(Measure, one.measure_id) for one in (company, other)]
        assert tuple(one.value or 0 for one in measures) == figures


def test_a_fixed_share_does_not_move_along(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    objective.share = 30
    db.session.commit()
    client.sign_in(bob)
    typed = {"parent": str(company.measure_id)}
    client.follow(client.submit(client.page(edit(objective)), "Save", typed))
    db.session.expire_all()
    assert db.session.get_one(Objective, objective.id).share is None


def test_a_new_objective_is_offered_its_place(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    objective.parent_measure_id = company.measure_id
    db.session.commit()
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{company.id}").link("New objective under it"))
    assert chosen(page) == str(company.measure_id)
    client.follow(client.submit(page, "Save", {"title": "Another"}))
    made = db.session.scalars(select(Objective).where(Objective.title == "Another")).one()
    assert made.parent_measure_id == company.measure_id
    page = client.page(client.page(f"/objectives/{made.id}").link("New objective under it"))
    assert chosen(page) == str(made.measure_id)
    assert chosen(client.page("/objectives/new?under=99")) == ""


def test_a_tab_left_open_does_not_undo_an_alignment(
    client: Client, bob: Person, objective: Objective, company: Objective
) -> None:
    client.sign_in(bob)
    first, second = client.page(edit(objective)), client.page(edit(objective))
    typed = {"parent": str(company.measure_id)}
    assert client.submit(first, "Save", typed).status_code == 303
    answer = client.submit(second, "Save", {"title": "Seen"})
    page = client.follow(answer)
    assert "You changed “Aligned under” after you opened the form: that stays." in page.text
    assert parent_of(objective) == company.measure_id


def test_those_who_may_not_edit_align_nothing(
    client: Client, bob: Person, carol: Person, objective: Objective, company: Objective
) -> None:
    client.sign_in(carol)
    typed = {"step": "save", "parent": str(company.measure_id)}
    assert client.post(edit(objective), typed).status_code == 403
    path = f"/objectives/parents?objective={objective.id}"
    assert client.get(path, htmx=True).status_code == 403
    assert parent_of(objective) is None
