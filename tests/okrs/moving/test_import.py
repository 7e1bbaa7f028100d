"""Bringing in what Viva Goals exported, from sending the file to what is here afterwards."""

from sqlalchemy import select

from app.db import db
from app.okrs.models import KPI, ROLL_UP, CheckIn, KeyResult, Objective, Reading
from tests.okrs.items import only
from tests.okrs.moving.files import KEY_RESULT, OBJECTIVE, csv_file, move_in


def test_items_come_in_with_their_history(client, alice, bob):
    client.sign_in(alice)
    assert move_in(client, csv_file([OBJECTIVE, KEY_RESULT])) == {"new": 2, "check-ins": 2}
    objective, part = only(Objective), only(KeyResult)
    assert (objective.title, objective.owner_id, objective.measure.kind) == (
        "People find us",
        bob.id,
        ROLL_UP,
    )
    assert (objective.cycle.name, objective.starts_on) == ("Q1 2025", None)
    measure = part.measure
    assert (measure.kind, measure.start_value, measure.target_value, measure.unit) == (
        KPI,
        0,
        1200,
        "posts",
    )
    assert measure.value == 300
    check_ins = db.session.scalars(select(CheckIn).order_by(CheckIn.made_at)).all()
    assert [(one.note, one.value, one.person_id) for one in check_ins] == [
        ("Slow; steady", 120, bob.id),
        ("Well.", 300, bob.id),
    ]
    assert f"{check_ins[1].made_at:%Y-%m-%d %H:%M:%S}" == "2025-02-10 20:57:08"
    readings = db.session.scalars(
        select(Reading).where(Reading.measure_id == measure.id).order_by(Reading.taken_at)
    ).all()
    assert [(one.value, one.check_in_id) for one in readings] == [
        (120, check_ins[0].id),
        (300, check_ins[1].id),
    ]
    page = client.page(f"/objectives/{objective.id}")
    assert page.one("#standing")["data-progress"] == "25.000000"
