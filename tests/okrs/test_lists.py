"""The list of a cycle, the start page, and what both ask of the database."""

from datetime import date

import pytest

from app.accounts.models import Person, Workspace
from app.db import db
from app.okrs.integrations import Need, switch
from app.okrs.models import PERCENT, Cycle, KeyResult, Objective
from app.okrs.rollup.settling import settle
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import make_cycle, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.sql import count_statements


@pytest.fixture
def counted(key_result: KeyResult, bob: Person, abacus: Abacus) -> KeyResult:
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    return key_result


def test_objectives_with_their_key_results(
    client: Client, carol: Person, bob: Person, cycle: Cycle
) -> None:
    first = make_objective(bob, cycle)
    make_key_result(first, carol, "Half", measure=make_measure(PERCENT, value=50))
    make_key_result(first, bob, "Over", measure=make_measure(PERCENT, value=150))
    make_objective(bob, cycle, "Nothing yet")
    client.sign_in(carol)
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert page.h1 == "OKRs, Spring"
    assert "Day 51 of 101: 50 % expected, 38 % progress." in page.text
    assert "2 objectives, 2 key results" in page.text
    rows = [row for row in page.all(".row") if "legend" not in row.classes]
    assert [row["id"] for row in rows] == [
        "objective-row-1",
        "key-result-row-1",
        "key-result-row-2",
        "objective-row-2",
    ]
    assert [row.one(".pct").text for row in rows] == ["75 %", "50 %", "150 %", "0 %"]
    assert rows[2].one(".status").text.startswith("On track")
    assert "target met" in rows[2].text
    assert rows[3].one(".status").text == "Not started"
    assert not any(row.all(".source") for row in rows)
    assert [one.text for one in page.all(".legend span")] == [
        *("Item", "Value", "Progress", "Status", "Counted"),
    ]
    assert rows[1].one(".bar")["aria-label"] == "50 % progress, 50 % expected by today: On track"


def test_what_runs_beside_a_cycle_is_led_to(client: Client, bob: Person, cycle: Cycle) -> None:
    over = make_cycle("Over", date(2025, 1, 1), date(2025, 12, 31))
    make_cycle("2026", date(2026, 1, 1), date(2026, 12, 31))
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert "Also running: Q1 2026, 2026" in page.text
    assert client.page(page.link("2026")).h1 == "OKRs, 2026"
    for choice in ("all", over.id):
        assert "Also running" not in client.page(f"/okrs?cycle={choice}").text


def test_the_cycle_is_chosen_by_a_plain_form(client: Client, bob: Person, cycle: Cycle) -> None:
    make_objective(bob, cycle)
    client.sign_in(bob)
    page = client.page("/okrs")
    assert page.h1 == "OKRs, Q1 2026"
    assert "Nothing in Q1 2026 yet" in page.text
    answer = client.submit(page, "Show", {"cycle": str(cycle.id)})
    assert "People find us" in client.see(answer).text
    for wrong in ("99", "x", "9" * 30, ""):
        assert client.get(f"/okrs?cycle={wrong}").status_code == 404


@pytest.mark.parametrize(
    ("today", "line"),
    [
        (date(2025, 12, 1), "Begins 1 Jan 2026."),
        (date(2026, 5, 1), "Ended 11 Apr 2026: 0 % progress."),
    ],
)
def test_before_and_after_a_cycle(
    client: Client,
    bob: Person,
    objective: Objective,
    today: date,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Workspace, "today", lambda _workspace: today)
    client.sign_in(bob)
    assert line in client.page(f"/okrs?cycle={objective.cycle_id}").text


def test_linked_rows_show_their_source(
    client: Client, bob: Person, cycle: Cycle, counted: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    path = f"/okrs?cycle={cycle.id}"
    row = client.page(path).one(f"#key-result-row-{counted.id}")
    assert row.one(".source").text == "Abacus not counted yet"
    assert row.one(".act a")["aria-label"] == "Recount Publish posts"
    assert "hx-get" not in row
    abacus.state = {"is_troubled": True, "note": "no beads match"}
    row = client.page(path).one(f"#key-result-row-{counted.id}")
    assert "stands still" in row.text
    assert "0 of 20 posts, no beads match" in row.text


def test_a_row_asks_again_while_it_is_counted(
    client: Client, bob: Person, cycle: Cycle, counted: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    abacus.state = {"is_busy": True}
    page = client.page(f"/okrs?cycle={cycle.id}")
    assert page.all("noscript meta")
    row = page.one(f"#key-result-row-{counted.id}")
    assert row["hx-get"] == f"/key-results/{counted.id}/row"
    assert row["hx-trigger"] == "every 1s"
    answer = client.get(row["hx-get"], htmx=True)
    assert "HX-Trigger" not in answer.headers
    abacus.state = {}
    answer = client.get(row["hx-get"], htmx=True)
    row = client.see_fragment(answer).one(f"#key-result-row-{counted.id}")
    assert "hx-trigger" not in row
    # The roll-up above it listens for this and asks for itself.
    event = f"objective-{counted.objective_id}-counted"
    assert answer.headers["HX-Trigger"] == event
    above = client.fragment(f"/objectives/{counted.objective_id}/row")
    assert above.one(".row")["hx-trigger"] == f"{event} from:document"


def statements_for(client: Client, path: str) -> int:
    with count_statements() as statements:
        client.page(path)
    return len(statements)


def add_items(count: int, bob: Person, cycle: Cycle) -> None:
    """Objectives of three key results each, all of them linked."""
    for number in range(count):
        objective = make_objective(bob, cycle, f"Objective {number}")
        for _ in range(3):
            key_result = make_key_result(objective, bob)
            db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    settle()


@pytest.mark.parametrize("path", ["/okrs?cycle={}", "/"])
def test_the_number_of_statements_does_not_grow(
    client: Client, bob: Person, cycle: Cycle, abacus: Abacus, path: str
) -> None:
    client.sign_in(bob)
    path = path.format(cycle.id)
    client.page(path)
    add_items(1, bob, cycle)
    few = statements_for(client, path)
    add_items(19, bob, cycle)
    abacus.questions = 0
    assert statements_for(client, path) == few <= 16
    assert abacus.questions == 1


def test_home_shows_what_is_mine(
    client: Client, bob: Person, carol: Person, cycle: Cycle, counted: KeyResult, abacus: Abacus
) -> None:
    over = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    make_objective(bob, over, "Long ago")
    make_key_result(make_objective(carol, cycle, "Carol's own"), bob, "Help Carol")
    client.sign_in(bob)
    page = client.page("/")
    ids = [row["id"] for row in page.all(".row") if "id" in row]
    assert ids == ["objective-row-1", "key-result-row-1", "key-result-row-2"]
    assert page.one("#key-result-row-2 .under").text == "Carol's own"


def test_home_lists_what_needs_the_person(
    client: Client, alice: Person, bob: Person, counted: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    assert "Needs you" not in client.page("/").text
    # An item that stands still is only a need where its integration says so.
    abacus.state = {"sentence": "The abacus is gone.", "is_troubled": True}
    assert "Needs you" not in client.page("/").text
    abacus.needed = [
        Need("The abacus is gone", "Choose another.", "/beads/7", "Choose again"),
        Need("<b>Beads</b>", "<i>Lost</i>", "/beads/8?a=1&b=2", "Look"),
    ]
    page = client.page("/")
    assert [one.text for one in page.all(".needs h3")] == ["The abacus is gone", "<b>Beads</b>"]
    assert [one.text for one in page.all(".needs p")] == ["Choose another.", "<i>Lost</i>"]
    assert page.link("Choose again") == "/beads/7"
    assert page.link("Look") == "/beads/8?a=1&b=2"
    assert "<i>" not in page.html
    # Whoever disables an integration does so on purpose.
    switch("abacus", False, alice)
    db.session.commit()
    assert "Needs you" not in client.page("/").text


def test_an_open_home_learns_of_what_needs_the_person(
    client: Client, bob: Person, counted: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    calm = client.page("/").one("#needs-told")
    assert calm.text == "Day 51 of 90 in Q1 2026." and calm["hx-trigger"] == "every 30s"
    assert client.get(calm["hx-get"], htmx=True).status_code == 204
    abacus.needed = [Need("A bead is gone", "It fell off.", "/okrs", "Look for it")]
    line = client.fragment(calm["hx-get"]).one("#needs-told")
    assert line.text == "What needs you has changed"
    assert client.get(line["hx-get"], htmx=True).status_code == 204
    page = client.page(line.one("a")["href"])
    assert page.one(".needs h3").text == "A bead is gone"
    assert client.get(page.one("#needs-told")["hx-get"], htmx=True).status_code == 204
    abacus.needed = []
    assert client.fragment(line["hx-get"]).one("#needs-told").text == calm.text
    assert client.get("/needs").headers["Location"] == "/"


def test_an_empty_home_teaches_the_next_step(
    client: Client, alice: Person, bob: Person, abacus: Abacus
) -> None:
    client.sign_in(bob)
    page = client.page("/")
    assert "Nothing of yours runs in Q1 2026" in page.text
    assert page.link("New objective") == "/objectives/new"
    client.sign_in(alice)
    assert "enable an integration" not in client.page("/").text


def test_an_admin_is_sent_to_the_integrations_first(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    assert client.page("/").link("enable an integration") == "/admin/integrations"


def test_lists_are_for_those_signed_in(client: Client, workspace: Workspace) -> None:
    for path in ("/", "/okrs", "/cycles", "/objectives/1/row", "/key-results/1/row"):
        assert client.get(path).headers["Location"].startswith("/login")
