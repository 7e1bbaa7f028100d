"""The linking form, step by step as plain forms: nothing is lost, and the server checks it all."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.models import Cycle, KeyResult
from app.trello.counting import Criteria
from app.trello.models import EVERYONE, PRIVATE, Board, Connection, TrelloSource
from app.trello.sources import criteria_of, link
from tests.okrs.items import given_readings
from tests.support.client import Client
from tests.support.html import Page
from tests.support.opened import opened, told
from tests.trello.boards import BOARD, board, card, label, member, trello_list
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

API = "https://api.trello.com/1"
BOARDS = f"{API}/members/me/boards"
ADDRESS = f"{API}/boards/{BOARD}"
CARDS = [
    card("done", name="Finished <script>alert(1)</script>", idLabels=["blog"], dueComplete=True),
    card("done", name="Another", idMembers=["mina"]),
    card("todo", name="Yet to do"),
    card("old", name="Long ago", dueComplete=True),
]


@pytest.fixture
def trello() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        names = [
            {"id": BOARD, "name": "Content calendar", "closed": False, "url": "https://x"},
            {"id": "f" * 24, "name": "Other", "closed": False, "url": "https://x"},
        ]
        mock.get(BOARDS, json=names)
        mock.get(ADDRESS, json=board(CARDS))
        yield mock


@pytest.fixture
def shared(app: Flask, alice: Person) -> Connection:
    with app.app_context():
        return make_connection(alice, sharing="everyone")


@pytest.fixture
def new(app: Flask, bob: Person, shared: Connection) -> str:
    """Where Bob makes a key result under his objective."""
    with app.app_context():
        return f"/objectives/{make_objective(bob).id}/key-results/new"


def begin(client: Client, person: Person, path: str, **typed: Any) -> Page:
    """The form once Trello was picked."""
    client.sign_in(person)
    page = client.page(path)
    changes = {"title": "Publish posts", "measure": "kpi", "target": "20"} | typed
    page = client.see(client.submit(page, "Connect data source to auto-update progress", changes))
    return client.see(client.submit(page, "Trello"))


def choose_board(client: Client, page: Page) -> Page:
    button = "Show its lists, owners and labels"
    return client.see(client.submit(page, button, {"trello_board": BOARD}))


def save(client: Client, page: Page, **changes: Any) -> Page:
    """Press Save and see the key result."""
    return client.follow(client.submit(page, "Save", changes))


def test_step_by_step_to_a_key_result_that_counts(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = begin(client, bob, new, description="Every week one")
    assert page.field("Title").value == "Publish posts"
    assert page.field("Description").value == "Every week one"
    assert page.field("Connection").options == {"Marketing, shared by Alice Adams": "1"}
    assert list(page.field("Board").options) == ["Choose a board", "Content calendar", "Other"]
    page = choose_board(client, page)
    assert list(page.field("List").options) == ["Any list", "Todo", "Done", "Old"]
    assert page.one("optgroup")["label"] == "Archived" and page.one("optgroup").text == "Old"
    assert list(page.field("Card owner").options) == [
        "Anyone",
        "Nobody",
        "Mina Lund",
        "Tom Okafor",
    ]
    assert list(page.field("Label").options) == [
        "Any or none",
        "No label",
        "blog",
        "red label",
        "story",
    ]
    page = client.see(
        client.submit(page, "Count with these choices", {"trello_list": ["", "done"]})
    )
    assert page.one("[data-preview-value]").text == "2"
    assert page.one("[data-preview-completed]").text == "1"
    assert "<script>alert" not in page.html and "Finished <script>" in page.one("#preview").text
    page = save(client, page)
    assert page.h1 == "Publish posts"
    assert page.one("[data-measure]")["data-value"] == "2.000000"
    assert page.one("[data-measure]")["data-progress"] == "10.000000"
    source = db.session.scalars(select(TrelloSource)).one()
    assert criteria_of(source) == Criteria(list_ids=("done",))
    assert len([call for call in trello.calls if call.request.url.startswith(ADDRESS)]) == 1


def test_the_preview_says_what_is_chosen(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new))
    assert page.one("[data-preview-words]").text == "Cards on Content calendar."
    assert "Every card on the board counts" in page.one("#preview").text
    choices = {"trello_list": ["", "done"], "trello_label": ["", "blog"]}
    page = client.see(client.submit(page, "Count with these choices", choices))
    assert "Every card" not in page.one("#preview").text
    assert (
        page.one("[data-preview-words]").text == "Cards on Content calendar in Done, labelled blog."
    )


def test_no_match_leads_on(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new))
    choices = {"trello_list": ["", "todo"], "trello_label": ["", "blog"]}
    page = client.see(client.submit(page, "Count with these choices", choices))
    preview = page.one("#preview").text
    assert "No cards match." in preview and "take back a choice" in preview
    assert not page.named("Use 0 as start")


def test_an_empty_board_is_called_so(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    trello.replace(responses.GET, ADDRESS, json=board([]))
    page = choose_board(client, begin(client, bob, new))
    assert "There is no card on this board yet." in page.one("#preview").text


def test_a_connection_that_trello_refuses(
    app: Flask,
    client: Client,
    alice: Person,
    bob: Person,
    shared: Connection,
    new: str,
    trello: responses.RequestsMock,
) -> None:
    trello.replace(responses.GET, BOARDS, status=401, body="invalid token")
    page = begin(client, bob, new)
    again = "Ask Alice Adams to do that, or choose another connection."
    assert "It has to be reconnected. " + again in page.one("[role=alert]").text
    (option,) = client.see(client.submit(page, "Reload boards")).field("Connection").options
    assert option == "Marketing, shared by Alice Adams (has to be reconnected)"
    page = begin(client, alice, new)
    assert page.one("[role=alert] a").text == "Reconnect"
    address = f"/connections/trello/new?reconnect={shared.id}"
    assert page.one("[role=alert] a")["href"] == address


def test_percent_complete_fixes_the_completion_status_and_says_why(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new, measure="percent"))
    completion = page.field("Completion status")
    assert "disabled" in completion and completion.value == "any"
    assert "completed share" in page.text
    page = save(client, page, trello_completion="completed", trello_list="done")
    assert page.one("[data-measure]")["data-value"] == "50.000000"
    assert criteria_of(db.session.scalars(select(TrelloSource)).one()).completion == "any"


def test_archived_matches_are_offered_and_can_be_counted(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new))
    assert "1 archived card matches too." in page.text
    page = client.see(client.submit(page, "Count them too"))
    assert page.one("[data-preview-value]").text == "4"
    assert page.field("Archived cards").value == "counted"


def test_the_count_is_offered_as_start_and_never_written_by_itself(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new))
    assert page.field("Start").value == "0"
    page = client.see(client.submit(page, "Use 3 as start"))
    assert page.field("Start").value == "3" and page.field("Board").value == BOARD


def test_another_board_drops_the_choices_made_on_the_first(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    other = board([card("inbox")], id="f" * 24, lists=[trello_list("inbox")])
    trello.get(f"{API}/boards/{'f' * 24}", json=other)
    page = choose_board(client, begin(client, bob, new))
    hasty = {"trello_list": "done", "trello_board": "f" * 24}
    assert "another board now" in client.see(client.submit(page, "Save", hasty), 422).error("Board")
    page = client.see(
        client.submit(
            page,
            "Show its lists, owners and labels",
            {"trello_list": "done", "trello_board": "f" * 24},
        )
    )
    assert page.one("[data-preview-value]").text == "1"
    assert page.field("List").value == [""]


@pytest.mark.parametrize(
    ("changes", "label_", "sentence"),
    [
        ({"trello_board": ""}, "Board", "Choose a board."),
        ({"trello_board": "a" * 24}, "Board", "no such open board"),
        ({"trello_board": "../members/me"}, "Board", "no such open board"),
        ({"trello_list": "made-up"}, "List", "no longer on the board"),
        ({"trello_list": "old"}, "List", "archived"),
        ({"trello_owner": "made-up"}, "Card owner", "no longer on the board"),
        ({"trello_label": "made-up"}, "Label", "no longer on the board"),
        ({"trello_not_label": "made-up"}, "Leave out cards with", "no longer on the board"),
        ({"trello_label": "blog", "trello_not_label": "blog"}, "Leave out cards with", "both"),
    ],
)
def test_what_the_board_does_not_have_is_refused_at_its_field(
    client: Client,
    bob: Person,
    new: str,
    trello: responses.RequestsMock,
    changes: dict[str, str],
    label_: str,
    sentence: str,
) -> None:
    page = choose_board(client, begin(client, bob, new))
    page = client.see(client.submit(page, "Save", changes), 422)
    assert sentence in page.error(label_)
    assert page.field("Title").value == "Publish posts"
    assert db.session.scalar(select(KeyResult)) is None


def test_a_board_the_connection_may_not_show_is_refused_by_the_server(
    client: Client,
    app: Flask,
    alice: Person,
    bob: Person,
    trello: responses.RequestsMock,
) -> None:
    with app.app_context():
        make_connection(alice, sharing="everyone", shows_all_boards=False)
        path = f"/objectives/{make_objective(bob).id}/key-results/new"
    page = begin(client, bob, path)
    assert list(page.field("Board").options) == ["Choose a board"]
    page = client.see(client.submit(page, "Save", {"trello_board": BOARD}), 422)
    assert page.error("Board") and db.session.scalar(select(TrelloSource)) is None
    assert not [call for call in trello.calls if call.request.url.startswith(ADDRESS)]


def test_anothers_private_connection_can_be_neither_seen_nor_used(
    client: Client, bob: Person, new: str, shared: Connection, trello: responses.RequestsMock
) -> None:
    page = choose_board(client, begin(client, bob, new))
    db.session.get_one(Connection, shared.id).sharing = PRIVATE
    db.session.commit()
    page = client.see(client.submit(page, "Save"), 422)
    assert "Marketing" not in page.text and "Connect an account" in page.text
    assert db.session.scalar(select(TrelloSource)) is None


def test_a_connection_that_may_no_longer_be_used_is_not_swapped_for_another(
    client: Client, app: Flask, bob: Person, new: str, shared: Connection, trello: Any
) -> None:
    with app.app_context():
        make_connection(bob, name="Bob's own")
    page = choose_board(client, begin(client, bob, new, trello_connection=str(shared.id)))
    page = client.see(client.submit(page, "Save", {"trello_connection": str(shared.id + 7)}), 422)
    assert "no longer use that connection" in page.error("Connection")
    assert db.session.scalar(select(TrelloSource)) is None


@pytest.mark.parametrize("mischief", ["\ud83c half", "nul \0 inside"])
def test_names_no_database_takes_are_mended(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock, mischief: str
) -> None:
    lists = [trello_list("done", mischief), trello_list("todo"), trello_list("old", closed=True)]
    answer = board(CARDS, lists=lists, name=mischief)
    trello.replace(responses.GET, ADDRESS, json=answer)
    page = choose_board(client, begin(client, bob, new))
    page = save(client, page, trello_list="done")
    assert page.one("[data-measure]")["data-value"] == "2.000000"


def test_with_trello_down_nothing_is_saved_and_what_was_typed_stays(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = begin(client, bob, new)
    trello.replace(responses.GET, ADDRESS, status=503)
    page = choose_board(client, page)
    assert "could not be reached" in page.text
    page = client.see(client.submit(page, "Save"), 422)
    assert "Nothing was saved" in page.error("Board")
    assert page.field("Title").value == "Publish posts"


def edit_path(client: Client, bob: Person, connection: Connection, criteria: Criteria) -> str:
    key_result = make_key_result(make_objective(bob))
    make_source(key_result.measure, connection, criteria)
    db.session.commit()
    return f"/key-results/{key_result.id}"


def test_editing_starts_from_what_is_stored_and_a_new_choice_is_a_new_version(
    client: Client, bob: Person, shared: Connection, trello: responses.RequestsMock
) -> None:
    path = edit_path(client, bob, shared, Criteria(list_ids=("done",), label_ids=("blog",)))
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    assert page.field("List").value == ["done"] and page.field("Label").value == ["blog"]
    save(client, page, trello_label="", target="30")
    source = db.session.scalars(select(TrelloSource)).one()
    assert [one.definition["label_ids"] for one in source.versions] == [["blog"], []]
    logged = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "source.changed"))
    assert logged is not None and logged.thing_name == "Publish posts"
    assert "labelled" in logged.detail["before"] and "labelled" not in logged.detail["after"]
    assert [one.value for one in given_readings()] == [2]


def test_the_title_can_be_edited_while_trello_is_down(
    client: Client, bob: Person, shared: Connection, trello: responses.RequestsMock
) -> None:
    path = edit_path(client, bob, shared, Criteria(list_ids=("done",)))
    trello.replace(responses.GET, BOARDS, status=503)
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    assert "could not be reached" in page.text
    page = save(client, page, title="A better title")
    assert page.h1 == "A better title"
    source = db.session.scalars(select(TrelloSource)).one()
    assert len(source.versions) == 1 and source.ended_at is None


def test_the_title_can_be_edited_while_the_board_is_closed(
    client: Client, bob: Person, shared: Connection, trello: responses.RequestsMock
) -> None:
    path = edit_path(client, bob, shared, Criteria(list_ids=("done",)))
    trello.replace(responses.GET, BOARDS, json=[])
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    assert "Content calendar, out of reach" in page.field("Board").options
    assert save(client, page, title="A better title").h1 == "A better title"
    source = db.session.scalars(select(TrelloSource)).one()
    assert len(source.versions) == 1 and source.ended_at is None
    page = client.page(f"{path}/edit")
    page = client.see(client.submit(page, "Save", {"trello_list": ""}), 422)
    assert page.error("Board")


@pytest.mark.parametrize("sharing", [EVERYONE, PRIVATE])
def test_the_form_says_that_the_board_is_lost(
    client: Client,
    bob: Person,
    shared: Connection,
    trello: responses.RequestsMock,
    sharing: str,
) -> None:
    path = edit_path(client, bob, shared, Criteria(list_ids=("done",)))
    lost = "The board “Content calendar” is gone."
    db.session.scalars(select(Board)).one().failure = lost
    db.session.get_one(Connection, shared.id).sharing = sharing
    db.session.commit()
    trello.replace(responses.GET, BOARDS, json=[])
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    assert page.text.count(lost) == 1 and lost in page.one("#source").text
    if sharing == EVERYONE:
        elsewhere = client.submit(page, "Show its boards", {"trello_board": ""})
        assert lost not in client.see(elsewhere).text


def test_who_may_edit_the_item_but_not_use_the_connection_edits_all_but_the_criteria(
    client: Client, bob: Person, shared: Connection, trello: responses.RequestsMock
) -> None:
    path = edit_path(client, bob, shared, Criteria(list_ids=("done",)))
    db.session.get_one(Connection, shared.id).sharing = PRIVATE
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    assert "which you may not use" in page.text and "trello_board" not in page.html
    page = save(client, page, title="Renamed", trello_board="f" * 24, trello_choices_of="f" * 24)
    assert page.h1 == "Renamed"
    source = db.session.scalars(select(TrelloSource)).one()
    assert source.board.trello_id == BOARD and len(source.versions) == 1


@pytest.mark.parametrize(
    ("criteria", "change", "name", "text"),
    [
        (Criteria(list_ids=("gone",)), {}, "List", "unnamed list, gone"),
        (Criteria(list_ids=("old",)), {}, "List", "Old"),
        (Criteria(label_ids=("blog",)), {"labels": []}, "Label", "unnamed label, gone"),
        (
            Criteria(excluded_label_ids=("red",)),
            {"labels": []},
            "Leave out cards with",
            "label, gone",
        ),
        (Criteria(member_ids=("mina",)), {"members": []}, "Card owner", "a former member, gone"),
    ],
)
def test_editing_the_title_does_not_drop_a_criterion_that_is_gone(
    client: Client,
    bob: Person,
    shared: Connection,
    trello: responses.RequestsMock,
    criteria: Criteria,
    change: dict[str, Any],
    name: str,
    text: str,
) -> None:
    path = edit_path(client, bob, shared, criteria)
    trello.replace(responses.GET, ADDRESS, json=board(CARDS, **change))
    client.sign_in(bob)
    page = client.page(f"{path}/edit")
    chosen = [one.text for one in page.field(name).all("option") if "selected" in one]
    assert len(chosen) == 1 and chosen[0].endswith(text)
    save(client, page, title="Only the title")
    source = db.session.scalars(select(TrelloSource)).one()
    assert len(source.versions) == 1 and criteria_of(source) == criteria
    assert source.measure.value is None and source.frozen_reason is not None
    page = client.page(f"{path}/edit")
    assert "stands still until" in page.text
    page = client.see(client.submit(page, "Save", {"trello_completion": "completed"}), 422)
    assert page.error(name)


def test_names_that_are_doubled_or_empty_are_told_apart(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    trello.replace(
        responses.GET,
        ADDRESS,
        json=board(
            lists=[
                trello_list("a", "Done", pos=1),
                trello_list("b", "Done", pos=2),
                trello_list("c", " ", pos=3),
            ],
            labels=[label("x"), label("y"), label("z", color=None), label("w", "bug", "sky_dark")],
            members=[member("m", "Kim"), member("n", "Kim")],
        ),
    )
    page = choose_board(client, begin(client, bob, new))
    assert list(page.field("List").options)[1:] == ["Done (1)", "Done (2)", "unnamed list"]
    assert list(page.field("Label").options)[2:] == [
        "bug",
        "red label (red)",
        "red label (red 2)",
        "unnamed label",
    ]
    assert list(page.field("Card owner").options)[2:] == ["Kim (m)", "Kim (n)"]


def test_a_board_is_linked_to_before_its_connection_was_loaded(
    app: Flask, alice: Person, shared: Connection
) -> None:
    """Loading it flushes, and nothing half made may be in reach by then."""
    with app.app_context():
        key_result = make_key_result(make_objective(alice))
        db.session.add(Board(connection_id=shared.id, trello_id=BOARD, name="Content calendar"))
        db.session.commit()
        db.session.remove()
        on = db.session.scalars(select(Board)).one()
        measure = db.session.get_one(KeyResult, key_result.id).measure
        db.session.add(Cycle(name="Pending", starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1)))
        source = link(measure, on, Criteria(list_ids=("done",)), alice)
        db.session.commit()
        assert (measure.source, len(source.versions)) == (source, 1)


def test_a_guard_is_previewed_and_counts_cards(
    client: Client, bob: Person, new: str, trello: responses.RequestsMock
) -> None:
    page = begin(client, bob, new, direction="stay_below", target="3", warning="2", start="")
    page = choose_board(client, page)
    preview = page.one("#preview").text
    assert "3 cards match" in preview and "It does not hold. At risk" in preview
    assert not page.named("Use 3 as start")
    page = client.see(
        client.submit(page, "Count with these choices", {"trello_list": ["", "done"]})
    )
    assert "It holds. Behind" in page.one("#preview").text
    standing = save(client, page).one("#standing")
    assert (standing["data-value"], standing["data-status"]) == ("2.000000", "behind")


def test_of_two_who_choose_other_cards_the_later_one_is_told_in_words(
    app: Flask,
    client: Client,
    alice: Person,
    bob: Person,
    shared: Connection,
    trello: responses.RequestsMock,
) -> None:
    path = f"{edit_path(client, bob, shared, Criteria(list_ids=('done',)))}/edit"
    hers, his, hers_too = opened(app, path, alice, bob, alice)
    his.save(trello_label="blog")
    page = hers.refused(trello_list="todo")
    now = "Cards on Content calendar in Done, labelled blog."
    assert page.all("#source .error")[0].text.startswith(f"Bob Brown changed this to “{now}”")
    assert f"Stored now: “{now}”" in told(page)[0]
    assert page.field("List").value == ["todo"]
    kept = hers_too.save(title="A better title")
    assert "Bob Brown changed “Data source”" in kept.flashes[0]
    source = db.session.scalars(select(TrelloSource)).one()
    assert criteria_of(source) == Criteria(list_ids=("done",), label_ids=("blog",))
    hers.save()
    source = db.session.scalars(select(TrelloSource)).one()
    assert criteria_of(source) == Criteria(list_ids=("todo",))


def test_who_may_not_use_the_connection_keeps_what_another_chose_meanwhile(
    app: Flask, client: Client, alice: Person, bob: Person, trello: responses.RequestsMock
) -> None:
    with app.app_context():
        private = make_connection(alice)
    path = f"{edit_path(client, bob, private, Criteria(list_ids=('done',)))}/edit"
    hers, his = opened(app, path, alice, bob)
    hers.save(trello_label="blog")
    assert his.save(title="A better title").flashes == ["Key result saved."]
    source = db.session.scalars(select(TrelloSource)).one()
    assert criteria_of(source).label_ids == ("blog",)
