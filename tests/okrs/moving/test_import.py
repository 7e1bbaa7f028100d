"""Bringing in what Viva Goals exported, from sending the file to what is here afterwards."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.db import db, utcnow
from app.okrs.models import KPI, ROLL_UP, CheckIn, Cycle, KeyResult, Objective, Reading, Tag
from app.okrs.moving.models import Import
from app.teams.models import Team
from tests.okrs.items import count_of, make_key_result, only
from tests.okrs.moving.files import (
    EXPLORER,
    KEY_RESULT,
    OBJECTIVE,
    answer_all,
    begin,
    check_in,
    csv_file,
    fates,
    move_in,
    send,
    viva_row,
)

ALIGNED = "Aligned To (weight, Objective ID)"


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


def test_names_of_teams_and_tags_are_cut_to_what_there_is_room_for(client, alice, bob):
    """Also those that become longer where case is left out of account, and in a second file."""
    client.sign_in(alice)
    words = ["Growth " * 20 + "in the north", "Growth " * 20 + "in the south", "ΐ" * 80]
    rows = [
        viva_row(f"Reach {number}", Team=word, Tag="ΐ" * 40, Id=str(number))
        for number, word in enumerate(words)
    ]
    made = dict.fromkeys(words, "make")
    file = csv_file(rows, ("Tag", *EXPLORER))
    assert move_in(client, file, **made) == {"new": 3}
    number = begin(client, file)
    answer_all(client, number, **made)
    assert [fate for _, _, fate, _ in fates(client, number)] == ["unchanged"] * 3
    teams = db.session.scalars(select(Team)).all()
    assert sorted(len(one.name) for one in teams) == [53, 80]
    assert all(len(one.key) <= 160 for one in teams)
    assert len(only(Tag).key) <= 80


def test_thousands_are_told_apart(client, alice, bob):
    client.sign_in(alice)
    number = begin(client, csv_file([viva_row(f"Goal {at}", Id=str(at)) for at in range(1001)]))
    page = client.page(f"/admin/imports/{number}")
    assert "with 1,001 rows" in page.text and "Bob Brown (1,001)" in page.text
    answer_all(client, number)
    page = client.page(f"/admin/imports/{number}/dry-run?page=11")
    assert page.one("#counts").text.startswith("1,001 new, ")


def test_a_second_time_changes_nothing(client, alice, bob):
    client.sign_in(alice)
    file = csv_file([OBJECTIVE, KEY_RESULT])
    move_in(client, file)
    number = begin(client, file)
    answer_all(client, number)
    assert [fate for _, _, fate, _ in fates(client, number)] == ["unchanged", "unchanged"]
    assert not client.page(f"/admin/imports/{number}/dry-run").all("form button.main")
    none = client.page(f"/admin/imports/{number}/dry-run?fate=left+out")
    assert "No row is left out." in none.text and not none.all("table")
    later = KEY_RESULT | {"Title": "Publish better posts"}
    later["Checkins"] = [check_in("2025-03-01", "600"), *KEY_RESULT["Checkins"]]
    later |= {"Actual Progress": "600", "Progress %": "50"}
    assert move_in(client, csv_file([OBJECTIVE, later]), known="change") == {
        "changed": 1,
        "unchanged": 1,
        "check-ins": 1,
    }
    part = only(KeyResult)
    assert (part.title, part.measure.value) == ("Publish better posts", 600)


def test_what_moves_counts_no_more_where_it_was_and_leaves_its_share_there(client, alice, bob):
    other = viva_row("Readers stay", Id="12")
    client.sign_in(alice)
    move_in(client, csv_file([OBJECTIVE, other, KEY_RESULT]))
    part = only(KeyResult)
    old, part.share = part.objective, Fraction(40)
    db.session.commit()
    assert shown_progress(client, old) == "25.000000"
    moved = KEY_RESULT | {ALIGNED: "Readers stay(weight: 100%, Id: 12)"}
    file = csv_file([OBJECTIVE, other, moved])
    assert move_in(client, file, known="change") == {"unchanged": 2, "changed": 1}
    db.session.expire_all()
    part = only(KeyResult)
    assert (part.objective.title, part.share) == ("Readers stay", None)
    assert shown_progress(client, old) == "0.000000"
    assert shown_progress(client, part.objective) == "25.000000"


def test_what_comes_under_fixed_shares_takes_nothing_of_them(client, alice, bob):
    client.sign_in(alice)
    move_in(client, csv_file([OBJECTIVE]))
    objective = only(Objective)
    with client.app.app_context():
        for share in (60, 20):  # another with 20 has left, so they have become 75 and 25
            make_key_result(objective, bob, f"Fixed at {share}", share=Fraction(share))
        db.session.commit()
    rows = csv_file([OBJECTIVE, KEY_RESULT | {ALIGNED: "People find us(Id: 10)"}])
    assert move_in(client, rows)["new"] == 1
    db.session.expire_all()
    shares = db.session.execute(select(KeyResult.title, KeyResult.share)).all()
    assert dict(shares) == {"Fixed at 60": 75, "Fixed at 20": 25, "Publish posts": None}
    assert shown_progress(client, objective) == "0.000000"
    assert move_in(client, rows) == {"unchanged": 2}


def shown_progress(client, objective):
    return client.page(f"/objectives/{objective.id}").one("#standing")["data-progress"]


def test_nothing_comes_into_a_cycle_that_is_closed(client, alice, bob):
    later = viva_row("Readers stay", Id="12", Period="Q2 2025")
    later |= {"Start Date": "2025-04-01", "End Date": "2025-06-30"}
    of_later = KEY_RESULT | {"Id": "13", "Title": "Answer mail", ALIGNED: "Readers stay(Id: 12)"}
    client.sign_in(alice)
    move_in(client, csv_file([OBJECTIVE, later, KEY_RESULT, of_later]))
    under = {ALIGNED: "People find us(Id: 10)"}
    rows = [
        viva_row("Readers stay", Id="12"),
        viva_row("New", Id="14"),
        viva_row("Of it", Id="15", **{"Object Type": "Key result", ALIGNED: "New(Id: 14)"}),
        viva_row("Part", Id="16", **{"Object Type": "Key result"} | under),
        of_later | under,
        later | {"Id": "17", "Title": "Elsewhere"},
    ]
    numbers = [begin(client, csv_file(rows)), begin(client, csv_file([OBJECTIVE, *rows]))]
    for number in numbers:
        answer_all(client, number, known="change")
    first = db.session.scalars(select(Cycle).where(Cycle.name == "Q1 2025")).one()
    first.closed_at = utcnow()
    db.session.commit()
    for number in numbers:
        told = {title: (fate, why) for _, title, fate, why in fates(client, number)}
        assert told.pop("Elsewhere")[0] == "new"
        assert told.pop("People find us", ("unchanged", ""))[0] == "unchanged"
        assert set(told.values()) == {("left out", "The cycle “Q1 2025” is closed.")}
    client.post(f"/admin/imports/{numbers[0]}/run")
    names = db.session.execute(select(Objective.title, Cycle.name).join(Objective.cycle)).all()
    assert dict(names) == {
        "People find us": "Q1 2025",
        "Readers stay": "Q2 2025",
        "Elsewhere": "Q2 2025",
    }
    parts = select(KeyResult.title, Objective.title).join(KeyResult.objective)
    assert dict(db.session.execute(parts).all()) == {
        "Publish posts": "People find us",
        "Answer mail": "Readers stay",
    }


def test_nothing_is_changed_before_import_is_pressed(client, alice, bob):
    client.sign_in(alice)
    number = begin(client, csv_file([OBJECTIVE]))
    answer_all(client, number)
    assert fates(client, number) == [("2", "People find us", "new", "")]
    assert count_of(Objective) == 0
    client.follow(client.post(f"/admin/imports/{number}/discard"))
    assert count_of(Import) == 0


def test_what_stands_in_the_way_is_said_row_by_row(client, alice):
    rows = [
        OBJECTIVE,
        viva_row("", Id="20"),
        viva_row("A task", Id="21", **{"Object Type": "Initiative"}),
        viva_row("Orphan", Id="22", **{"Object Type": "Key result", ALIGNED: "Gone(Id: 99)"}),
        viva_row("Odd", Id="23", Target="many", **{"Start Date": "soon"}),
        viva_row("Twice", Id="10"),
        viva_row("Ring A", Id="30", **{ALIGNED: "Ring B(Id: 31)"}),
        viva_row("Ring B", Id="31", **{ALIGNED: "Ring A(Id: 30)"}),
        viva_row("Ended", Id="32", Status="Closed", Score="7", **{"Progress %": "80"}),
    ]
    client.sign_in(alice)
    number = begin(client, csv_file(rows))
    answer_all(client, number)
    told = {title: (fate, why) for _, title, fate, why in fates(client, number)}
    assert told["(no title)"] == ("left out", "It has no title.")
    assert told["A task"] == ("left out", "Items of the type “Initiative” are left out.")
    assert "Its parent “Gone” is neither in the file nor here." in told["Orphan"][1]
    assert "A key result under no objective becomes an objective." in told["Orphan"][1]
    assert "First day “soon” is no day, so that of its cycle holds." in told["Odd"][1]
    assert "Target “many” is not a number, and is left out." in told["Odd"][1]
    assert told["Twice"] == ("left out", "Row 2 has the same id.")
    assert told["Ring B"][1] == "Its alignment would close a ring, and is left out."
    assert "Its score “7” is not between 0 and 1, and is left out." in told["Ended"][1]
    client.post(f"/admin/imports/{number}/run")
    ended = db.session.scalars(select(Objective).where(Objective.title == "Ended")).one()
    assert (ended.measure.ended_as, ended.measure.final_value) == ("closed", 80)


def test_a_copy_without_ids_finds_its_parents_by_their_titles(client, alice, bob):
    columns = [one for one in EXPLORER if one != "Id"]
    client.sign_in(alice)
    assert move_in(client, csv_file([OBJECTIVE, KEY_RESULT], columns))["new"] == 2
    assert only(KeyResult).objective.title == "People find us"
    assert move_in(client, csv_file([OBJECTIVE, KEY_RESULT], columns)) == {"unchanged": 2}
    assert move_in(client, csv_file([OBJECTIVE]))["unchanged"] == 1


def test_equal_weights_stay_free_and_edited_ones_are_fixed(client, alice):
    def part(number, weight):
        aligned = f"People find us(weight: {weight}%, Id: 10)"
        return viva_row(f"Part {number}", Id=str(number), **{ALIGNED: aligned})

    client.sign_in(alice)
    rows = [OBJECTIVE, part(11, "50"), part(12, "25"), part(13, "25")]
    move_in(client, csv_file(rows))
    shares = db.session.execute(select(Objective.title, Objective.share)).all()
    assert dict(shares) == {
        "People find us": None,
        "Part 11": 50,
        "Part 12": None,
        "Part 13": None,
    }


def test_days_that_may_be_meant_two_ways_have_to_be_answered(client, alice):
    rows = [OBJECTIVE | {"Start Date": "1/2/2025", "End Date": "3/4/2025", "Created At": ""}]
    client.sign_in(alice)
    number = begin(client, csv_file(rows))
    page = client.page(f"/admin/imports/{number}")
    assert "How is “1/2/2025” meant?" in page.text
    page = client.see(client.submit(page, "Look at the rows"), 422)
    assert "Choose one from the list." in page.text
    changes = {"How is “1/2/2025” meant?": "day-first"}
    answer_all(client, number, **changes)
    client.post(f"/admin/imports/{number}/run")
    days = only(Objective).starts_on, only(Objective).ends_on
    assert [str(one) for one in days] == ["2025-02-01", "2025-04-03"]


def test_whoever_is_not_here_leaves_what_is_theirs_to_who_imports(client, alice, bob):
    client.sign_in(alice)
    rows = [OBJECTIVE | {"Owner": "Zoe Zimmer, Bob Brown"}, KEY_RESULT | {"Owner": "Zoe Zimmer"}]
    rows[1]["Checkins"] = [check_in("2025-02-10", "300", who="Zoe Zimmer")]
    number = begin(client, csv_file(rows))
    people = client.page(f"/admin/imports/{number}").one("fieldset .hint")
    assert people.text.startswith("Who is not here yet can be invited first under People")
    assert people.one("a")["href"] == "/admin/people"
    move_in(client, csv_file(rows))
    assert only(Objective).owner_id == bob.id
    assert only(KeyResult).owner_id == alice.id
    said = only(CheckIn)
    assert (said.person_id, said.note) == (alice.id, "Zoe Zimmer: Well.")


def test_a_check_in_without_a_note_stays_without_one(client, alice):
    client.sign_in(alice)
    move_in(client, csv_file([KEY_RESULT | {"Checkins": [check_in("2025-02-10", "300", "")]}]))
    assert (only(CheckIn).value, only(CheckIn).note) == (300, "")


def test_all_or_nothing(client, alice, bob, monkeypatch):
    def fail(*_rest):
        raise IntegrityError("insert", {}, ValueError("someone else was quicker"))

    client.sign_in(alice)
    number = begin(client, csv_file([OBJECTIVE, KEY_RESULT]))
    answer_all(client, number)
    monkeypatch.setattr("app.okrs.moving.storing.renew_values", fail)
    page = client.follow(client.post(f"/admin/imports/{number}/run"))
    assert "so nothing was imported" in page.text
    assert (count_of(Objective), count_of(CheckIn)) == (0, 0)


@pytest.mark.both_databases
def test_it_works_on_both_databases(client, alice, bob):
    client.sign_in(alice)
    file = csv_file(
        [OBJECTIVE | {"Tag": "Growth"}, KEY_RESULT], (*EXPLORER[:2], "Tag", *EXPLORER[2:])
    )
    assert move_in(client, file)["new"] == 2
    assert move_in(client, file) == {"unchanged": 2}


def test_a_file_that_is_none_is_said_at_the_field(client, alice):
    client.sign_in(alice)
    page = client.see(send(client, b"%PDF-1.7", "okrs.csv"), 422)
    assert "This is a PDF." in page.one("#file-errors").text
    page = client.see(client.post("/admin/import"), 422)
    assert page.one("#file-errors").text == "Choose a file."
    assert count_of(Import) == 0


def test_a_cycle_is_made_neither_of_a_closed_one_s_name_nor_twice_of_one(client, alice):
    rows = [
        OBJECTIVE | {"Period": "Season"},
        viva_row("Late", Id="20", Period="SEASON"),
        viva_row("Old", Id="21", Period="Winter"),
    ]
    db.session.add(
        Cycle(
            name="winter", starts_on=date(2024, 1, 1), ends_on=date(2024, 3, 1), closed_at=utcnow()
        )
    )
    client.sign_in(alice)
    number = begin(client, csv_file(rows))
    page = client.page(f"/admin/imports/{number}")
    typed = {}
    for line, last in enumerate(("2025-03-31", "2025-04-30", "2024-02-01")):
        typed |= {f"period-{line}": "make", f"period-{line}-first": "2024-01-02"}
        typed[f"period-{line}-last"] = last
    page = client.see(client.submit(page, "Look at the rows", typed), 422)
    said = [one.text for one in page.all(".error")]
    assert said == [
        "Another of this name gets other days here.",
        "winter is closed: reopen it first, or leave these out.",
    ]


def test_a_cycle_whose_name_is_taken_meanwhile_keeps_all_of_it_out(client, alice, bob):
    client.sign_in(alice)
    number = begin(client, csv_file([OBJECTIVE]))
    answer_all(client, number)
    taken = Cycle(name="q1 2025", starts_on=date(2025, 1, 2), ends_on=date(2025, 3, 1))
    db.session.add(taken)
    db.session.commit()
    page = client.follow(client.post(f"/admin/imports/{number}/run"))
    assert "so nothing was imported" in page.text
    assert count_of(Objective) == 0
    page = client.see(
        client.submit(client.page(f"/admin/imports/{number}"), "Look at the rows"), 422
    )
    assert "There is a cycle q1 2025 with other days: choose it, or leave out." in page.text
