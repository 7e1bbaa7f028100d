"""The measurements in short: that they run, and count what they should. No times are judged."""

import importlib

import pytest

from bench import list_rows, sync_rows
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


def test_all_of_it_can_be_begun() -> None:
    """It takes what the tests have, so a change there may reach it."""
    assert importlib.import_module("bench.__main__")
