"""The tree page: what stands where, what is folded, and that the address tells it all."""

from datetime import date
from typing import Any

import pytest

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.alignment import tree_view
from app.okrs.models import COMPANY, PERCENT, Cycle, KeyResult, Objective
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import make_cycle, make_key_result, make_measure, make_objective
from tests.okrs.private import make_private
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(tree_view, "PAGE", 5)
    monkeypatch.setattr("app.okrs.alignment.tree.PAGE", 5)
    return 5


def under(above: Objective | KeyResult, owner: Person, title: str, **values: Any) -> Objective:
    cycle = values.pop("cycle", above.cycle)
    return make_objective(owner, cycle, title, parent_measure_id=above.measure_id, **values)


def outline(page: Page) -> list[str]:
    """The titles, each after a point for every level."""
    return [
        "." * (int(line["aria-level"]) - 1) + line.one(".name a").text
        for line in page.all("#tree .branch")
    ]


def toggle(page: Page, title: str) -> str:
    """The address that folds or unfolds it."""
    found = [one for one in page.all("#tree .fold") if title in one["aria-label"]]
    assert len(found) == 1, [one["aria-label"] for one in page.all("#tree .fold")]
    assert found[0]["href"].partition("#")[0] == found[0]["hx-get"]
    return found[0]["hx-get"]


@pytest.fixture
def grown(bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult) -> Objective:
    """An objective with a key result, one aligned under each, and one further down."""
    middle = under(key_result, bob, "Middle")
    make_key_result(middle, bob, "Middle's own")
    under(middle, bob, "Low")
    under(objective, bob, "Beside")
    return objective


ALL = [
    "People find us",
    ".Publish posts",
    "..Middle",
    "...Middle's own",
    "...Low",
    ".Beside",
]


def test_what_is_aligned_stands_beneath(client: Client, bob: Person, grown: Objective) -> None:
    make_objective(bob, grown.cycle, "Alone")
    make_objective(bob, grown.cycle, "Company", level=COMPANY)
    make_objective(bob, grown.cycle, "Gone", deleted_at=utcnow())
    client.sign_in(bob)
    page = client.page(f"/okrs/tree?cycle={grown.cycle_id}")
    assert page.h1 == "Tree, Spring"
    assert outline(page) == ["Company", *ALL, "Alone"]
    assert "6 objectives, 2 key results" in page.text
    row = page.one(f"#objective-row-{grown.id}")
    assert row.one(".status").text == "At risk" and row.all(".bar") and row.all(".who")
    assert client.page(f"/okrs?cycle={grown.cycle_id}").link("Tree") == (
        f"/okrs/tree?cycle={grown.cycle_id}"
    )


def test_folding_is_in_the_address(
    client: Client, bob: Person, grown: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs/tree?cycle={grown.cycle_id}")
    folded = toggle(page, "Fold Publish posts")
    page = client.page(folded)
    assert outline(page) == ["People find us", ".Publish posts", ".Beside"]
    fold = page.one(f"#fold-{key_result.measure_id}")
    assert fold["aria-label"] == "Unfold Publish posts, 3 beneath" and fold.text == "3"
    assert fold["hx-push-url"] == "true"
    page = client.page(toggle(page, "Unfold Publish posts"))
    assert outline(page) == ALL
    page = client.page(page.link("Fold all"))
    assert outline(page) == ["People find us"]
    page = client.page(toggle(page, "Unfold People find us"))
    assert outline(page) == ["People find us", ".Publish posts", ".Beside"]
    assert outline(client.page(page.link("Unfold all"))) == ALL


def test_what_makes_no_sense_in_the_address_is_passed_over(
    client: Client, bob: Person, grown: Objective
) -> None:
    client.sign_in(bob)
    path = f"/okrs/tree?cycle={grown.cycle_id}"
    for odd in ("levels=x", "levels=0", "levels=-1", "open=9.x..%00", "shut=" + "9" * 40, "page=0"):
        assert outline(client.page(f"{path}&{odd}")) == ALL
    assert outline(client.page(f"{path}&page=99&levels={'9' * 30}")) == ALL
    low = client.page(f"{path}&open={grown.measure_id}.99&shut=98")
    assert "98" not in toggle(low, "Publish posts") and "99" not in toggle(low, "Publish posts")


@pytest.mark.parametrize("query", ["cycle=99", "cycle=", "cycle=x", "root=99", "root=" + "9" * 30])
def test_what_is_not_there_is_not_found(
    client: Client, bob: Person, objective: Objective, query: str
) -> None:
    client.sign_in(bob)
    assert client.get(f"/okrs/tree?{query}").status_code == 404


def test_other_cycles_are_named_where_they_reach_in(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    year = make_cycle("Year", date(2026, 1, 1), date(2026, 12, 31))
    summer = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    annual = make_objective(bob, year, "Annual")
    make_key_result(annual, bob, "Annual's own")
    spring = under(annual, bob, "In spring", cycle=cycle)
    under(spring, bob, "Later", cycle=summer)
    under(annual, bob, "In summer", cycle=summer)
    make_objective(bob, year, "Annual alone")
    client.sign_in(bob)

    def seen(query: str) -> list[tuple[str, str]]:
        page = client.page(f"/okrs/tree?{query}")
        named = [" ".join(one.text for one in li.all(".eyebrow")) for li in page.all(".branch")]
        return list(zip(outline(page), named, strict=True))

    assert seen(f"cycle={cycle.id}") == [
        ("Annual", "Year"),
        (".Annual's own", ""),
        (".In spring", ""),
        ("..Later", "Summer"),
    ]
    assert seen(f"cycle={year.id}") == [
        ("Annual", ""),
        (".Annual's own", ""),
        (".In spring", "Spring"),
        ("..Later", "Summer"),
        (".In summer", "Summer"),
        ("Annual alone", ""),
    ]
    assert [title for title, _ in seen("cycle=all")] == [t for t, _ in seen(f"cycle={year.id}")]
    assert seen(f"root={spring.measure_id}") == [("In spring", "Spring"), (".Later", "Summer")]


def test_one_branch_alone(
    client: Client, bob: Person, grown: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs/tree?root={key_result.measure_id}")
    assert page.h1 == "Tree of “Publish posts”"
    assert outline(page) == ["Publish posts", ".Middle", "..Middle's own", "..Low"]
    assert page.one(".trail").text == "All cycles / People find us"
    page = client.page(page.link("People find us"))
    assert outline(page) == ALL
    page = client.page(f"/objectives/{grown.id}")
    assert page.link("Tree") == f"/okrs/tree?root={grown.measure_id}"


def test_private_ones_are_for_those_who_see_them(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    private = make_private(alice, bob, carol, cycle)
    under(private.key_result, carol, "Carol's own")
    client.sign_in(carol)
    page = client.page(f"/okrs/tree?cycle={cycle.id}")
    assert outline(page) == ["Carol's own"]
    assert "Hire quietly" not in page.html and "Talks held" not in page.html
    for one in (private.objective, private.key_result):
        assert client.get(f"/okrs/tree?root={one.measure_id}").status_code == 404
    client.sign_in(private.cast["viewer"])
    page = client.page(f"/okrs/tree?cycle={cycle.id}")
    assert outline(page) == ["Hire quietly", ".Talks held", "..Carol's own"]
    assert page.all("#tree .private")


def test_what_has_no_room_is_folded_at_first(
    client: Client, bob: Person, grown: Objective, few_rows: int
) -> None:
    client.sign_in(bob)
    path = f"/okrs/tree?cycle={grown.cycle_id}"
    # Six rows: with the lowest level they would be one too many.
    assert outline(client.page(path)) == [one for one in ALL if not one.startswith("...")]
    page = client.page(client.page(path).link("Unfold all"))
    assert outline(page) == ALL[:few_rows] and "Page 1 of 2" in page.text
    page = client.page(page.link("Next page"))
    assert outline(page) == ALL[few_rows:]
    assert page.all("#tree .trail")[0].text == "Continued: People find us"
    assert outline(client.page(page.link("Previous page"))) == ALL[:few_rows]
    page = client.page(f"/okrs/tree?root={grown.measure_id}&levels=all&page=2")
    assert page.h1 == "Tree of “People find us”" and outline(page) == ALL[few_rows:]


def test_very_deep_rows_say_their_level(client: Client, bob: Person, cycle: Cycle) -> None:
    above = make_objective(bob, cycle, "0")
    for number in range(1, 12):
        above = under(above, bob, str(number))
    client.sign_in(bob)
    page = client.page(f"/okrs/tree?cycle={cycle.id}")
    assert [one.text for one in page.all(".eyebrow")] == ["Level 10", "Level 11", "Level 12"]
    assert page.all(".branch")[-1].classes == ["branch", "d8"]


def test_an_empty_tree_teaches_the_next_step(client: Client, bob: Person, cycle: Cycle) -> None:
    client.sign_in(bob)
    page = client.page(f"/okrs/tree?cycle={cycle.id}")
    assert "Nothing in Spring yet" in page.text
    assert page.link("objective") == f"/objectives/new?cycle={cycle.id}"
    assert "Nothing in any cycle yet" in client.page("/okrs/tree?cycle=all").text
    assert client.page("/okrs/tree").h1 == "Tree, Q1 2026"


def test_linked_rows_show_their_source(
    client: Client, bob: Person, cycle: Cycle, key_result: KeyResult, abacus: Abacus
) -> None:
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    client.sign_in(bob)
    path = f"/okrs/tree?cycle={cycle.id}"
    assert "Abacus" in client.page(path).one(f"#key-result-row-{key_result.id} .source").text
    abacus.state = {"is_busy": True}
    assert client.page(path).all("noscript meta")


def grow_many(owner: Person, cycle: Cycle, trees: int, abacus: Abacus) -> None:
    """Trees of ten items each, in three levels, every key result with a source."""
    for number in range(trees):
        parents: list[Objective | KeyResult] = []
        for place in range(4):
            objective = Objective(title=f"{number}.{place}", owner=owner, cycle=cycle)
            objective.measure = make_measure(PERCENT, value=place)
            objective.parent_measure = parents[place // 2].measure if parents else None
            parts = [KeyResult(title=f"Part {one}", owner=owner) for one in range(1 + place % 2)]
            for part in parts:
                part.objective, part.measure = objective, make_measure(PERCENT, value=50)
                part.measure.sources = [AbacusSource(linked_by_id=owner.id)]
            db.session.add_all([objective, *parts])
            parents += [objective, *parts]
    db.session.commit()


def test_three_thousand_items_cost_no_more_statements_than_ten(
    client: Client, bob: Person, cycle: Cycle, abacus: Abacus
) -> None:
    client.sign_in(bob)
    of_cycle = f"/okrs/tree?cycle={cycle.id}&levels=all"
    paths = (of_cycle, "/okrs/tree", "/okrs/tree?cycle=all&page=3", "/okrs/tree?root=1")
    counts: list[list[int]] = []
    for trees in (1, 299):
        grow_many(db.session.merge(bob), db.session.merge(cycle), trees, abacus)
        counts.append([])
        for path in paths:
            client.get(path)
            with count_statements() as statements:
                client.get(path)
            counts[-1].append(len(statements))
    assert counts[0] == counts[1] and max(counts[0]) <= 10
    page = client.page(of_cycle)
    assert "1,200 objectives, 1,800 key results" in page.text
    assert len(page.all("#tree .row")) == 300 and "Page 1 of 10" in page.text
    assert len(client.page(f"/okrs/tree?cycle={cycle.id}").all("#tree .row")) == 300
