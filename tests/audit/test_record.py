"""What an entry holds, and what may be put into the log."""

import pytest
from sqlalchemy import select

from app.audit.actions import SENTENCES
from app.audit.log import record
from app.audit.models import AuditEntry
from app.db import db
from tests.okrs.items import make_cycle, make_objective


def test_a_change_is_put_down_with_who_what_when_and_from_where(client, bob):
    objective = make_objective(bob, make_cycle())
    client.sign_in(bob)
    path = f"/objectives/{objective.id}/delete"
    client.post(path, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.actor_name) == (bob.id, "Bob Brown")
    assert (entry.action, entry.address) == ("objective.deleted", "203.0.113.9")
    assert (entry.thing_kind, entry.thing_id) == ("objective", objective.id)
    assert entry.thing_name == "People find us"


def test_what_is_taken_back_is_not_put_down(app, workspace):
    with app.app_context():
        record("cycle.created", "cycle", 1, "Spring")
        db.session.rollback()
        assert db.session.scalars(select(AuditEntry)).all() == []


def test_a_command_is_put_down_as_the_command_line(app, workspace):
    with app.app_context():
        record("secrets.rekeyed")
        db.session.commit()
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.actor_name, entry.address) == (None, "command line", "")


def test_an_action_without_words_is_refused(app, workspace):
    with app.app_context(), pytest.raises(ValueError, match="cycle.eaten has no sentence"):
        record("cycle.eaten")


@pytest.mark.both_databases
def test_names_and_addresses_longer_than_their_column_are_cut(app, workspace):
    with app.test_request_context(environ_base={"REMOTE_ADDR": "x" * 500}):
        record("cycle.created", name="n" * 2000)
        db.session.commit()
        entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.thing_name, entry.address) == ("n" * 512, "x" * 64)


def test_every_action_names_its_subject_and_fits_its_column():
    for action in SENTENCES:
        subject, _, verb = action.partition(".")
        assert subject and verb and len(action) <= 60
