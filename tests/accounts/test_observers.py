"""Observers read. Whatever takes a change is closed to them, by construction."""

import pytest

from app.accounts.models import OBSERVER, Person
from app.db import db
from tests.okrs.items import cycle_of_today, make_key_result, make_objective
from tests.support.people import PASSWORD, make_person

FOR_OBSERVERS = {
    "accounts.change_password",
    "accounts.end_one_session",
    "accounts.end_other_sessions",
    "accounts.profile",
    "accounts.sign_out",
}
"""What may be open to them; mail preferences join these."""

FOR_WHAT_THEY_WERE_TOLD = {"okrs.see_key_result", "okrs.see_objective"}
"""Observers are mentioned too, and put away that they have seen it."""


@pytest.fixture
def olga(workspace):
    return make_person("Olga Orth", OBSERVER)


@pytest.fixture
def key_result(bob):
    return make_key_result(make_objective(bob, cycle_of_today()), bob)


def test_every_view_that_takes_a_change_is_closed(app, client, olga):
    client.sign_in(olga)
    token = client.token()
    views = app.view_functions
    for rule in app.url_map.iter_rules():
        if not rule.methods - {"GET", "HEAD", "OPTIONS"}:
            continue
        if getattr(views[rule.endpoint], "is_public", False):
            continue
        if getattr(views[rule.endpoint], "is_for_observers", False):
            continue
        path = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)[1]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = client.send(method, path, data={"csrf_token": token})
            assert answer.status_code == 403, f"{method} {rule} answers {answer.status}"


def test_what_is_open_to_observers_is_their_own_account(app):
    marked = {
        name for name, view in app.view_functions.items() if getattr(view, "is_for_observers", 0)
    }
    assert marked >= FOR_OBSERVERS
    others = {name for name in marked if not name.startswith(("accounts.", "mail."))}
    assert others == FOR_WHAT_THEY_WERE_TOLD


def test_they_look_after_their_own_account(client, olga):
    client.sign_in(olga)
    typed = {"name": "Olga Ort", "time_zone": "Asia/Tokyo"}
    page = client.follow(client.submit(client.page("/profile"), "Save", typed))
    assert page.field("Name").value == "Olga Ort"
    assert "olga@example.com, observer" in page.text
    typed = {"current_password": PASSWORD, "new_password": "a whole new password"}
    client.follow(client.submit(client.page("/profile"), "Change password", typed))
    assert db.session.get(Person, olga.id).has_password("a whole new password")
    assert client.follow(client.submit(client.page("/"), "Sign out")).path == "/login"


def test_pages_show_them_nothing_to_press(client, olga, key_result):
    client.sign_in(olga)
    paths = ("/", "/okrs", "/cycles", "/connections", f"/key-results/{key_result.id}")
    for path in (*paths, f"/objectives/{key_result.objective_id}"):
        page = client.page(path)
        changing = [form.action for form in page.forms if form.method == "post"]
        assert changing == ["/logout"], path
        links = [link["href"] for link in page.all("main a")]
        for link in links:
            assert client.get(link).status_code == 200, f"{path} links to {link}"


def test_items_are_not_theirs_to_edit(client, olga, key_result):
    client.sign_in(olga)
    for action in ("edit", "delete", "check-in"):
        client.page(f"/key-results/{key_result.id}/{action}", 403)
        client.page("/key-results/999/" + action, 403)
    client.page("/objectives/new", 403)


def test_htmx_is_told_the_same(client, olga, key_result):
    client.sign_in(olga)
    answer = client.post(f"/key-results/{key_result.id}/check-in", {}, htmx=True)
    assert answer.status_code == 403


def test_they_are_offered_as_nobodys_owner(client, alice, bob, olga):
    make_objective(bob, cycle_of_today())
    client.sign_in(alice)
    page = client.page("/objectives/1/edit")
    assert "Olga Orth" not in page.field("Owner").options
