"""Mass assignment: a form is sent with fields that its page never had."""

from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from app.accounts.models import Person
from app.db import Model, db
from tests.attacks.world import World, make_world, rules
from tests.support.client import Client
from tests.support.html import Node, Page
from tests.support.people import make_person

PROTECTED = {
    "person": {"id", "email", "role", "is_active", "password_hash", "session_key", "created_at"},
    "person_session": {"person_id", "token_hash", "address"},
    "password_link": {"person_id", "token_hash", "expires_at"},
    "objective": {"owner_id", "is_private", "cycle_id", "measure_id", "created_at"},
    "key_result": {"owner_id", "objective_id", "measure_id"},
    "check_in": {"person_id", "measure_id"},
    "trello_connection": {"owner_id", "sharing", "member_id", "token_encrypted"},
    "trello_source": {"measure_id", "board_id"},
    "audit_entry": {"actor_id", "action", "address"},
}
"""The columns that decide who may do what, and whose something is."""

MEANT = {
    "accounts.change_role": {"role"},
    "accounts.deactivate": {"is_active", "session_key", "owner_id"},
    "accounts.reactivate": {"is_active"},
    "trello.disconnect": {"token_encrypted"},
    "trello.disconnect_connection": {"token_encrypted"},
    "trello.transfer_connection": {"board_id", "connection_id"},
}
"""What a few forms are there to change."""

LEFT_OUT = {"accounts.sign_out", "accounts.sign_in"}

Rights = dict[tuple[str, int], dict[str, Any]]


def extras(victim: Person) -> dict[str, Any]:
    """A value for every column of every table, by the names that careless code would take."""
    by_name: dict[str, Any] = {
        column.name: "1" for table in Model.metadata.sorted_tables for column in table.columns
    }
    theirs = {name: victim.id for name in by_name if name.endswith("_id")}
    return (
        by_name
        | theirs
        | {
            "role": "admin",
            "is_admin": "1",
            "admin": "1",
            "email": "evil@example.com",
            "password": "evil evil evil",
            "owner": victim.id,
            "person": victim.id,
            "sharing": "everyone",
        }
    )


def rights() -> Rights:
    """The protected columns of every row."""
    db.session.remove()
    found = {}
    for table in Model.metadata.sorted_tables:
        names = PROTECTED.get(table.name, set()) & set(table.columns.keys())
        if "id" in table.columns and names:
            for row in db.session.execute(table.select()).mappings():
                found[table.name, row["id"]] = {name: row[name] for name in names}
    db.session.remove()
    return found


def forms(app: Flask, client: Client, world: World) -> Iterator[tuple[Rule, str]]:
    """Each form on each page that this person reaches, once: the page and the endpoint asked."""
    seen: set[str] = set()
    for rule, method in rules(app, changing=False):
        answer = client.send(method, world.path(rule))
        if answer.status_code == 200 and answer.mimetype == "text/html":
            for endpoint in posting(app, Page(answer.text, world.path(rule))):
                if endpoint not in seen | LEFT_OUT:
                    seen.add(endpoint)
                    yield rule, endpoint


def posting(app: Flask, page: Page) -> dict[str, Node]:
    """The forms on the page that change something, by the endpoint they are sent to. One form may
    be sent to several, by buttons that say where to."""
    found = {}
    for form in page.all("form"):
        if form.get("method").lower() == "post":
            for action in _addresses(page, form):
                found[_endpoint(app, action)] = form
    return found


def _addresses(page: Page, form: Node) -> set[str]:
    elsewhere = [one for one in page.all("button[form]") if one["form"] == form.get("id")]
    buttons = form.all("button") + elsewhere
    return {one.get("formaction") or form.get("action") or page.path for one in buttons}


def _endpoint(app: Flask, action: str) -> str:
    adapter = app.url_map.bind("localhost")
    try:
        return str(adapter.match(action.partition("?")[0], method="POST")[0])
    except HTTPException:
        raise AssertionError(f"a form is sent to {action}, which is nowhere") from None


def values_of(form: Node) -> dict[str, Any]:
    """What a browser would send of this form, filled in where it is empty."""
    values: dict[str, Any] = {}
    for field in form.walk():
        name, kind = field.get("name"), field.get("type", "text")
        if not name or "disabled" in field:
            continue
        if field.tag == "select":
            chosen = [one for one in field.all("option") if "selected" in one]
            chosen = chosen or field.all("option")[:1]
            values[name] = [one.get("value") for one in chosen]
        elif field.tag == "input" and kind in ("checkbox", "radio"):
            if "checked" in field:
                values.setdefault(name, []).append(field.get("value", "on"))
        elif field.tag in ("input", "textarea"):
            values[name] = field.get("value") or field.text or _sample(kind)
        elif field.tag == "button" and "value" in field:
            values.setdefault(name, field["value"])
    return values


def _sample(kind: str) -> str:
    return {
        "email": "nils@example.com",
        "date": "2026-06-01",
        "number": "7",
        "password": "correct horse battery",
        "search": "",  # what is searched for and not chosen is refused
    }.get(kind, "7")


def own_names(form: Node) -> set[str]:
    return {field["name"] for field in form.all("[name]")}


def assert_nothing_gained(app: Flask, world: World, admin: Person | None = None) -> set[str]:
    """Send every form, each in a world of its own. Returns the endpoints that took theirs."""
    client = Client(app)
    client.sign_in(admin or world.owner)
    accepted = set()
    for number, (rule, endpoint) in enumerate(list(forms(app, client, world))):
        there = make_world(app, f"Bob{number} Brown")
        person = admin or there.owner
        victim = make_person(f"Carol{number} Clark")
        client.sign_in(person)
        page = Page(client.get(there.path(rule)).text, there.path(rule))
        form = posting(app, page).get(endpoint)
        if form is None:  # shown once, to whoever came first
            continue
        more = {
            name: value for name, value in extras(victim).items() if name not in own_names(form)
        }
        before = rights()
        answer = client.send("POST", form.get("action") or page.path, data=more | values_of(form))
        assert answer.status_code < 500, f"{endpoint} answers {answer.status}"
        if answer.status_code < 400:
            accepted.add(endpoint)
        mine = {person.id, there.owner.id}
        assert_as_before(before, rights(), mine, endpoint, own_columns(form))
    return accepted


def assert_as_before(
    before: Rights, after: Rights, mine: set[int], endpoint: str, own: set[str]
) -> None:
    meant = MEANT.get(endpoint, set()) | own
    for key, columns in before.items():
        for name, value in columns.items():
            now = after.get(key, columns)[name]
            assert now == value or name in meant, f"{endpoint} set {key} {name} to {now}"
    for key in after.keys() - before.keys():
        _assert_of(mine, key[0], after[key], endpoint, meant)


def own_columns(form: Node) -> set[str]:
    """The columns that the form's own fields stand for: a select named "owner" may set owner_id."""
    names = own_names(form)
    changed = names | {f"{name}_id" for name in names}
    if any(name.endswith("password") for name in names):
        changed |= {"password_hash", "session_key", "token_hash"}
    return changed


def _assert_of(
    mine: set[int], table: str, columns: dict[str, Any], endpoint: str, meant: set[str]
) -> None:
    """What the form made belongs to whoever sent it, to whom its own fields say, or, of a copy,
    to the owner of what was copied."""
    for name in ("owner_id", "actor_id"):
        if name in columns and name not in meant:
            assert columns[name] in {*mine, None}, f"{endpoint} made {table} for {columns}"
    if table == "person":
        assert columns["email"] != "evil@example.com"
        assert columns["role"] != "admin" and columns["is_active"]
        assert columns["password_hash"] is None


def test_the_owner_gains_nothing_by_more_fields(app: Flask, world: World) -> None:
    accepted = assert_nothing_gained(app, world)
    assert {"accounts.profile", "okrs.edit_objective", "okrs.new_key_result"} <= accepted


def test_an_admin_sets_nothing_by_more_fields(app: Flask, alice: Person, world: World) -> None:
    accepted = assert_nothing_gained(app, world, alice)
    assert "okrs.add_cycle" in accepted


def test_the_first_set_up_gives_no_more_than_it_says(app: Flask, client: Client) -> None:
    page = client.page("/setup")
    form = page.form_with("Set up")
    more = {"role": "member", "is_active": "", "id": "77", "session_key": "known", "person_id": "5"}
    values = form.values() | {
        "name": "Ada Ek",
        "email": "ada@example.com",
        "password": "correct horse battery",
        "workspace_name": "Fernhill",
    }
    assert client.send("POST", "/setup", data=more | values).status_code == 303
    ada = db.session.scalars(select(Person)).one()
    assert (ada.id, ada.role, ada.is_active) == (1, "admin", True)
    assert ada.session_key != "known"
