"""What is pressed twice is made once; what is meant twice, twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.accounts.models import Person
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.items import count_of, make_objective, only
from tests.support.client import Client

NEW = "/objectives/new"


def test_save_pressed_twice_makes_one_objective(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    page = client.page(NEW)
    answers = [client.submit(page, "Save", {"title": " People find us "}) for _ in range(2)]
    path = f"/objectives/{only(Objective).id}"
    assert [answer.headers["Location"] for answer in answers] == [path, path]
    assert client.page(path).flashes == ["Objective created."]


def test_another_title_or_another_form_makes_another_objective(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    page = client.page(NEW)
    for title in ("People find us", "People stay"):
        client.submit(page, "Save", {"title": title})
    client.submit(client.page(NEW), "Save", {"title": "People stay"})
    client.submit(page, "Save", {"title": "People like us", "begun": "never"})
    assert count_of(Objective) == 4


def test_a_form_that_was_sent_for_something_else_still_knows_when_it_was_opened(
    client: Client, bob: Person
) -> None:
    client.sign_in(bob)
    page = client.page(NEW)
    refused = client.see(client.submit(page, "Save", {"title": ""}), 422)
    client.submit(page, "Save", {"title": "People find us"})
    client.submit(refused, "Save", {"title": "People find us"})
    assert count_of(Objective) == 1


def test_someone_else_may_make_the_same_and_what_was_deleted_is_made_anew(
    client: Client, bob: Person, carol: Person
) -> None:
    client.sign_in(bob)
    page = client.page(NEW)
    client.sign_in(carol)
    client.submit(client.page(NEW), "Save", {"title": "People find us"})
    client.sign_in(bob)
    typed = {"title": "People find us", "csrf_token": client.token()}
    made = client.submit(page, "Save", typed).headers["Location"]
    assert count_of(Objective) == 2
    assert client.submit(page, "Save", typed).headers["Location"] == made
    client.post(f"{made}/delete")
    assert client.submit(page, "Save", typed).headers["Location"] != made


@pytest.mark.both_databases
def test_two_presses_at_the_same_moment_make_one_key_result(
    client: Client, app: Flask, bob: Person, cycle: Cycle
) -> None:
    with app.app_context():
        path = f"/objectives/{make_objective(bob, cycle).id}/key-results/new"
    client.sign_in(bob)
    filled = client.page(path).form_with("Save").values()
    other = Client(app)
    with client.flask.session_transaction() as session:
        own = dict(session)
    with other.flask.session_transaction() as session:
        session.update(own)
    browsers = [(one, one.token()) for one in (client, other)]

    def press(browser: Client, token: str) -> str:
        sent = filled | {"title": "Publish posts", "step": "save", "csrf_token": token}
        return browser.send("POST", path, data=sent).headers["Location"]

    with ThreadPoolExecutor(2) as pool:
        places = set(pool.map(lambda one: press(*one), browsers))
    assert places == {f"/key-results/{only(KeyResult).id}"}
