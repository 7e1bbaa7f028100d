"""Every action that the log has words for is put down somewhere, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.audit.actions import SENTENCES
from app.audit.words import KINDS

APP = Path(__file__).resolve().parents[2] / "app"
UNREACHED = {
    "trello.callback": {"connection.made", "connection.reconnected"},
    "trello.transfer_connection": {"connection.transferred"},
}
"""What the table of access sees nobody do, for Trello can't be reached there."""


def _texts(*, in_calls_of_record: bool) -> Iterator[str]:
    """The texts in the app, or those of them that say to `record` what was done."""
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if in_calls_of_record:
                called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"
                nodes = ast.walk(node.args[0]) if called and node.args else ()
            else:
                nodes = (node,) if path.name != "actions.py" else ()
            for one in nodes:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value


def test_every_action_with_words_is_put_down_somewhere():
    said, recorded = set(_texts(in_calls_of_record=False)), set(_texts(in_calls_of_record=True))
    for action in SENTENCES:
        verb = action[action.index(".") :]  # as in record(f"{kind}.deleted")
        assert action in said or verb in recorded, f"nothing records {action}"


def test_no_other_action_is_put_down():
    verbs = {action[action.index(".") :] for action in SENTENCES}
    for text in _texts(in_calls_of_record=True):
        assert text in SENTENCES or text in verbs, f"{text} has no sentence in actions.py"


def test_every_kind_of_thing_has_words():
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"
            kind = node.args[1] if called and len(node.args) > 1 else None
            if isinstance(kind, ast.Constant):
                assert kind.value in KINDS, f"{path}: {kind.value} stands not in words.KINDS"


def test_what_the_table_of_access_does_not_reach_is_put_down_as_well():
    said = set(_texts(in_calls_of_record=False))
    for endpoint, actions in UNREACHED.items():
        assert actions <= said, f"{endpoint} records nothing"
