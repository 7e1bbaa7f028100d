"""From New connection to Trello and back, over real HTTP and with real signatures."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import select, text, update

from app.accounts.models import Person
from app.config import Config
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello.answers import Member
from app.trello.client import Trello
from app.trello.models import Board, Connection, PendingSignIn
from app.vault import decrypt
from sandbox import RunningSandbox, running_sandbox
from sandbox.faults import Fault
from tests.support.client import Client
from tests.trello.linked import pointed_at

NEW = "/connections/trello/new"
CALLBACK = "/connections/trello/callback"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        running.limits.enabled = False
        yield running


@pytest.fixture
def config(config: Config, sandbox: RunningSandbox) -> Config:
    return pointed_at(sandbox, config)


@pytest.fixture
def app(app: Flask, alice: Person) -> Flask:
    switch("trello", True, alice)
    db.session.commit()
    return app


@pytest.fixture
def bob_here(client: Client, bob: Person) -> Client:
    client.sign_in(bob)
    return client


def leave(client: Client, path: str = NEW) -> str:
    """Press New connection. Returns where the browser is sent."""
    response = client.get(path)
    assert response.status_code == 302
    return response.headers["Location"]


def answer(address: str, sandbox: RunningSandbox, who: str = "mina", button: str = "allow") -> str:
    """Press a button on Trello's page. Returns the way back, as a local path."""
    page = requests.get(address, timeout=5)
    assert page.status_code == 200
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    fields |= {"member": sandbox.store.person(who)["id"], "answer": button}
    sent = requests.post(
        f"{sandbox.api_url}/OAuthAuthorizeToken", data=fields, allow_redirects=False, timeout=5
    )
    return "/" + sent.headers["Location"].split("/", 3)[3]


def connect(client: Client, sandbox: RunningSandbox, who: str = "mina") -> int:
    """The id of a new connection that is yet to be configured."""
    response = client.get(answer(leave(client), sandbox, who))
    assert response.status_code == 303
    found = re.search(r"/connections/(\d+)/configure$", response.headers["Location"])
    assert found
    return int(found[1])


def failed(client: Client, path: str, status: int = 400) -> str:
    """The heading of the page that says what went wrong, which offers to try again."""
    page = client.page(path, status)
    assert page.link("Try again").startswith(NEW)
    assert db.session.scalar(select(Connection)) is None
    return page.h1


def test_trello_is_asked_for_reading_only_and_for_ever(
    bob_here: Client, sandbox: RunningSandbox
) -> None:
    address = urlsplit(leave(bob_here))
    asked = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}" == sandbox.url
    assert address.path == "/1/OAuthAuthorizeToken"
    assert asked.pop("oauth_token")
    assert asked == {"scope": ["read"], "expiration": ["never"], "name": ["Tally"]}


def test_connect_and_configure(app: Flask, bob_here: Client, sandbox: RunningSandbox) -> None:
    connection_id = connect(bob_here, sandbox)
    connection = db.session.get_one(Connection, connection_id)
    assert not connection.is_configured
    assert (connection.sharing, connection.member_username) == ("private", "mina")

    page = bob_here.page(f"/connections/{connection_id}/configure")
    assert page.field("Name").value == "Trello (mina)"
    assert "checked" in page.field("Only me")
    assert "checked" not in page.field("All boards")
    assert "checked" not in page.field("Only these boards")
    boards = sandbox.store.boards_of(sandbox.store.person("mina")["id"])
    offered = [one["value"] for one in page.all("input[name=boards]")]
    assert set(offered) == {one.id for one in boards if not one.about["closed"]}

    response = bob_here.submit(
        page, "Save", {"name": "Mina", "shown": "only", "boards": [offered[0]]}
    )
    done = bob_here.follow(response)
    assert done.h1 == "Connected"
    assert done.one("p[data-announce=connected]")
    assert "Reload connections" in done.text
    assert done.link("Connections") == "/connections"
    db.session.expire_all()
    connection = db.session.get_one(Connection, connection_id)
    assert connection.is_configured and connection.name == "Mina"
    assert not connection.shows_all_boards
    assert [one.trello_id for one in connection.allowed_boards] == [offered[0]]


def test_secrets_are_stored_encrypted_and_stay_on_the_server(
    app: Flask, bob_here: Client, sandbox: RunningSandbox
) -> None:
    address = leave(bob_here)
    request_token = parse_qs(urlsplit(address).query)["oauth_token"][0]
    secret = sandbox.app.extensions["sandbox_oauth"].request_tokens[request_token].secret
    pending = db.session.scalars(select(PendingSignIn)).one()
    assert request_token not in pending.key
    assert secret not in pending.value_encrypted
    with bob_here.flask.session_transaction() as session:
        assert secret not in str(dict(session))

    bob_here.get(answer(address, sandbox))
    row = db.session.execute(text("SELECT * FROM trello_connection")).mappings().one()
    stored = " ".join(str(value) for value in row.values())
    with app.app_context():
        token = decrypt(row["token_encrypted"])
    assert token in sandbox.store.tokens
    assert token not in stored
    assert sandbox.store.tokens[token].secret not in stored


def test_several_accounts_and_one_account_twice(bob_here: Client, sandbox: RunningSandbox) -> None:
    ids = [connect(bob_here, sandbox, who) for who in ("mina", "mina")]
    assert len(set(ids)) == 2


def test_denied(bob_here: Client, sandbox: RunningSandbox) -> None:
    back = answer(leave(bob_here), sandbox, button="deny")
    assert "oauth_verifier" not in back
    assert failed(bob_here, back) == "Trello was not connected"
    assert failed(bob_here, back) == "Trello was not connected"


def test_nothing_came_back(bob_here: Client) -> None:
    assert failed(bob_here, CALLBACK) == "Trello was not connected"
    assert failed(bob_here, f"{CALLBACK}?oauth_token=&oauth_verifier=x") == (
        "Trello was not connected"
    )
    assert failed(bob_here, f"{CALLBACK}?oauth_token=made-up") == "Trello was not connected"


def test_unknown_sign_in(bob_here: Client) -> None:
    back = f"{CALLBACK}?oauth_token=made-up&oauth_verifier=made-up"
    assert failed(bob_here, back) == "This sign-in is not known here"


def test_replayed(bob_here: Client, sandbox: RunningSandbox) -> None:
    back = answer(leave(bob_here), sandbox)
    assert bob_here.get(back).status_code == 303
    again = bob_here.page(back, 400)
    assert again.h1 == "This sign-in was used already"
    assert len(db.session.scalars(select(Connection)).all()) == 1


def test_from_another_session(
    app: Flask, bob_here: Client, bob: Person, sandbox: RunningSandbox
) -> None:
    back = answer(leave(bob_here), sandbox)
    other = Client(app)
    other.sign_in(bob)
    assert failed(other, back) == "This sign-in was begun elsewhere"
    # It did no harm to the one it belongs to.
    assert bob_here.get(back).status_code == 303


def test_from_another_person_in_the_same_browser(
    bob_here: Client, carol: Person, sandbox: RunningSandbox
) -> None:
    back = answer(leave(bob_here), sandbox)
    with bob_here.flask.session_transaction() as session:
        browser = session["trello_sign_in"]
    bob_here.sign_in(carol)
    with bob_here.flask.session_transaction() as session:
        session["trello_sign_in"] = browser
    assert failed(bob_here, back) == "This sign-in was begun elsewhere"


def test_expired(bob_here: Client, sandbox: RunningSandbox) -> None:
    back = answer(leave(bob_here), sandbox)
    pending = db.session.scalars(select(PendingSignIn)).one()
    assert timedelta(minutes=14) < pending.expires_at - utcnow() <= timedelta(minutes=15)
    pending.expires_at = utcnow()
    db.session.commit()
    assert failed(bob_here, back) == "This sign-in took too long"


def test_wrong_verifier(bob_here: Client, sandbox: RunningSandbox) -> None:
    back = answer(leave(bob_here), sandbox)
    assert failed(bob_here, back + "x", 502) == "Trello did not complete the sign-in"


def test_trello_goes_down_while_someone_is_there(bob_here: Client, sandbox: RunningSandbox) -> None:
    back = answer(leave(bob_here), sandbox)
    sandbox.faults.set(Fault(path="/1/OAuthGetAccessToken", method="*", kind="drop"))
    assert failed(bob_here, back, 502) == "Trello could not be reached"


def test_account_that_cannot_be_read_gives_its_token_back(
    bob_here: Client, sandbox: RunningSandbox
) -> None:
    back = answer(leave(bob_here), sandbox)
    known = set(sandbox.store.tokens)
    sandbox.faults.set(Fault(path="/1/members/me", kind="html"))
    assert failed(bob_here, back, 502) == "Trello's answer made no sense"
    assert set(sandbox.store.tokens) == known


def test_whoever_left_meanwhile_connects_nothing_and_the_token_is_given_back(
    bob_here: Client, bob: Person, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = answer(leave(bob_here), sandbox)
    known = set(sandbox.store.tokens)
    ask = Trello.me

    def leave_and_ask(trello: Trello) -> Member:
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(Person).where(Person.id == bob.id).values(is_active=False))
        return ask(trello)

    monkeypatch.setattr(Trello, "me", leave_and_ask)
    response = bob_here.get(back)
    assert (response.status_code, urlsplit(response.headers["Location"]).path) == (302, "/login")
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known


def test_reconnect_keeps_the_connection_and_what_hangs_on_it(
    app: Flask, bob_here: Client, sandbox: RunningSandbox
) -> None:
    connection_id = connect(bob_here, sandbox)
    connection = db.session.get_one(Connection, connection_id)
    connection.name, connection.is_configured, connection.shows_all_boards = "Mine", True, True
    connection.reconnect_reason = "It was revoked."
    old_token = connection.token_encrypted
    later = utcnow() + timedelta(hours=1)
    connection.webhooks_due_at = later
    board = Board(connection=connection, trello_id="b" * 24, next_sync_at=later)
    db.session.add(board)
    db.session.commit()

    back = answer(leave(bob_here, f"{NEW}?reconnect={connection_id}"), sandbox)
    assert bob_here.follow(bob_here.get(back)).h1 == "Connected"
    db.session.expire_all()
    connection = db.session.scalars(select(Connection)).one()
    assert (connection.id, connection.name) == (connection_id, "Mine")
    assert connection.reconnect_reason is None
    assert connection.token_encrypted != old_token
    assert db.session.get_one(Board, board.id).next_sync_at < later
    assert connection.webhooks_due_at < later  # the old token's are gone with it


def test_reconnect_by_another_account_changes_nothing(
    bob_here: Client, sandbox: RunningSandbox
) -> None:
    connection_id = connect(bob_here, sandbox)
    before = db.session.get_one(Connection, connection_id).token_encrypted
    other = next(
        one["username"] for one in sandbox.store.sign_in_members() if one["username"] != "mina"
    )
    back = answer(leave(bob_here, f"{NEW}?reconnect={connection_id}"), sandbox, other)
    known = set(sandbox.store.tokens)
    page = bob_here.page(back, 400)
    assert page.h1 == "That is another Trello account"
    assert f"@{other}" in page.text and "@mina" in page.text
    assert page.link("Try again") == f"{NEW}?reconnect={connection_id}"
    db.session.expire_all()
    assert db.session.get_one(Connection, connection_id).token_encrypted == before
    assert set(sandbox.store.tokens) == known


@pytest.mark.parametrize("wanted", ["0", "999", "99999999999999", "x", "-1", ""])
def test_reconnect_of_no_connection(bob_here: Client, wanted: str) -> None:
    assert bob_here.get(f"{NEW}?reconnect={wanted}").status_code == 404


def test_reconnect_of_someone_elses(
    bob_here: Client, carol: Person, sandbox: RunningSandbox
) -> None:
    connection_id = connect(bob_here, sandbox)
    bob_here.sign_in(carol)
    path = f"{NEW}?reconnect={connection_id}"
    assert bob_here.get(path).status_code == 404
    connection = db.session.get_one(Connection, connection_id)
    connection.sharing, connection.is_configured = "everyone", True
    db.session.commit()
    assert bob_here.get(path).status_code == 403


def test_connection_removed_meanwhile(bob_here: Client, sandbox: RunningSandbox) -> None:
    connection_id = connect(bob_here, sandbox)
    back = answer(leave(bob_here, f"{NEW}?reconnect={connection_id}"), sandbox)
    assert bob_here.post(f"/connections/{connection_id}/remove").status_code == 303
    assert failed(bob_here, back) == "The connection is gone"


def test_removing_revokes_at_trello(app: Flask, bob_here: Client, sandbox: RunningSandbox) -> None:
    connection_id = connect(bob_here, sandbox)
    with app.app_context():
        token = decrypt(db.session.get_one(Connection, connection_id).token_encrypted)
    assert token in sandbox.store.tokens
    page = bob_here.follow(bob_here.post(f"/connections/{connection_id}/remove"))
    assert page.flashes == ["Trello (mina) is removed, and its access at Trello is revoked."]
    assert token not in sandbox.store.tokens
    assert db.session.scalar(select(Connection)) is None
