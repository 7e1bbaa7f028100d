"""Nothing in the app changes or deletes what the audit log says."""

import ast
from pathlib import Path

from sqlalchemy import inspect

from app.accounts.models import Person
from app.audit.models import AuditEntry

ROOT = Path(__file__).resolve().parents[2]
APP = [*sorted((ROOT / "app").rglob("*.py")), ROOT / "worker.py", ROOT / "serve.py"]
KNOWS = {"models.py": 0, "log.py": 1, "reading.py": 0, "since.py": 0, "export.py": 0}
"""The modules of app/audit that may name AuditEntry, and how often each makes one."""
CHANGING = {"update", "delete", "insert", "put", "merge", "bulk_update_mappings"}


def _names(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }  # fmt: skip


def test_only_the_log_itself_knows_its_entries():
    for path in APP:
        names = _names(ast.parse(path.read_text()))
        is_audit = path.parent.name == "audit" and path.name in KNOWS
        assert "AuditEntry" not in names or is_audit, f"{path} reaches for entries of the log"
        assert "audit_entry" not in path.read_text() or path.name == "models.py", f"{path}: SQL"


def test_what_knows_entries_makes_and_reads_them_and_no_more():
    for path in (ROOT / "app" / "audit").glob("*.py"):
        tree = ast.parse(path.read_text())
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = [getattr(one, "attr", getattr(one, "id", "")) for one in calls]
        assert not CHANGING & set(called), f"{path} changes rows"
        assert called.count("AuditEntry") == KNOWS.get(path.name, 0), f"{path} makes entries"
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            changed = [one for one in targets if isinstance(one, ast.Attribute)]
            owners = {ast.unparse(one.value) for one in changed}
            assert not {one for one in owners if "entry" in one or "row" in one}, f"{path}"


def test_no_other_row_takes_entries_with_it():
    """People are never deleted; the database would refuse it for whoever did something."""
    (constraint,) = AuditEntry.__table__.foreign_key_constraints
    assert (constraint.referred_table.name, constraint.ondelete) == ("person", None)
    assert "audit_entry" not in {relation.target.name for relation in inspect(Person).relationships}
