"""IDOR: someone signed in puts the id of another's thing into an address."""

from flask import Flask
from werkzeug.routing import Rule

from tests.attacks.world import SECRET, World, everything, rules
from tests.support.client import Client

SHARED = {"cycle_id", "team_id"}
"""Ids of what is everyone's to see."""


def is_of_something(rule: Rule) -> bool:
    """Whether it names something that may be hidden; who is in a team is hidden from nobody."""
    is_hidden = not rule.arguments & SHARED
    return is_hidden and any(name.endswith("_id") for name in rule.arguments)


def assert_closed(client: Client, app: Flask, world: World) -> None:
    before = everything()
    tried = 0
    for rule, method in rules(app):
        if not is_of_something(rule):
            continue
        path = world.path(rule)
        for htmx in (False, True):
            form = {"csrf_token": client.token()} if method == "POST" else None
            answer = client.send(method, path, data=form, htmx=htmx)
            where = f"{method} {path}"
            assert answer.status_code in (403, 404), f"{where} answers {answer.status}"
            assert SECRET not in answer.text, f"{where} tells what it is"
        tried += 1
    assert tried > 20
    assert everything() == before


def test_another_member_reaches_nothing(app: Flask, member: Client, world: World) -> None:
    assert_closed(member, app, world)


def test_an_observer_reaches_nothing(app: Flask, observer: Client, world: World) -> None:
    assert_closed(observer, app, world)


def test_what_is_not_there_is_answered_as_what_is_hidden(
    app: Flask, member: Client, world: World
) -> None:
    """Else ids could be counted through, to learn what there is."""
    nothing = World(world.owner, dict.fromkeys(world.ids, 2**31 - 1), world.texts)
    for rule, method in rules(app):
        if is_of_something(rule):
            hidden, absent = (
                member.send(method, path, data={"csrf_token": member.token()})
                for path in (world.path(rule), nothing.path(rule))
            )
            assert hidden.status_code == absent.status_code, f"{method} {rule}"


def test_an_id_beyond_what_databases_know_is_not_there(
    app: Flask, admin: Client, world: World
) -> None:
    for number in (0, 2**31, 2**63, 10**40):
        beyond = World(world.owner, dict.fromkeys(world.ids, number), world.texts)
        for rule, method in rules(app):
            if is_of_something(rule):
                answer = admin.send(method, beyond.path(rule), data={"csrf_token": admin.token()})
                assert answer.status_code == 404, f"{method} {rule} answers {answer.status}"


def test_lists_tell_nothing_either(
    app: Flask, member: Client, observer: Client, world: World
) -> None:
    for rule, method in rules(app, changing=False):
        if not rule.arguments:
            for client in (member, observer):
                answer = client.send(method, str(rule))
                said = answer.get_data().decode(errors="replace")  # a workbook is no text
                assert SECRET not in said, f"{rule} tells of it"


def test_live_figures_tell_nothing_either(member: Client, world: World) -> None:
    measure = world.ids["measure_id"]
    for path in (f"/live?measures={measure}", f"/live/counting?measures={measure}"):
        answer = member.get(path)
        assert answer.status_code in (200, 404)
        assert answer.status_code == 404 or not answer.json
