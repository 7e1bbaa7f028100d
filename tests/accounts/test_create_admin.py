"""`flask --app app create-admin`, `migrate`, and a start with a wrong setting."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from app import create_app
from app.accounts.commands import create_admin
from app.accounts.models import Person, Workspace
from app.accounts.setup import after_setup
from app.audit.models import AuditEntry
from app.config import ROOT, load_config
from app.db import db
from app.migrating import upgrade
from tests.support.installation import PYTHONPATH

GOOD = ["Anna@Example.com", "--name", "Anna Berg", "--password", "nine lives and one"]


@pytest.fixture
def run(app):
    def run(*arguments, **options):
        db.session.remove()
        return app.test_cli_runner().invoke(create_admin, arguments, **options)

    return run


@pytest.fixture(autouse=True)
def _is_migrated(monkeypatch):
    """The copied database has its tables already."""
    monkeypatch.setattr("app.accounts.commands.upgrade", lambda _url: None)


def test_makes_the_admin_and_the_workspace(run, client):
    told = []

    def receive(workspace):
        told.append(workspace.name)

    with after_setup.connected_to(receive):
        result = run(*GOOD)
    assert (result.exit_code, result.output) == (
        0,
        "anna@example.com can sign in as an admin now.\n",
    )
    assert told == ["Tally"]
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_name, entry.thing_name) == (
        "admin.created",
        "command line",
        "Anna Berg",
    )
    assert db.session.get(Workspace, 1).time_zone == "UTC"
    answer = client.post("/login", {"email": "anna@example.com", "password": "nine lives and one"})
    assert answer.status_code == 303
    client.page("/admin/people")


def test_reads_the_password_from_standard_input(run, client):
    arguments = ["anna@example.com", "--name", "Anna", "--password-stdin"]
    assert run(*arguments, input="from a pipe, quite long\n").exit_code == 0
    anna = db.session.scalars(select(Person)).one()
    assert anna.has_password("from a pipe, quite long")


def test_adds_an_admin_to_a_workspace_that_is_there(run, bob):
    with after_setup.connected_to(lambda workspace: pytest.fail("the workspace was there")):
        assert run(*GOOD).exit_code == 0
    assert db.session.scalar(select(func.count(Person.id))) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["bob@Example.com", *GOOD[1:]], 1, "There is an account with the email bob@example.com"),
        ([*GOOD[:3], "--password", "too short"], 1, "Use at least 10 characters."),
        ([*GOOD[:3], "--password", "x" * 201], 1, "Use at most 200 characters."),
        ([*GOOD[:3], "--password", "anna@example.com"], 1, "Choose something other than"),
        (["anna", *GOOD[1:]], 1, "Enter an email such as anna@example.com."),
        ([GOOD[0], "--name", " ", *GOOD[3:]], 1, "Give a name of 1 to 120 characters."),
        (GOOD[:3], 2, "Give either --password or --password-stdin."),
        ([*GOOD, "--password-stdin"], 2, "Give either --password or --password-stdin."),
        ([*GOOD[:3], "--password-stdin"], 1, "Use at least 10 characters."),
    ],
)
def test_refuses_with_a_sentence(run, bob, arguments, code, sentence):
    result = run(*arguments)
    assert result.exit_code == code
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert db.session.scalar(select(func.count(Person.id))) == 1


def test_works_on_an_empty_database(tmp_path, monkeypatch):
    monkeypatch.setattr("app.accounts.commands.upgrade", upgrade)
    app = create_app(load_config({"DATA_DIR": str(tmp_path)}))
    try:
        assert app.test_cli_runner().invoke(create_admin, GOOD).exit_code == 0
        assert db.session.scalars(select(Person.name)).all() == ["Anna Berg"]
    finally:
        db.session.remove()
        db.engine.dispose()


def test_a_wrong_setting_ends_every_command_with_its_sentence_alone(tmp_path):
    wrong = {"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": "many"}
    for arguments in (["create-admin", *GOOD], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": PYTHONPATH} | wrong,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("TRUSTED_PROXIES must be the number of reverse proxies")
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
