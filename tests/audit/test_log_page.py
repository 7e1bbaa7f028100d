"""Admin, Audit log: what it shows, to whom, and how it is narrowed down."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import db, utcnow
from tests.audit.entries import make_entry
from tests.okrs.items import make_cycle, make_key_result, make_objective
from tests.support.sql import count_statements
from tests.trello.connections import make_connection

PATH = "/admin/audit"


def shown(page):
    """The ids of the entries on the page, from top to bottom."""
    return [int(row["id"].removeprefix("entry-")) for row in page.all("#entries tbody tr")]


def live_in(zone, person):
    db.session.add(person)
    person.time_zone = zone
    db.session.commit()


@pytest.fixture
def admin(client, alice):
    client.sign_in(alice)
    return alice


def test_members_do_not_see_the_log(client, bob):
    client.sign_in(bob)
    assert client.get(PATH).status_code == 403
    assert client.get(f"{PATH}.csv").status_code == 403
    assert PATH not in client.page("/").html


def test_admins_find_it_in_the_navigation(client, admin):
    assert client.page("/").link("Audit log") == PATH


def test_an_entry_says_who_did_what_when_and_from_where(client, admin, bob):
    at = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)
    entry = make_entry(
        bob, "cycle.created", "cycle", 99, "Spring", at=at, detail={"days": "1 Jan to 2 Feb"}
    )
    row = client.page(PATH).one(f"#entry-{entry.id}").text
    assert row == (
        "21 Nov 2026, 16:05 Bob Brown created the cycle Spring days: 1 Jan to 2 Feb 203.0.113.9"
    )


def test_details_are_told_in_words(client, admin):
    entry = make_entry(
        action="connection.shared",
        detail={
            "before": "private",
            "after": "",
            "changed": ["owner: Bob Brown → Carol Clark"],
            "item_count": 3,
            "boards": ["Launch", "Support"],
        },
    )
    details = client.page(PATH).one(f"#entry-{entry.id}").all("td")[2].text
    assert details == (
        "private → nothingowner: Bob Brown → Carol Clarkitem count: 3boards: Launch, Support"
    )


def test_what_happened_without_an_account_says_so(client, admin):
    unknown = make_entry(None, "person.refused")
    known = make_entry(None, "person.refused", "person", admin.id, "Alice Adams")
    page = client.page(PATH)
    assert (
        "Someone not signed in was refused at sign-in 203" in page.one(f"#entry-{unknown.id}").text
    )
    assert "was refused at sign-in: Alice Adams" in page.one(f"#entry-{known.id}").text


def test_nobody_is_named_twice_for_what_they_did_to_themselves(client, admin, bob):
    own = make_entry(bob, "mail.changed", "person", bob.id, "Bob Brown", detail={"summary": "off"})
    row = client.page(PATH).one(f"#entry-{own.id}")
    assert row.text.count("Bob Brown") == 1
    assert "changed their mail summary: off" in row.text


def test_times_are_in_the_readers_zone(client, admin):
    live_in("Asia/Tokyo", admin)
    make_entry(at=datetime(2026, 11, 21, 16, 5, tzinfo=UTC))
    assert "22 Nov 2026, 01:05" in client.page(PATH).text


def test_things_are_linked_while_they_have_a_page(client, app, admin, bob):
    cycle = make_cycle()
    objective, gone = make_objective(bob, cycle), make_objective(bob, cycle, "Put away")
    key_result = make_key_result(objective, bob, "Publish posts")
    part_of_gone = make_key_result(gone, bob, "Part of it")
    gone.deleted_at = utcnow()
    db.session.commit()
    connection = make_connection(app, bob, name="Marketing")
    make_entry(bob, "objective.created", "objective", objective.id, "People find us")
    make_entry(bob, "objective.deleted", "objective", gone.id, "Put away")
    make_entry(bob, "key_result.created", "key_result", key_result.id, "Publish posts")
    make_entry(bob, "key_result.created", "key_result", part_of_gone.id, "Part of it")
    make_entry(bob, "cycle.created", "cycle", cycle.id, "Spring")
    make_entry(admin, "person.role_changed", "person", bob.id, "Bobby")
    make_entry(bob, "connection.made", "connection", connection.id, "Marketing")
    make_entry(bob, "invitation.withdrawn", "person", 998, "Nobody now")
    make_entry(bob, "connection.removed", "connection", 999, "Removed")
    make_entry(bob, "session.ended", "session", 1, "Firefox on Linux")
    page = client.page(PATH)
    links = {link.text: link["href"] for link in page.all("#entries td a")}
    assert links == {
        "People find us": f"/objectives/{objective.id}",
        "Publish posts": f"/key-results/{key_result.id}",
        "Spring": f"/okrs?cycle={cycle.id}",
        "Bobby": f"/admin/people/{bob.id}",
        "Marketing": f"/connections/{connection.id}",
    }
    for address in links.values():
        client.page(address)


def test_who_calls_themselves_like_another_is_told_apart(client, admin, bob):
    """Their name is theirs to choose, and stands in the log as it was then."""
    client.sign_in(bob)
    client.post("/profile", {"name": admin.name, "time_zone": ""})
    client.post("/profile/mail", {"mail_weekday": "1", "mail_hour": "9"})
    client.post("/profile", {"name": "command line", "time_zone": ""})
    by_nobody = make_entry(None, "admin.created", actor_name="command line")
    client.sign_in(admin)
    page = client.page(PATH)
    for action in ("mail.changed", "person.renamed"):
        entry = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        ).first()
        assert entry.actor_name == admin.name
        assert page.one(f"#entry-{entry.id} th a")["href"] == f"/admin/people/{bob.id}"
    assert page.one(f"#entry-{by_nobody.id} th").text == "command line"
    assert page.all(f"#entry-{by_nobody.id} a") == []


def test_names_are_text_and_nothing_else(client, admin):
    make_entry(name="<script>alert(1)</script>", detail={"note": "<img src=x onerror=alert(1)>"})
    page = client.page(PATH)
    assert "<script>alert(1)</script>" in page.one("#entries").text
    assert page.all("#entries script") == page.all("#entries img") == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["first", "second", "third"]),
        ("person=2", ["first", "third"]),
        ("person=nobody", ["second"]),
        ("action=cycle.created", ["first", "second"]),
        ("kind=objective", ["third"]),
        ("from=2026-03-02", ["second", "third"]),
        ("to=2026-03-02", ["first", "second"]),
        ("from=2026-03-02&to=2026-03-02", ["second"]),
        ("text=SPRING", ["first"]),
        ("text=brown", ["first", "third"]),
        ("text=Bücher", ["third"]),
        ("text=198.51", ["second"]),
        ("text=%25", []),
        ("text=%5C", []),
        ("person=2&kind=objective&from=2026-03-03&text=people", ["third"]),
        ("person=2&kind=objective&to=2026-03-02", []),
    ],
)
def test_the_address_narrows_the_log(client, admin, bob, query, found):
    def day(number):
        return datetime(2026, 3, number, 12, tzinfo=UTC)

    names = {
        make_entry(bob, "cycle.created", "cycle", 1, "Spring", at=day(1)).id: "first",
        make_entry(None, name="Winter", at=day(2), address="198.51.100.7").id: "second",
        make_entry(
            bob, "objective.shared", "objective", 1, "People find us", day(3),
            detail={"after": "Bücherwürmer"},
        ).id: "third",
    }  # fmt: skip
    assert bob.id == 2
    page = client.page(f"{PATH}?{query}")
    assert [names[one] for one in reversed(shown(page))] == found


def test_days_begin_and_end_in_the_readers_zone(client, admin):
    live_in("America/New_York", admin)  # five hours behind
    make_entry(name="the day before", at=datetime(2026, 3, 2, 4, 59, tzinfo=UTC))
    first = make_entry(name="first", at=datetime(2026, 3, 2, 5, 0, tzinfo=UTC))
    last = make_entry(name="last", at=datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
    make_entry(name="the day after", at=datetime(2026, 3, 3, 5, 0, tzinfo=UTC))
    assert shown(client.page(f"{PATH}?from=2026-03-02&to=2026-03-02")) == [last.id, first.id]


def test_the_form_keeps_what_was_asked_for(client, admin, bob):
    query = f"person={bob.id}&action=cycle.created&kind=cycle&from=2026-03-01&to=2026-03-02&text=x"
    page = client.page(f"{PATH}?{query}")
    fields = ("Person", "Did what", "To what", "From day", "To day", "Text")
    values = [page.field(label).value for label in fields]
    assert values == [str(bob.id), "cycle.created", "cycle", "2026-03-01", "2026-03-02", "x"]
    assert page.link("Show everything") == PATH
    assert "There is no such entry" in page.text


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("person=999", "Person"),
        ("person=x", "Person"),
        ("action=cycle.eaten", "Did what"),
        ("kind=cake", "To what"),
        ("from=yesterday", "From day"),
        ("from=0001-01-01", "From day"),
        ("to=9999-12-31", "To day"),
        ("from=2026-03-02&to=2026-03-01", "To day"),
        ("text=" + "x" * 201, "Text"),
        ("text=%00", "Text"),
    ],
)
def test_a_filter_that_makes_no_sense_shows_nothing_and_says_why(client, admin, query, label):
    make_entry()
    page = client.page(f"{PATH}?{query}", 422)
    assert page.error(label)
    assert page.all("#entries") == []


def test_a_page_holds_fifty_and_leads_to_the_next(client, admin, bob):
    entries = [make_entry(bob, name=f"Cycle {number}").id for number in range(101)]
    entries.append(make_entry(admin).id)  # of someone else, so on none of these pages
    newest = client.page(f"{PATH}?person={bob.id}")
    assert shown(newest) == entries[100:50:-1]
    middle = client.page(newest.link("Older"))
    assert shown(middle) == entries[50:0:-1]
    last = client.page(middle.link("Older"))
    assert shown(last) == [entries[0]]
    assert last.named("Older") == []
    assert shown(client.page(last.link("Newest"))) == shown(newest)


@pytest.mark.parametrize("before", ["-1", "0", "99999999999999999999", "x"])
def test_no_number_in_the_address_breaks_the_page(client, admin, before):
    make_entry()
    client.page(f"{PATH}?before={before}")


def test_the_page_asks_the_database_as_often_for_fifty_entries_as_for_one(client, admin, bob):
    objective = make_objective(bob, make_cycle())

    def entries(count):
        for number in range(count):
            at = utcnow() - timedelta(minutes=number)
            make_entry(bob, "objective.edited", "objective", objective.id, "Title", at)
            make_entry(bob, "person.renamed", "person", bob.id, "Bob", at)
            make_entry(bob, "connection.made", "connection", number, "Marketing", at)

    entries(1)
    client.page(PATH)
    with count_statements() as few:
        client.page(PATH)
    entries(20)
    with count_statements() as many:
        client.page(PATH)
    assert len(many) == len(few) <= 9
