"""Closed by construction: no view without a look at who asks, none with an id but by a loader."""

import ast
import inspect
import textwrap
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"

PUBLIC = {
    "accounts.choose_password": "who has the link has no password yet",
    "accounts.forgot_password": "who forgot their password can't sign in",
    "accounts.openid_callback": "the provider sends people there who are yet to be signed in",
    "accounts.openid_sign_in": "it leads to where one signs in",
    "accounts.setup": "there is nobody yet",
    "accounts.sign_in": "it is where one signs in",
    "health.healthz": "asked by machines; says nothing but that it is there",
    "health.readyz": "asked by machines; says what part is missing",
    "mail.show_unsubscribe": "the link in a mail, whose token says whose it is",
    "mail.unsubscribe": "one click in a mail program, likewise",
    "metrics.show_metrics": "asked by machines; 404 but for those here and those with the token",
    "static": "files that everyone gets",
    "trello.check_webhook": "asked by Trello, which has no account",
    "trello.receive_webhook": "told by Trello, whose signature is checked",
}
"""The views that anyone may reach, and why."""

LOADERS = {
    "binned_item_for",
    "cycle_for_all",
    "comment_for",
    "check_in_for",
    "connection_for",
    "key_result_for",
    "measure_for",
    "objective_for",
    "own_view",
    "source_for",
    "team_for",
    "end_session_of",
}
"""What gives a thing by its id to those alone who may have it."""
ASKING = {"me", "require_admin", "require_member"}


def _is_public(app, endpoint):
    return endpoint == "static" or getattr(app.view_functions[endpoint], "is_public", False)


def _views(app):
    """The functions of all views that are not public, with their routes."""
    for rule in app.url_map.iter_rules():
        if not _is_public(app, rule.endpoint):
            yield rule, inspect.unwrap(app.view_functions[rule.endpoint])


def _calls(function, module=None, seen=frozenset()):
    """The names of what a function calls, itself or by others of its module."""
    module = module or inspect.getmodule(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    for name in called - seen:
        inner = getattr(module, name, None)
        if inspect.isfunction(inner) and inspect.getmodule(inner) is module:
            called |= _calls(inner, module, seen | called)
    return called


def test_the_public_views_are_those_listed(app):
    public = {endpoint for endpoint in app.view_functions if _is_public(app, endpoint)}
    assert public - set(PUBLIC) == set(), "a view that is @public has to stand in PUBLIC, and why"
    assert set(PUBLIC) - public == set(), "what is no longer @public leaves PUBLIC"


def test_every_view_looks_at_who_asks(app):
    for rule, view in _views(app):
        assert ASKING & _calls(view), (
            f"{rule.endpoint} ({rule}) never asks who is there: call me(), require_member() or "
            "require_admin(), or list it as @public."
        )


def test_what_is_named_by_an_id_comes_from_a_loader(app):
    for rule, view in _views(app):
        if any(name.endswith("_id") for name in rule.arguments):
            calls = _calls(view)
            assert calls & (LOADERS | {"require_admin"}), (
                f"{rule.endpoint} ({rule}) loads by an id without a loader that checks access: "
                f"use one of {', '.join(sorted(LOADERS))}, or require_admin()."
            )


def test_rows_are_loaded_unchecked_by_loaders_and_for_admins_alone(app):
    for rule, view in _views(app):
        calls = _calls(view)
        is_checked = calls & {"require_admin", "end_session_of"}
        assert "by_id" not in calls or is_checked, f"{rule.endpoint} checks nothing"


def test_only_what_is_sent_with_post_changes_anything():
    """HEAD comes without a CSRF token: what is not POST must be taken for asking."""
    for path in APP.rglob("*views.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and ast.unparse(node.left) == "request.method":
                (sign,), (other,) = node.ops, node.comparators
                asked = isinstance(sign, ast.Eq | ast.NotEq) and ast.unparse(other)
                allowed = ("'POST'", "'HEAD'")
                assert asked in allowed, f"{path}: line {node.lineno}: compare it with POST"


def _asks_by_another():
    return _asks()


def _asks():
    return me()  # noqa: F821


def test_calls_are_followed_into_the_functions_of_the_same_module():
    assert _calls(_asks_by_another) == {"_asks", "me"}
    assert "me" not in _calls(_is_public)


def test_ids_in_addresses_are_numbers(app):
    for rule in app.url_map.iter_rules():
        for name in rule.arguments:
            is_text = type(rule._converters[name]).__name__ == "UnicodeConverter"
            assert not (is_text and name.endswith("_id")), f"{rule}: ids are <int:…>"
