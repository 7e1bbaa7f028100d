"""Three workers and more boards than one window allows, in short: python -m faults limits."""

import pytest

from faults.limits import stress

pytestmark = pytest.mark.services


def test_three_workers_draw_not_one_refusal_and_a_refresh_does_not_wait_for_the_others() -> None:
    outcome = stress([92], worker_count=3)
    assert set(outcome.statuses) == {200} and outcome.wrong == 0
    assert outcome.seconds > 10  # the limit did hold some of them back
    assert outcome.busiest_token <= 90
    assert outcome.refreshes
