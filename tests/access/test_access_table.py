"""Every route, every method, everyone: what is answered is what stands in table.txt."""

import re

import pytest

from tests.access import table
from tests.access.asking import METHODS, Request, answers, asker
from tests.access.world import ABSENT, CLOSED, ROLES
from tests.conftest import KEYS

FOR_OBSERVERS = {
    "/objectives/<int:objective_id>/seen": "that they have seen what mentions them",
    "/key-results/<int:key_result_id>/seen": "that they have seen what mentions them",
    "/forgot-password": "whoever they are, a link is sent to an address alone",
    "/login": "signing in",
    "/logout": "their own session",
    "/profile": "their own name and time zone",
    "/profile/mail": "their own mail",
    "/profile/password": "their own password",
    "/profile/sessions/<int:session_id>/end": "their own session",
    "/profile/sessions/end-others": "their own sessions",
    "/unsubscribe/<string:token>": "the mail of whoever has the link",
    "/webhooks/trello/<string:key>": "whoever signs as Trello",
    "/welcome/<token>": "the password of whoever has the link",
}
"""Where an observer changes something all the same, and what."""
CHANGING_READS = {"/admin/audit.csv": "that the log was taken away is put down"}
"""Where asking with GET changes something, and why."""
NOT_IN_THE_LOG = {
    "/check-ins/round": "it stands in the item's timeline",
    "/admin/imports/<int:import_id>": "nothing of the file is in the workspace yet",
    "/admin/sync/boards/<int:board_id>/retry": "the run says who asked for it",
    "/key-results/<int:key_result_id>/comments": "it stands in the item's timeline",
    "/objectives/<int:objective_id>/comments": "it stands in the item's timeline",
    "/key-results/<int:key_result_id>/check-in": "it stands in the item's timeline",
    "/objectives/<int:objective_id>/check-in": "it stands in the item's timeline",
    "/okrs/views": "it is how one looks, and changes no item",
    "/okrs/views/<int:view_id>": "it is how one looks, and changes no item",
    "/okrs/views/<int:view_id>/delete": "it is how one looks, and changes no item",
    "/trello/sources/<int:source_id>/refresh": "the run says who asked for it",
    "/webhooks/trello/<string:key>": "no person did it",
}
"""What changes something and is no entry of the audit log, and why."""


@pytest.fixture(scope="module")
def asking(sqlite_template):
    with asker(sqlite_template, KEYS) as asking:
        yield asking


@pytest.fixture(scope="module")
def answered(asking):
    return answers(asking)


@pytest.fixture(scope="module")
def rows():
    return table.read(table.PATH.read_text())


def _row(request, answered):
    return table.row_of(request, table.cells_of(answered[request]))


def test_every_route_has_its_rows(answered, rows):
    for request in answered:
        assert request in rows, (
            f"tests/access/table.txt does not say who may {request}. Make sure that this is right "
            f"for each of {', '.join(ROLES)}, and add below the line {request.route}:\n"
            f"{_row(request, answered)}\n"
            "`python -m tests.access` puts in all that is answered today, for you to read."
        )


def test_every_row_has_its_route(answered, rows):
    for request in rows:
        assert request in answered, (
            f"tests/access/table.txt has a row for {request}, which can't be asked for any more: "
            "delete it."
        )


def test_everyone_is_answered_as_the_table_says(answered, rows):
    wrong = [
        f"{request}: {role} is answered {cell}, and table.txt says {rows[request][role]}"
        for request, given in answered.items()
        for role, cell in table.cells_of(given).items()
        if request in rows and cell != rows[request][role]
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_runs_into_an_error(answered):
    for request, given in answered.items():
        for role, answer in given.items():
            assert answer.status != 500, f"{request} breaks for {role}"


def test_a_closed_account_is_nobodys(answered):
    for request, given in answered.items():
        assert given[CLOSED].cell == given["anonymous"].cell, f"{request}"


def test_observers_change_nothing_but_what_is_their_own(answered):
    for request, given in answered.items():
        if given["observer"].has_changed:
            assert request.route in FOR_OBSERVERS, f"an observer changes something by {request}"


def test_reading_changes_nothing(answered):
    for request, given in answered.items():
        changing = [role for role, answer in given.items() if answer.has_changed]
        if request.method == "GET" and changing:
            assert request.route in CHANGING_READS, f"{request} changes something for {changing}"


def test_every_change_is_in_the_audit_log(answered):
    """Whatever one of these requests changes is put down with it, or stands somewhere else."""
    for request, given in answered.items():
        for role, answer in given.items():
            is_noted = bool(answer.recorded) or request.route in NOT_IN_THE_LOG
            assert is_noted or not answer.has_changed, (
                f"{request} changes something for the {role} and puts nothing into the audit log: "
                "call app.audit.log.record, or say in NOT_IN_THE_LOG where it stands instead."
            )
    for route in NOT_IN_THE_LOG:
        asked = [given for request, given in answered.items() if request.route == route]
        assert not any(one.recorded for given in asked for one in given.values()), route


def test_pages_of_admins_are_for_admins(answered):
    for request, given in answered.items():
        if request.route.startswith("/admin/"):
            others = {role: given[role].cell for role in ROLES if role != "admin"}
            expected = dict.fromkeys(others, "403") | {"anonymous": "login"}
            assert others == expected, f"{request}"


def test_what_may_be_read_may_be_looked_for_and_no_more(asking, answered):
    """HEAD is answered as GET is, without the text."""
    for request, _rule, options in asking.requests():
        if request.method != "GET":
            continue
        for role in ("anonymous", "observer", "owner", "admin"):
            head, get = asking.ask(role, "HEAD", **options), answered[request][role]
            assert (head.status, head.place) == (get.status, get.place), f"{role}: HEAD {request}"
            assert not head.has_changed and not head.text, f"{role}: HEAD {request}"


def test_what_a_route_does_not_know_is_refused_whoever_asks(asking, answered):
    seen = set()
    for request, _rule, options in asking.requests():
        unknown = set(METHODS) - asking.methods_of(request.route)
        for method in sorted(unknown) if request.route not in seen else ():
            for role in ("anonymous", "observer", "admin"):
                answer = asking.ask(role, method, options["path"])
                assert answer.status == 405, f"{role}: {method} {request.route} {answer}"
                assert not answer.has_changed
        seen.add(request.route)


def test_options_tell_methods_and_nothing_else(asking):
    """Whoever asks first what may be asked gets no further than by asking."""
    for request, rule, options in asking.requests():
        view = asking.app.view_functions[rule.endpoint]
        is_open = rule.endpoint == "static" or getattr(view, "is_public", False)
        for role in ("anonymous", "observer", "admin"):
            answer = asking.ask(role, "OPTIONS", options["path"])
            assert not answer.has_changed and not (answer.status == 200 and answer.text)
            if role == "anonymous" and not is_open:
                assert answer.place == "/login", f"OPTIONS {request}"
            elif answer.status != 403:
                assert answer.allowed == asking.methods_of(request.route), f"OPTIONS {request}"


def _without_the_address(text):
    return re.sub(r"\d+|csrf-token\" content=\"[^\"]*|csrf_token\" value=\"[^\"]*", "", text)


def test_what_is_not_for_someone_is_as_if_it_were_not_there(asking):
    """Neither the status nor a word tells a hidden or deleted thing from one that never was."""
    for rule in asking.rules:
        names = set(rule.arguments) & set(asking.world.hidden)
        for method in sorted(set(rule.methods or ()) & {"GET", "POST"}) if names else ():
            (name,) = names
            told = set()
            for thing in [*asking.world.hidden[name], *ABSENT]:
                path = asking.address(rule, {name: thing})
                answer = asking.ask("member", method, path, data={})
                assert answer.status == 404, f"{method} {path} answers {answer}"
                told.add(_without_the_address(answer.text))
            assert len(told) == 1, f"{method} {rule} tells hidden things from absent ones"


def test_no_id_breaks_a_page(asking):
    for rule in asking.rules:
        ids = [name for name in rule.arguments if name.endswith("_id")]
        for thing in ABSENT if ids else ():
            path = asking.address(rule, dict.fromkeys(rule.arguments, thing))
            for method in sorted(set(rule.methods or ()) & {"GET", "POST"}):
                for role in ("anonymous", "owner", "admin"):
                    answer = asking.ask(role, method, path, data={})
                    expected = ["login"] if role == "anonymous" else ["403", "404"]
                    assert answer.cell in expected, f"{role}: {method} {path} {answer}"


def test_a_row_that_is_none_is_told():
    with pytest.raises(ValueError, match="Line 2 of table.txt has 3 cells"):
        table.read("/okrs\n  GET  -  200\n")
    row = "  GET  -  login  200  200  200  200  200  200  200  # all see all\n"
    with pytest.raises(ValueError, match="Line 3 of table.txt says once more"):
        table.read(f"/okrs\n{row}{row}")
    assert table.read(f"/okrs\n{row}") == {
        Request("/okrs", "GET", "-"): dict.fromkeys(ROLES, "200") | {"anonymous": "login"}
    }
