"""The page "Which cards": what counts now or counted then, what does not and why, what changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
from flask import Flask
from sqlalchemy import delete, select

from app.accounts.models import Person, workspace
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import PERCENT, Evidence
from app.trello.board_copies import keep_copy
from app.trello.counting import Criteria
from app.trello.models import BoardCopy, Connection, Past, TrelloSource
from app.trello.past.points import CountedCard, CountPoint, Names, pack
from app.trello.sources import apply_snapshot, freeze_disallowed, relink
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements
from tests.trello.boards import BOARD, board, card, snapshot, trello_list
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"


@dataclass
class Item:
    """A key result of Alice's, counted on a board that changes by the hour since `start`."""

    app: Flask
    source_id: int
    path: str
    start: datetime
    hours: int = 0

    @property
    def cards(self) -> str:
        return f"/trello/sources/{self.source_id}/cards"

    def count(self, *cards: dict[str, Any], **values: Any) -> str:
        """Count an hour later; the moment as it stands in addresses."""
        later = self.start + timedelta(hours=self.hours)
        self.hours += 1
        with self.app.app_context():
            source = db.session.get_one(TrelloSource, self.source_id)
            whole = snapshot(board(list(cards), **values), later)
            apply_snapshot(db.session(), source.board, [source], whole)
            keep_copy(db.session(), source.board.connection_id, whole)
            db.session.commit()
        return f"{later:%Y-%m-%dT%H:%M:%S.%fZ}"

    def forget_copy(self) -> None:
        with self.app.app_context():
            db.session.execute(delete(BoardCopy))
            db.session.commit()


def make_item(app: Flask, owner: Person, criteria: Criteria, kind: str = "kpi") -> Item:
    start = utcnow() - timedelta(hours=5)
    with app.app_context():
        connection = db.session.scalar(select(Connection)) or make_connection(owner)
        key_result = make_key_result(make_objective(owner), kind)
        source = make_source(key_result.measure, connection, criteria)
        source.versions[0].made_at = start - timedelta(days=1)
        db.session.commit()
        return Item(app, source.id, f"/key-results/{key_result.id}", start)


@pytest.fixture
def item(app: Flask, alice: Person) -> Item:
    return make_item(app, alice, Criteria(list_ids=("done",)))


def rows(page: Page, section: str) -> list[list[str]]:
    """The cards of a section, as the texts of their cells."""
    (found,) = page.all(f"section[aria-labelledby={section}-title]")
    return [
        [cell.text for cell in row.children if not isinstance(cell, str)]
        for row in found.all("tbody tr")
    ]


def changes(page: Page) -> list[str]:
    return [one.text for one in page.all("#changes li div")]


def test_the_item_leads_to_the_cards_that_count_and_says_why_the_others_do_not(
    client: Client, bob: Person, app: Flask, alice: Person
) -> None:
    criteria = Criteria(
        list_ids=("done",),
        member_ids=("mina",),
        label_ids=("blog",),
        excluded_label_ids=("story",),
        completion="completed",
        due="has",
    )
    item = make_item(app, alice, criteria)
    right = {
        "idMembers": ["mina"],
        "idLabels": ["blog"],
        "dueComplete": True,
        "due": "2026-11-01T10:00:00.000Z",
    }
    item.count(
        card("done", name="Right", **right),
        card("todo", name="List", **right),
        card("done", name="Owner", **right | {"idMembers": ["tom"]}),
        card("done", name="Nobody", **right | {"idMembers": []}),
        card("done", name="Label", **right | {"idLabels": ["red"]}),
        card("done", name="Excluded", **right | {"idLabels": ["blog", "story"]}),
        card("done", name="Open", **right | {"dueComplete": False}),
        card("done", name="Undated", **right | {"due": None}),
        card("done", name="Archived", **right | {"closed": True}),
        card("old", name="In old", **right),
        card("done", name="Template", **right | {"isTemplate": True}),
        card("done", name="Mirror", **right | {"cardRole": "mirror"}),
    )
    client.sign_in(bob)
    (link,) = [
        one for one in client.page(item.path).all("#source-panel a") if one.text == "Which cards"
    ]
    page = client.page(link["href"])
    assert rows(page, "counted") == [["Right", "Done", "blog", "Mina Lund", "completed"]]
    no_card = "a template, or only looks like a card (separator, mirror, link)"
    assert {row[0]: row[-1] for row in rows(page, "others")} == {
        "List": "in another list",
        "Owner": "owned by others",
        "Nobody": "owned by nobody",
        "Label": "labelled otherwise",
        "Excluded": "labelled story, which is left out",
        "Open": "not completed",
        "Undated": "without a due date",
        "Archived": "archived",
        "In old": "its list is archived; in another list",
        "Template": no_card,
        "Mirror": no_card,
    }
    assert "1 card, completed." in page.text
    assert "owned by Mina Lund, labelled blog, not labelled story, completed" in page.text
    assert "11 cards on the board" in page.text
    assert "1 of them is left out only because it is archived" in page.text
    assert page.link("Publish posts") == item.path


def test_what_entered_and_left_stands_at_each_change_the_newest_first(
    client: Client, bob: Person, item: Item
) -> None:
    first, second, third = (card("done", name=name) for name in ("One", "Two", "Three"))
    item.count(first, second)
    item.count(second, third)
    item.count(second, {**third, "dueComplete": True})
    client.sign_in(bob)
    assert changes(client.page(item.cards)) == [
        "2 cards, 1 of them completed Completed or reopened: 1 (Three completed)",
        "2 cards, none of them completed Entered: 1 (Three) Left: 1 (One)",
        "2 cards, none of them completed: the first count",
    ]


def test_a_past_moment_shows_the_cards_of_then_and_leads_on(
    client: Client, bob: Person, item: Item
) -> None:
    first, second, third = (card("done", name=name) for name in ("One", "Two", "Three"))
    moments = [item.count(first), item.count(first, second), item.count(third)]
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": moments[1]})
    assert [row[0] for row in rows(page, "counted")] == ["One", "Two"]
    assert changes(page) == ["2 cards, none of them completed Entered: 1 (Two)"]
    assert not page.all("#others")
    before = client.page(page.link("Previous change"))
    assert [row[0] for row in rows(before, "counted")] == ["One"]
    after = client.page(page.link("Next change"))
    assert [row[0] for row in rows(after, "counted")] == ["Three"]
    assert not after.named("Next change")
    assert page.link("Now") == item.cards
    now = client.page(item.cards)
    (there,) = [one for one in now.all("#changes li a") if one.all("time")][-1:]
    assert [row[0] for row in rows(client.page(there["href"]), "counted")] == ["One"]


def test_cards_that_count_now_are_told_as_they_are_now_and_those_of_then_as_they_were(
    client: Client, app: Flask, alice: Person
) -> None:
    item = make_item(app, alice, Criteria(list_ids=("done", "todo")))
    one = card("done", name="One", idLabels=["blog"], idMembers=["mina"])
    two = card("done", name="Two")
    moment = item.count(one, two)
    renamed = {"name": "Renamed", "idList": "todo", "idLabels": ["story"], "idMembers": ["tom"]}
    item.count(
        one | renamed | {"shortUrl": "https://trello.com/c/moved"},
        two,
        lists=[trello_list("done", "Finished"), trello_list("todo", "Next")],
    )
    client.sign_in(alice)
    page = client.page(item.cards)
    assert rows(page, "counted") == [
        ["Two", "Finished", "", "", "not completed"],
        ["Renamed", "Next", "story", "Tom Okafor", "not completed"],
    ]
    assert page.link("Renamed") == "https://trello.com/c/moved"
    assert changes(page) == ["2 cards, none of them completed: the first count"]
    then = client.page(item.cards, query_string={"at": moment})
    assert rows(then, "counted") == [
        ["One", "Done", "blog", "Mina Lund", "not completed"],
        ["Two", "Done", "", "", "not completed"],
    ]


def test_a_copy_newer_than_the_last_count_does_not_contradict_the_figure(
    client: Client, bob: Person, item: Item, trello: responses.RequestsMock
) -> None:
    one, gone = card("done", name="One"), card("done", name="Gone")
    item.count(one, gone)
    item.forget_copy()
    trello.get(ADDRESS, json=board([one | {"name": "Renamed", "dueComplete": True}]))
    client.sign_in(bob)
    page = client.page(item.cards)
    assert page.one("#figure").text == "2 cards, none of them completed."
    assert [(row[0], row[-1]) for row in rows(page, "counted")] == [
        ("Gone", "not completed"),
        ("Renamed", "not completed"),
    ]


@pytest.mark.parametrize("how", ["{}", "{}+00:00", "{} 00:00", "{}Z"])
def test_moments_are_read_however_they_are_written(
    client: Client, bob: Person, item: Item, how: str
) -> None:
    moment = item.count(card("done", name="One")).partition(".")[0]
    item.count()
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": how.format(moment)})
    assert [row[0] for row in rows(page, "counted")] == ["One"]


@pytest.mark.both_databases
@pytest.mark.parametrize("number", ["9" * 25, "-" + "9" * 25])
def test_numbers_beyond_the_databases_are_no_error(
    client: Client, bob: Person, item: Item, number: str
) -> None:
    item.count(card("one"))
    client.sign_in(bob)
    client.page(item.cards, query_string={"before": number})


@pytest.mark.parametrize("bad", ["", "yesterday", "2026-13-01", "1", "\0", "\ud800", "2026" * 999])
def test_what_is_no_moment_is_not_found(client: Client, bob: Person, item: Item, bad: str) -> None:
    client.sign_in(bob)
    bad = bad.encode("utf-8", "surrogatepass")
    client.page(item.cards, status=404, query_string={"at": bad})


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "edge",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00-23:59",
        "0001-01-01T04:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_the_edges_of_the_calendar_are_not_found(
    client: Client, app: Flask, bob: Person, item: Item, edge: str, zone: str
) -> None:
    with app.app_context():
        workspace().time_zone = zone
        db.session.commit()
    client.sign_in(bob)
    client.page(item.cards, status=404, query_string={"at": edge})


def test_a_moment_before_everything_says_that_nothing_is_known(
    client: Client, bob: Person, item: Item
) -> None:
    item.count(card("done"))
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": "2020-01-01T00:00:00Z"})
    assert "Nothing is known of what counted at that moment." in page.text
    assert page.link("First count")


def test_a_moment_before_the_link_shows_the_rebuilt_past(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    item.count(card("done", name="Counted"))
    began = item.start - timedelta(days=10)
    with app.app_context():
        past = db.session.scalars(select(Past)).one()
        names = Names({"done": "Done"}, {}, {}, {"c1": ("Rebuilt", "https://trello.com/c/1")})
        then = CountedCard("c1", "done", (), (), True)
        past.status, past.reaches_to = "done", began
        past.payload = pack([CountPoint(began, 1, 1, (then,), ())], names)
        db.session.commit()
    client.sign_in(bob)
    day_after = (began + timedelta(days=1)).isoformat()
    page = client.page(item.cards, query_string={"at": day_after})
    assert [row[0] for row in rows(page, "counted")] == ["Rebuilt"]
    assert "1 card, completed." in page.text and "Rebuilt from the board's activity" in page.text
    counted = client.page(page.link("First count"))
    assert [row[0] for row in rows(counted, "counted")] == ["Counted"]
    earlier = (began - timedelta(days=1)).isoformat()
    page = client.page(item.cards, query_string={"at": earlier})
    assert "Nothing is known" in page.text


def rebuild(item: Item, *days: dict[str, bool]) -> list[str]:
    """A past of one point a day: which cards counted then, and whether they were completed."""
    began, before, told = item.start - timedelta(days=10), dict[str, bool](), []
    for number, cards in enumerate(days):
        came = [key for key in cards if cards[key] is not before.get(key)]
        # On the last day a card only moves on, which is a point, but no change.
        came = came or ([] if cards != before else list(cards)[:1])
        told.append(
            CountPoint(
                began + timedelta(days=number),
                len(cards),
                sum(cards.values()),
                tuple(CountedCard(key, "done", (), (), cards[key]) for key in came),
                tuple(key for key in before if key not in cards),
            )
        )
        before = cards
    ever = sorted({key for cards in days for key in cards})
    names = Names({"done": "Done"}, {}, {}, {key: (key, "https://trello.com/c/1") for key in ever})
    with item.app.app_context():
        past = db.session.scalars(select(Past)).one()
        past.status, past.reaches_to, past.payload = "done", began, pack(told, names)
        db.session.commit()
    return [point.moment.isoformat() for point in told]


STEPS = (
    "1 card: as far back as is known",
    "2 cards, none of them completed Entered: 1 (Two)",
    "2 cards, 1 of them completed Completed or reopened: 1 (One completed)",
    "1 card Left: 1 (One)",
)
PAST = ({"One": False}, {"One": False, "Two": False}, {"One": True, "Two": False}, {"Two": False})


def test_the_rebuilt_past_is_stepped_through_to_the_first_count_and_back(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    moments = rebuild(item, *PAST, PAST[-1])
    item.count(card("done", name="Own"))
    item.count()
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": moments[0]})
    assert not page.named("Previous change")
    seen = changes(page)
    while page.named("Next change"):
        assert page.one("h1").text == "Which cards would have counted"
        page = client.page(page.link("Next change"))
        seen += changes(page)
    assert tuple(seen) == STEPS
    page = client.page(page.link("First count"))
    assert changes(page) == ["1 card: the first count"]
    assert page.named("Next change") and "Rebuilt" not in page.text
    seen = []
    while page.named("Previous change"):
        page = client.page(page.link("Previous change"))
        seen += changes(page)
    assert tuple(seen) == STEPS[::-1]
    assert [row[0] for row in rows(page, "counted")] == ["One"]


def test_the_list_of_changes_ends_with_the_way_into_the_rebuilt_past(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    item.count(card("done", name="Own"))
    client.sign_in(bob)
    assert "Before the link" not in client.page(item.cards).text
    rebuild(item, *PAST)
    page = client.page(item.cards)
    told = "Before the link: 3 changes rebuilt from the board's activity."
    assert page.one("#before-link").text == told
    last = client.page(page.link("3 changes"))
    assert changes(last) == [STEPS[-1]] and last.named("First count")


def test_before_the_rebuilt_past_begins_the_way_leads_into_it(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    rebuild(item, *PAST)
    item.count(card("done", name="Own"))
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": "2020-01-01T00:00:00Z"})
    assert "Nothing is known of what counted at that moment." in page.text
    assert changes(client.page(page.link("Next change"))) == [STEPS[0]]


def test_counts_only_hides_the_cards_of_the_rebuilt_past_too(
    client: Client, app: Flask, carol: Person, item: Item
) -> None:
    moments = rebuild(item, *PAST)
    with app.app_context():
        db.session.get_one(TrelloSource, item.source_id).shows_cards = False
        db.session.commit()
    client.sign_in(carol)
    page = client.page(item.cards, query_string={"at": moments[1]})
    assert changes(page) == ["2 cards, none of them completed Entered: 1"]
    assert "Two" not in page.html and "One" not in page.html


@pytest.mark.both_databases
def test_a_long_past_costs_as_many_statements_as_a_short_one(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    first = item.count(card("done"))
    client.sign_in(bob)

    def statements(days: int) -> list[int]:
        moments = rebuild(item, *({"One": number % 2 == 0} for number in range(days)))
        found = []
        for query in ({}, {"at": first}, {"at": moments[-1]}):
            with count_statements() as made:
                client.page(item.cards, query_string=query)
            found.append(len(made))
        return found

    statements(2)
    assert statements(2) == statements(9)


def test_a_moment_to_come_is_now(client: Client, bob: Person, item: Item) -> None:
    item.count(card("done", name="One"), card("todo", name="Other"))
    client.sign_in(bob)
    ahead = (utcnow() + timedelta(days=1)).isoformat()
    for moment in (ahead, "9999-12-31T23:59:59Z"):
        page = client.page(item.cards, query_string={"at": moment})
        assert page.one("h1").text == "Which cards count" and page.one("#others")
        assert not page.named("Now")


def test_a_point_without_a_change_of_figures_has_its_own_moment(
    client: Client, bob: Person, item: Item
) -> None:
    one, two, three = card("done", name="One"), card("done", name="Two"), card("done", name="Three")
    item.count(one, two)
    moment = item.count(one, three)
    client.sign_in(bob)
    page = client.page(item.cards, query_string={"at": moment})
    assert changes(page) == ["2 cards, none of them completed Entered: 1 (Three) Left: 1 (Two)"]


def test_hostile_names_are_text_and_foreign_addresses_no_links(
    client: Client, bob: Person, item: Item
) -> None:
    item.count(
        card("done", name="<script>alert(1)</script>", shortUrl="javascript:alert(1)"),
        card("done", name=" ", shortUrl="https://trello.com.evil.example/c/1"),
        card("todo", name="<b>bold</b>", shortUrl="https://evil.example/"),
        card("done", name="Fine"),
    )
    client.sign_in(bob)
    page = client.page(item.cards)
    names = [row[0] for row in rows(page, "counted")]
    assert sorted(names) == ["<script>alert(1)</script>", "Fine", "unnamed card"]
    assert rows(page, "others")[0][0] == "<b>bold</b>"
    assert page.link("Fine").startswith("https://trello.com/c/")
    assert not [one for one in page.all("a") if "evil" in one["href"] or "script" in one["href"]]


def test_criteria_of_then_are_told_and_a_recount_is_marked(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    here, there = card("done", name="Here"), card("todo", name="There")
    moment = item.count(here, there)
    with app.app_context():
        source = db.session.get_one(TrelloSource, item.source_id)
        relink(source, source.board, Criteria(list_ids=("todo",)), alice)
        source.versions[-1].made_at = item.start + timedelta(minutes=30)
        db.session.commit()
    item.count(here, there)
    client.sign_in(alice)
    page = client.page(item.cards)
    assert "Cards on Content calendar in Todo." in page.text
    assert "counted by new criteria" in changes(page)[0]
    then = client.page(item.cards, query_string={"at": moment})
    assert "Cards on Content calendar in Done." in then.text


def test_percent_complete_says_the_share(client: Client, app: Flask, alice: Person) -> None:
    item = make_item(app, alice, Criteria(), PERCENT)
    item.count(card("done", dueComplete=True), card(), card())
    client.sign_in(alice)
    assert "3 cards, 1 of them completed: 33.3 %." in client.page(item.cards).text


def test_thousands_of_cards_are_shown_in_part_until_asked_for(
    client: Client, bob: Person, item: Item
) -> None:
    many = [card("done", name=f"Post {number:04}") for number in range(900)]
    item.count(*many, *(card() for _ in range(900)))
    client.sign_in(bob)
    answer = client.get(item.cards)
    page = client.see(answer)
    assert len(rows(page, "counted")) == len(rows(page, "others")) == 200
    assert "and 700 more" in page.text and len(answer.data) < 250_000
    links = [one["href"] for one in page.named("Show all cards")]
    assert len(rows(client.page(links[0]), "counted")) == 900


def test_many_changes_are_shown_page_by_page(client: Client, bob: Person, item: Item) -> None:
    for number in range(35):
        item.count(card("done", name=f"Post {number}"))
    client.sign_in(bob)
    page = client.page(item.cards)
    assert len(changes(page)) == 30
    older = client.page(page.link("Earlier changes"))
    assert len(changes(older)) == 5 and not older.named("Earlier changes")
    assert [row[0] for row in rows(older, "counted")] == ["Post 34"]


@pytest.mark.both_databases
def test_the_page_costs_as_many_statements_for_many_changes_as_for_few(
    client: Client, bob: Person, item: Item
) -> None:
    cards = [card("done") for _ in range(10)]
    client.sign_in(bob)

    def statements() -> tuple[int, int]:
        with count_statements() as now:
            client.page(item.cards)
        with count_statements() as then:
            client.page(item.cards, query_string={"at": utcnow().isoformat()})
        return len(now), len(then)

    moments = [item.count(*cards[: 10 - number % 2]) for number in range(2)]
    few = statements()
    moments += [item.count(*cards[: 10 - number % 2]) for number in range(40)]
    assert statements() == few and len(set(moments)) == 42


def test_without_a_kept_copy_the_board_is_asked_for_once(
    client: Client, bob: Person, item: Item, trello: responses.RequestsMock
) -> None:
    item.count(card("done", name="One"))
    item.forget_copy()
    trello.get(ADDRESS, json=board([card("done", name="Newer"), card("todo", name="Other")]))
    client.sign_in(bob)
    page = client.page(item.cards)
    assert [row[0] for row in rows(page, "counted")] == ["One"]
    assert {row[0]: row[-1] for row in rows(page, "others")} == {
        "Newer": "it matches by now, and counts from the next sync on",
        "Other": "in another list",
    }
    client.page(item.cards)
    assert len(trello.calls) == 1


def test_while_trello_is_away_what_counts_is_still_shown(
    client: Client, bob: Person, item: Item, trello: responses.RequestsMock
) -> None:
    item.count(card("done", name="One"))
    item.forget_copy()
    trello.get(ADDRESS, status=503)
    client.sign_in(bob)
    page = client.page(item.cards)
    assert [row[0] for row in rows(page, "counted")] == ["One"]
    assert "The other cards on the board can't be shown now." in page.one("#others").text


def test_while_trello_is_disabled_nothing_is_asked_of_it(
    client: Client, app: Flask, alice: Person, item: Item, trello: responses.RequestsMock
) -> None:
    item.count(card("done", name="One"))
    item.forget_copy()
    with app.app_context():
        switch("trello", False, alice)
        db.session.commit()
    client.sign_in(alice)
    page = client.page(item.cards)
    assert "Trello is disabled by an admin" in page.one("#others").text
    assert len(trello.calls) == 0


@pytest.mark.parametrize("has_copy", [True, False])
def test_what_the_connection_shows_no_more_is_neither_kept_in_sight_nor_asked_for(
    client: Client, bob: Person, item: Item, trello: responses.RequestsMock, has_copy: bool
) -> None:
    item.count(card("done", name="One"), card("todo", name="Beside it"))
    if not has_copy:
        item.forget_copy()
    connection = db.session.scalars(select(Connection)).one()
    connection.shows_all_boards = False
    freeze_disallowed(connection)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(item.cards)
    assert [row[0] for row in rows(page, "counted")] == ["One"]  # its cards, as they were counted
    assert "This connection may no longer show that board." in page.one("#others").text
    assert "Beside it" not in page.text
    assert len(trello.calls) == 0


def test_counts_only_hides_the_cards_from_those_who_may_not_edit(
    client: Client, alice: Person, carol: Person, item: Item
) -> None:
    secret = card("done", name="Secret")
    moment = item.count(secret, card("todo", name="Hidden"))
    item.count(secret, card("done", name="Later secret"))
    client.sign_in(alice)
    page = client.follow(client.submit(client.page(item.cards), "Show counts only"))
    assert page.flashes == ["Others see counts only from now on."]
    assert "Secret" in page.text and page.named("Show the cards")
    client.sign_in(carol)
    for query in ({}, {"at": moment}, {"all": "1"}):
        page = client.page(item.cards, query_string=query)
        for name in ("Secret", "Hidden", "Later"):
            assert name not in page.html
        assert not page.named("Show the cards")
        assert "For this item only the counts are shown." in page.text
    assert "2 cards, none of them completed Entered: 1" in changes(client.page(item.cards))[0]
    client.sign_in(alice)
    page = client.follow(client.submit(client.page(item.cards), "Show the cards"))
    client.sign_in(carol)
    assert "Secret" in client.page(item.cards).text


def newest(page: Page) -> list[list[str]]:
    """The cards on the item's own page: name, list, owners, labels, since when."""
    return [
        [cell.text for cell in row.children if not isinstance(cell, str)]
        for row in page.all("#source-panel tbody tr")
    ]


def test_the_item_itself_names_the_five_cards_that_began_to_count_last(
    client: Client, bob: Person, item: Item
) -> None:
    first = [card("done", name=name) for name in ("Ash", "Birch", "Cedar", "Elm", "Fir")]
    item.count(*first)
    later = card("done", name="Zelkova", idMembers=["mina"], idLabels=["blog"])
    item.count(*first, later)
    at = item.start + timedelta(hours=1)
    client.sign_in(bob)
    assert newest(client.page(item.path)) == [
        ["Zelkova", "Done", "Mina Lund", "blog", f"{at.day} {at:%b %Y, %H:%M}"],
        *[[name, "Done", "", "", "the first count"] for name in ("Ash", "Birch", "Cedar", "Elm")],
    ]


def test_no_card_is_named_on_an_item_that_counts_none(
    client: Client, bob: Person, item: Item
) -> None:
    item.count(card("todo"))
    client.sign_in(bob)
    assert newest(client.page(item.path)) == []


def test_counts_only_hides_the_cards_on_the_item_itself(
    client: Client, alice: Person, carol: Person, item: Item
) -> None:
    item.count(card("done", name="Secret"))
    client.sign_in(alice)
    client.submit(client.page(item.cards), "Show counts only")
    assert "Secret" in client.page(item.path).text
    client.sign_in(carol)
    assert "Secret" not in client.page(item.path).html


def test_the_timeline_says_who_chose_what_others_see(
    client: Client, alice: Person, item: Item
) -> None:
    item.count(card("done", name="One"))
    client.sign_in(alice)
    for button in ("Show counts only", "Show the cards"):
        client.submit(client.page(item.cards), button)
    client.post(f"{item.cards.removesuffix('cards')}show-cards")  # as it is already
    said = [line.text for line in client.page(item.path).all(".timeline div")]
    assert said[:2] == [
        "Alice Adams changed what others see: counts only → its cards",
        "Alice Adams changed what others see: its cards → counts only",
    ]
    assert sum("what others see" in line for line in said) == 2


@pytest.mark.parametrize("action", ["hide-cards", "show-cards"])
def test_who_may_not_edit_may_not_choose_who_sees_the_cards(
    client: Client, app: Flask, carol: Person, dave: Person, item: Item, action: str
) -> None:
    address = f"/trello/sources/{item.source_id}/{action}"
    client.sign_in(carol)
    assert not client.page(item.cards).named("Show counts only")
    assert client.post(address).status_code == 403
    assert client.send("GET", address).status_code == 405
    assert client.send("POST", address).status_code == 400  # without the token
    assert client.post(f"/trello/sources/{2**40}/{action}").status_code == 404
    client.sign_in(dave)
    assert client.post(address).status_code == 302  # to the sign-in form
    with app.app_context():
        assert db.session.get_one(TrelloSource, item.source_id).shows_cards


def test_sources_that_are_not_there_and_items_that_are_deleted_are_not_found(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    client.page("/trello/sources/999/cards", status=404)
    client.page(f"/trello/sources/{2**40}/cards", status=404)
    with app.app_context():
        source = db.session.get_one(TrelloSource, item.source_id)
        source.measure.item.deleted_at = utcnow()
        db.session.commit()
    client.page(item.cards, status=404)


def test_a_source_that_ended_shows_what_it_counted_last(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    item.count(card("done", name="One"))
    with app.app_context():
        db.session.get_one(TrelloSource, item.source_id).ended_at = utcnow()
        db.session.commit()
    client.sign_in(alice)
    page = client.page(item.cards)
    assert [row[0] for row in rows(page, "counted")] == ["One"]
    assert "This source stopped counting on" in page.text


def test_before_the_first_count_the_page_says_so(
    client: Client, alice: Person, item: Item, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board([card("todo", name="Other")]))
    client.sign_in(alice)
    page = client.page(item.cards)
    assert "Nothing was counted yet." in page.text
    assert [row[0] for row in rows(page, "others")] == ["Other"]
    with client.app.app_context():
        assert db.session.scalar(select(Evidence.id)) is None
