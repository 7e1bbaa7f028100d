"""The measurements in short: that they run, and count what they should. No times are judged."""

import importlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import growth, list_rows, soak, sync_rows
from bench.table import as_text

pytestmark = pytest.mark.services


def test_an_hourly_run_is_measured_with_one_request_a_board_and_none_refused() -> None:
    asked, took = sync_rows.hourly_run(board_count=5, repetitions=1)
    assert (asked.measured, asked.is_reached) == ("5, 0", True)
    assert took.measured.endswith("x)") and took.floor.endswith(" s")
    assert "hourly run of 50 items on 5 boards" in as_text([asked, took])


def test_pages_of_many_items_keep_to_their_statements_beside_a_floor_of_the_same_html() -> None:
    rows = list(list_rows.many_items(objective_count=120, rounds=1))
    counted = {row.what: row.is_reached for row in rows if row.what.endswith("SQL statements")}
    assert len(counted) == 3 and all(counted.values()), rows


def test_a_soak_counts_every_answer_and_looks_at_every_process_while_boards_are_counted() -> None:
    soaked = soak.soak(
        minutes=0.15,
        count=3,
        board_count=2,
        floor_seconds=2,
        sample_every=1,
        run_every=0,
        TIME_SCALE="0.05",  # the clock looks what is due as often as the boards change
    )
    errors, within, memory = soaked.rows
    assert errors.is_reached, errors
    assert {"home", "item", "check-in", "check-in sent"} <= {what for what, _ in soaked.ours.took}
    assert within.measured.endswith("ms)") and within.floor.endswith(" ms")
    assert soaked.run_count >= 1
    for sample in soaked.samples:
        assert len(sample.memory) in (6, 7) and all(sample.memory.values()), sample
    assert memory.measured.endswith(" %)")


def test_growth_is_told_in_a_table_and_drawn(tmp_path: Path) -> None:
    told = growth.of_pages(tmp_path, items=(30, 60), rounds=1)
    assert told.count("\n| 30 ") == told.count("\n| 60 ") == 1
    drawn = ElementTree.parse(tmp_path / "growth-pages.svg").getroot()
    lines = [one for one in drawn.iter() if one.get("class", "").startswith("line")]
    assert [one.get("d", "").count("L") for one in lines] == [1, 1, 1]
    words = {one.text for one in drawn.iter() if one.tag.endswith("text")}
    assert {"30", "60", "explorer", "tree", "item"} <= words


def test_all_of_it_can_be_begun() -> None:
    """It takes what the tests have, so a change there may reach it."""
    assert importlib.import_module("bench.__main__")
