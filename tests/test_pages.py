"""Moments in words."""

from datetime import timedelta

import pytest
from flask import Flask, url_for
from werkzeug.routing import IntegerConverter

from app.db import utcnow
from app.pages import address_of, until


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=-90), "now"),
        (timedelta(seconds=30), "in less than a minute"),
        (timedelta(seconds=90), "in 1 minute"),
        (timedelta(minutes=59, seconds=30), "in 59 minutes"),
        (timedelta(hours=3, minutes=1), "in 3 hours"),
        (timedelta(days=2, minutes=1), "in 2 days"),
    ],
)
def test_how_far_ahead_a_moment_is(ahead: timedelta, said: str) -> None:
    assert until(utcnow() + ahead) == said


@pytest.mark.parametrize("root", ["", "/tally"])
def test_an_address_by_ids_is_the_one_that_flask_builds(app: Flask, root: str) -> None:
    checked = 0
    with app.test_request_context(base_url=f"http://localhost{root}"):
        for rule in app.url_map.iter_rules():
            # Only of these, for url_for takes whichever of several rules fits.
            is_alone = len(list(app.url_map.iter_rules(rule.endpoint))) == 1
            converters = rule._converters.values()
            if is_alone and all(type(one) is IntegerConverter for one in converters):
                ids = {name: 7 + place for place, name in enumerate(sorted(rule.arguments))}
                built = url_for(rule.endpoint, **ids)  # type: ignore[arg-type]
                assert address_of(rule.endpoint, **ids) == built
                checked += 1
    assert checked > 100


def test_an_address_that_ids_do_not_name_is_none(app: Flask) -> None:
    with app.test_request_context():
        for view, ids in (
            ("okrs.show_objective", {}),
            ("okrs.show_objective", {"objective_id": 1, "page": 2}),
            ("okrs.show_objective", {"key_result_id": 1}),
            ("static", {"filename": 1}),
        ):
            with pytest.raises(ValueError, match="is not named by"):
                address_of(view, **ids)
