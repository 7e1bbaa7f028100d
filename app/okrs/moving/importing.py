"""An import as a whole: planned, held, and done in the transaction at hand."""

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, in_batches
from app.okrs.alignment.chains import hold_alignments
from app.okrs.models import Cycle
from app.okrs.moving.answers import Answers
from app.okrs.moving.neutral import FileContent
from app.okrs.moving.planning import plan_import
from app.okrs.moving.so_far import SoFar
from app.okrs.moving.storing import hold, store


def do_import(
    content: FileContent, answers: Answers, importer: Person, so_far: SoFar
) -> dict[str, int]:
    """How many rows had which fate. Commits nothing."""
    _hold_people(answers)
    hold_alignments(db.session())
    _hold_cycles()
    plan = plan_import(content, answers, importer, so_far.looking)
    if hold(plan.rows):
        # Someone may have changed them since they were read, so they are looked at once more.
        db.session.expire_all()
        plan = plan_import(content, answers, importer, so_far.looking)
    store(plan, content, importer, so_far)
    return plan.counts


def _hold_cycles() -> None:
    """Nobody closes one that something comes into, or leaves, until the commit."""
    held = select(Cycle).order_by(Cycle.id).with_for_update(read=True)
    db.session.scalars(held.execution_options(populate_existing=True)).all()


def _hold_people(answers: Answers) -> None:
    """Nobody who is to own something leaves until the commit."""
    ids = sorted({one for one in answers.people.values() if one is not None})
    for batch in in_batches(ids):
        held = select(Person).where(Person.id.in_(batch)).order_by(Person.id)
        db.session.execute(
            held.with_for_update(read=True).execution_options(populate_existing=True)
        )
