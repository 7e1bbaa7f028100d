"""The geometry of an item's chart, at its edges."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, FileSystemLoader

from app.okrs.chart import ROWS, Chart, draw_chart, kept_chart
from app.okrs.course import CHECKED_IN, REBUILT, Course, Mark, Point, Rebuilt
from app.okrs.drawing import REACH, Drawing
from app.okrs.forecast import Forecast
from app.okrs.lettering import SIZES
from app.okrs.scale import Spot

TEMPLATES = Path(__file__).parents[2] / "templates"
LONDON = ZoneInfo("Europe/London")
# A hundred days from the first to the last, so that the figures are easy to follow.
COURSE = Course(
    first_day=date(2026, 1, 1),
    last_day=date(2026, 4, 11),
    today=date(2026, 2, 20),
    zone=LONDON,
    start=Fraction(0),
    target=Fraction(20),
    unit="posts",
    label="Posts",
)


def point(month: int, day: int, value: int, hour: int = 12, year: int = 2026) -> Point:
    return Point(datetime(year, month, day, hour, tzinfo=UTC), Fraction(value))


def drawn(course: Course) -> Drawing:
    return draw_chart(course).drawing


def label(drawing: Drawing, kind: str, size: int = 0) -> Spot | None:
    """Of the words for the largest size, unless another is asked for."""
    return dict(drawing.letterings[size].labels).get(kind)


def corners(path: str) -> list[tuple[Fraction, Fraction]]:
    """The corners of a path made of M, L, H and V."""
    found: list[tuple[Fraction, Fraction]] = []
    for letter, figures in re.findall(r"([MLHV])([^MLHV]+)", path):
        numbers = [Fraction(figure) for figure in figures.split()]
        if letter == "H":
            numbers = [numbers[0], found[-1][1]]
        elif letter == "V":
            numbers = [found[-1][0], numbers[0]]
        found.append((numbers[0], numbers[1]))
    return found


def assert_inside(chart: Chart) -> None:
    drawing = chart.drawing
    paths = (drawing.line, drawing.expected, drawing.rebuilt, drawing.likely)
    for path in (*paths, drawing.band.rstrip("Z")):
        for x, y in corners(path):
            assert 0 <= x <= 100
            assert Fraction(drawing.top) <= y <= Fraction(drawing.bottom)


def test_without_points_only_the_expected_line_is_drawn() -> None:
    chart = draw_chart(COURSE)
    assert chart.is_empty
    assert chart.rows == []
    assert "No readings yet" in chart.description
    drawing = chart.drawing
    assert drawing.line == ""
    assert drawing.last is None
    assert drawing.figures == []
    assert corners(drawing.expected)[0] == (0, Fraction(drawing.bottom))
    assert corners(drawing.expected)[-1] == (100, Fraction(drawing.top))


def test_one_point_holds_until_today() -> None:
    drawing = drawn(replace(COURSE, points=[point(1, 21, 5)]))
    (first, y), (last, y_still) = corners(drawing.line)
    assert y == y_still
    assert drawing.today is not None
    assert last == Fraction(drawing.today)
    assert first < last
    assert drawing.last is not None
    text = label(drawing, "last")
    assert text is not None
    assert (drawing.last.x, text.text) == (drawing.today, "5 posts")


def test_values_go_in_stairs() -> None:
    points = [point(1, 5, 1), point(1, 10, 3), point(2, 20, 4, hour=20)]
    line = corners(drawn(replace(COURSE, points=points)).line)
    assert [one[1] == other[1] for one, other in zip(line, line[1:], strict=False)] == [
        *(True, False),
        *(True, False),
    ]


def test_points_may_come_in_any_order() -> None:
    points = [point(1, 5, 1), point(1, 10, 3), point(2, 1, 4)]
    assert drawn(replace(COURSE, points=points)) == (drawn(replace(COURSE, points=points[::-1])))


def test_a_value_on_the_expected_line_lies_on_it() -> None:
    # Half of the days are over on 20 February; noon is the middle of the day.
    drawing = drawn(replace(COURSE, points=[point(2, 20, 10)]))
    assert drawing.last is not None
    x, y = Fraction(drawing.last.x), Fraction(drawing.last.y)
    (x0, y0), (x1, y1) = corners(drawing.expected)[1:3]
    assert abs(y0 + (y1 - y0) * (x - x0) / (x1 - x0) - y) <= Fraction(1, 10)


def test_values_beyond_the_target_raise_the_scale() -> None:
    chart = draw_chart(replace(COURSE, points=[point(1, 21, 27)]))
    assert [tick.text for tick in chart.drawing.value_ticks] == ["0", "10", "20", "30"]
    assert_inside(chart)


def test_values_below_the_start_lower_the_scale() -> None:
    chart = draw_chart(replace(COURSE, points=[point(1, 21, -3)]))
    assert chart.drawing.value_ticks[0].text == "-5"
    assert_inside(chart)


def test_a_decrease_runs_downwards() -> None:
    course = replace(COURSE, start=Fraction(30), target=Fraction(0))
    chart = draw_chart(replace(course, points=[point(1, 2, 30), point(2, 1, 24)]))
    drawing = chart.drawing
    assert corners(drawing.expected)[0][1] == Fraction(drawing.top)
    assert corners(drawing.expected)[-1][1] == Fraction(drawing.bottom)
    assert corners(drawing.line)[0][1] < corners(drawing.line)[-1][1]
    assert chart.rows[0].expected == "20.7"  # 31 of 100 days
    assert_inside(chart)


def test_one_day_expects_the_target_all_day() -> None:
    day = date(2026, 2, 20)
    course = replace(COURSE, first_day=day, last_day=day)
    chart = draw_chart(replace(course, points=[point(2, 20, 3, hour=6), point(2, 20, 7, hour=18)]))
    drawing = chart.drawing
    assert {y for _, y in corners(drawing.expected)} == {Fraction(drawing.top)}
    assert [tick.text for tick in drawing.letterings[0].day_ticks] == ["20 Feb"]
    assert [row.value for row in chart.rows] == ["7 posts"]
    assert_inside(chart)


def test_what_held_before_the_first_day_holds_when_it_begins() -> None:
    early = [point(11, 1, 2, year=2025), point(12, 24, 4, year=2025)]
    chart = draw_chart(replace(COURSE, points=[*early, point(1, 11, 6)]))
    drawing = chart.drawing
    line = corners(drawing.line)
    four = draw_chart(replace(COURSE, points=[point(1, 5, 4), point(1, 11, 6)]))
    assert line[0] == (0, corners(four.drawing.line)[0][1])
    assert [row.day for row in chart.rows] == ["11 Jan 2026", "24 Dec 2025", "1 Nov 2025"]
    assert_inside(chart)


def test_before_the_first_day_there_is_a_point_and_no_today() -> None:
    course = replace(COURSE, today=date(2025, 12, 20), points=[point(12, 10, 3, year=2025)])
    drawing = drawn(course)
    assert drawing.today is None
    assert drawing.last is not None
    assert drawing.last.x == "0"
    assert len(corners(drawing.line)) == 1


def test_flat_values_stay_level() -> None:
    points = [point(1, day, 7) for day in range(1, 31)]
    drawing = drawn(replace(COURSE, points=points))
    assert len({y for _, y in corners(drawing.line)}) == 1


def test_a_start_that_equals_the_target_still_draws() -> None:
    chart = draw_chart(replace(COURSE, start=Fraction(5), target=Fraction(5)))
    assert [tick.text for tick in chart.drawing.value_ticks] == ["4", "5", "6"]
    assert_inside(chart)


def test_readings_after_the_last_day_lengthen_the_chart_and_mark_its_end() -> None:
    course = replace(COURSE, today=date(2026, 4, 30), points=[point(1, 9, 2), point(4, 20, 6)])
    chart = draw_chart(course)
    drawing = chart.drawing
    assert drawing.end is not None
    assert Fraction(drawing.end) < 100
    assert drawing.letterings[0].day_ticks[-1].text == "20 Apr"
    assert drawing.today is None
    assert_inside(chart)


def test_within_the_days_no_end_is_marked() -> None:
    assert drawn(replace(COURSE, points=[point(4, 11, 2, hour=22)])).end is None


def test_a_reading_counts_for_its_day_in_the_workspace() -> None:
    late = Point(datetime(2026, 1, 1, 23, 30, tzinfo=UTC), Fraction(1))
    here = draw_chart(replace(COURSE, points=[late]))
    there = draw_chart(replace(COURSE, points=[late], zone=ZoneInfo("Asia/Tokyo")))
    assert [chart.rows[0].day for chart in (here, there)] == ["1 Jan 2026", "2 Jan 2026"]


def test_a_day_of_23_hours_is_as_wide_as_any_other() -> None:
    # In London the clocks go forward on 29 March 2026.
    noons = [Point(datetime(2026, 3, day, 12, tzinfo=LONDON), Fraction(day)) for day in (28, 29)]
    first, _, second = corners(drawn(replace(COURSE, today=date(2026, 1, 1), points=noons)).line)
    # A hundred and one days.
    assert abs((second[0] - first[0]) - Fraction(100, 101)) <= Fraction(1, 50)


def test_the_table_has_the_last_reading_of_a_day() -> None:
    points = [point(1, 5, 1, hour=8), point(1, 5, 2, hour=18), point(1, 6, 3)]
    rows = draw_chart(replace(COURSE, points=points)).rows
    assert [(row.day, row.value) for row in rows] == [
        ("6 Jan 2026", "3 posts"),
        ("5 Jan 2026", "2 posts"),
    ]


def test_a_long_table_tells_what_it_leaves_out() -> None:
    points = [point(1, day, 1) for day in range(1, 32)] + [point(3, day, 2) for day in range(1, 32)]
    chart = draw_chart(replace(COURSE, points=points))
    assert (len(chart.rows), chart.rows_left_out) == (ROWS, 2)


def test_check_ins_get_a_dot() -> None:
    by_hand = point(1, 21, 5)._replace(kind=CHECKED_IN)
    drawing = drawn(replace(COURSE, points=[point(1, 11, 2), by_hand]))
    assert len(drawing.dots) == 1


def test_marks_of_a_day_share_a_number_and_others_stand_apart() -> None:
    def at(day: int, text: str, hour: int = 9) -> Mark:
        return Mark(datetime(2026, 1, day, hour, tzinfo=UTC), text)

    marks = [at(11, "label added"), at(10, "target 15 to 20"), at(10, "list changed", hour=10)]
    outside = Mark(datetime(2025, 12, 1, tzinfo=UTC), "linked")
    chart = draw_chart(replace(COURSE, marks=[*marks, outside]))
    assert [(turn.number, turn.day, turn.text) for turn in chart.turns] == [
        (1, "10 Jan 2026", "target 15 to 20; list changed"),
        (2, "11 Jan 2026", "label added"),
    ]
    assert len(chart.drawing.turns) == 2
    for size, words in zip(SIZES, chart.drawing.letterings, strict=True):
        first, second = (Fraction(turn.x) for turn in words.turns)
        assert (second - first) * size.width / 100 >= 15


def test_numbers_of_marks_stay_within_the_drawing() -> None:
    last = datetime(2026, 4, 11, 9, tzinfo=UTC)
    for count in (1, 3, 60):
        marks = [Mark(last - timedelta(days=after), "list changed") for after in range(count)]
        for words in draw_chart(replace(COURSE, marks=marks)).drawing.letterings:
            places = [Fraction(turn.x) for turn in words.turns]
            assert places == sorted(set(places)) and len(places) == count
            assert places[0] >= 0 and places[-1] < 100


@pytest.mark.parametrize(
    ("start", "target", "ticks"),
    [
        ("0", "100", ["0", "20", "40", "60", "80", "100"]),
        ("0", "1", ["0", "1"]),
        ("0", "3", ["0", "1", "2", "3"]),
        ("8000", "14000", ["8,000", "10,000", "12,000", "14,000"]),
        ("0", "5000000", ["0", "1,000,000", "2,000,000", "3,000,000", "4,000,000", "5,000,000"]),
        ("0", "50000000", ["0", "10 mn", "20 mn", "30 mn", "40 mn", "50 mn"]),
        ("-4000000000", "0", ["-4 bn", "-3 bn", "-2 bn", "-1 bn", "0"]),
        ("0", "900000000000000", ["0", "200 tn", "400 tn", "600 tn", "800 tn", "1,000 tn"]),
        ("1000000000000", "1200000000000", ["1 tn", "1.05 tn", "1.1 tn", "1.15 tn", "1.2 tn"]),
        ("10000000", "10000002", ["10,000,000", "10,000,001", "10,000,002"]),
        ("0.1", "0.35", ["0.1", "0.15", "0.2", "0.25", "0.3", "0.35"]),
        ("1200000", "3400000", "1,000,000 1,500,000 2,000,000 2,500,000 3,000,000 3,500,000"),
        ("-20", "20", ["-20", "-10", "0", "10", "20"]),
    ],
)
def test_values_are_labelled_with_round_numbers(
    start: str, target: str, ticks: list[str] | str
) -> None:
    drawing = drawn(replace(COURSE, start=Fraction(start), target=Fraction(target)))
    expected = ticks.split() if isinstance(ticks, str) else ticks
    assert [tick.text for tick in drawing.value_ticks] == expected


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (date(2026, 10, 1), date(2026, 12, 31), ["1 Oct", "1 Nov", "1 Dec", "31 Dec"]),
        (date(2026, 11, 18), date(2026, 11, 19), ["18 Nov", "19 Nov"]),
        (date(2026, 11, 2), date(2026, 11, 30), "2 Nov,9 Nov,16 Nov,23 Nov,30 Nov"),
        (
            date(2026, 2, 1),
            date(2027, 1, 31),
            "1 Feb 2026,1 May 2026,1 Jul 2026,1 Sep 2026,1 Nov 2026,31 Jan 2027",
        ),
        (date(1, 1, 1), date(9999, 12, 31), ["1 Jan 1", "31 Dec 9999"]),
    ],
)
def test_days_are_labelled_where_people_look(first: date, last: date, ticks: object) -> None:
    drawing = drawn(replace(COURSE, first_day=first, last_day=last))
    expected = ticks.split(",") if isinstance(ticks, str) else ticks
    assert [tick.text for tick in drawing.letterings[0].day_ticks] == expected


def test_coordinates_have_few_decimals() -> None:
    points = [point(1, day, day * day) for day in range(1, 30)]
    drawing = drawn(replace(COURSE, points=points))
    text = " ".join((drawing.line, drawing.expected, drawing.bottom))
    assert not re.search(r"\.\d\d\d|[e/]", text)


def test_the_description_says_where_it_stands() -> None:
    chart = draw_chart(replace(COURSE, points=[point(2, 18, 9)]))
    assert chart.description == (
        "From 0 to 20 posts, 1 Jan 2026 to 11 Apr 2026. "
        "Latest: 9 posts on 18 Feb 2026; expected by 20 Feb 2026: 10."
    )


def test_the_newest_point_is_told_until_another_is_chosen() -> None:
    opens = point(1, 5, 1)._replace(url="/cards")
    html = rendered(replace(COURSE, points=[opens, point(1, 21, 6)]))
    told = "21 Jan 2026: 6 posts, 4 expected, counted"
    assert 'role="slider" tabindex="0" aria-label="Posts by day"' in html
    assert f'aria-valuemax="2" aria-valuenow="2" aria-valuetext="{told}"' in html
    assert f'<span class="words">{told}</span>' in html
    assert "<a>See what was counted</a>" in html  # of this point there is nothing to see
    assert '<a href="/cards">See what was counted</a>' in rendered(replace(COURSE, points=[opens]))
    assert "See what was counted" not in rendered(replace(COURSE, points=[point(1, 21, 6)]))
    assert "slider" not in rendered(COURSE) and "told" not in rendered(COURSE)


def test_what_people_typed_is_escaped_and_ids_are_unique() -> None:
    mark = Mark(datetime(2026, 1, 10, tzinfo=UTC), "unit <b> to <i>")
    course = replace(COURSE, unit="<b>", label="A & B", points=[point(1, 5, 1)], marks=[mark])
    html = rendered(course)
    assert "<b>" not in html and "<i>" not in html
    assert "A &amp; B" in html
    assert "style=" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 4
    for reference in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', html):
        assert reference in ids


def rebuilt(*points: Point, until: Point | None = None, **values: Any) -> Rebuilt:
    kept = [one._replace(kind=REBUILT) for one in points]
    return Rebuilt(kept, until.moment if until else None, **values)


def test_what_was_rebuilt_is_drawn_apart_up_to_the_first_reading() -> None:
    first, own = point(1, 5, 1), point(1, 21, 6)
    past = rebuilt(first, point(1, 10, 4), until=own)
    drawing = drawn(replace(COURSE, points=[own], rebuilt=past))
    before, after = corners(drawing.rebuilt), corners(drawing.line)
    assert before[-1][0] == after[0][0]
    # Nothing is drawn between the four that were rebuilt and the six that were read.
    assert before[-1][1] > after[0][1]
    # Nor before the record begins.
    assert before[0][0] > 0


def test_a_rebuilt_value_of_before_the_first_day_holds_when_it_begins() -> None:
    own = point(1, 21, 6)
    past = rebuilt(point(12, 1, 2, year=2025), point(1, 10, 4), until=own)
    drawing = drawn(replace(COURSE, points=[own], rebuilt=past))
    assert corners(drawing.rebuilt)[0][0] == 0


def test_what_was_rebuilt_claims_nothing_while_there_is_no_reading() -> None:
    past = rebuilt(point(1, 5, 1), point(1, 10, 4))
    chart = draw_chart(replace(COURSE, rebuilt=past))
    (_, _), (turn, _), (end, _) = corners(chart.drawing.rebuilt)
    assert turn == end
    assert not chart.is_empty
    assert "Rebuilt from the board's activity since 5 Jan 2026. No readings yet." in (
        chart.description
    )


def test_what_was_rebuilt_of_days_beyond_the_items_own_stays_inside() -> None:
    chart = draw_chart(replace(COURSE, rebuilt=rebuilt(point(1, 5, 1), point(5, 1, 4))))
    assert chart.drawing.end is not None
    assert_inside(chart)


def test_rebuilt_values_are_in_the_scale_and_in_the_table() -> None:
    own = point(1, 21, 6, hour=8)
    past = rebuilt(point(1, 5, 33), point(1, 21, 40, hour=6), until=own)
    chart = draw_chart(replace(COURSE, points=[own], rebuilt=past))
    assert chart.drawing.value_ticks[-1].text == "40"
    assert [(row.day, row.value, row.kind) for row in chart.rows] == [
        ("21 Jan 2026", "6 posts", "counted"),
        ("5 Jan 2026", "33 posts", "rebuilt"),
    ]
    assert_inside(chart)


AHEAD = Forecast(
    since=date(2026, 1, 23),
    known_until=date(2026, 2, 20),
    value=Fraction(8),
    target=Fraction(20),
    last_day=COURSE.last_day,
    today=COURSE.today,
    pace=Fraction(1, 5),
    slow=Fraction(1, 10),
    quick=Fraction(1, 2),
)


@pytest.mark.parametrize("slow", ["0.1", "0", "-1", "-100", "0.4"])
@pytest.mark.parametrize("quick", ["0.45", "1", "100"])
def test_a_forecast_ends_at_the_target_and_stays_inside(slow: str, quick: str) -> None:
    found = replace(AHEAD, slow=Fraction(slow), quick=Fraction(quick))
    chart = draw_chart(replace(COURSE, points=[point(2, 20, 8)], forecast=found))
    drawing = chart.drawing
    assert drawing.today is not None and drawing.last is not None
    start = (Fraction(drawing.today), Fraction(drawing.last.y))
    assert corners(drawing.band.rstrip("Z"))[0] == corners(drawing.likely)[0] == start
    assert min(y for _, y in corners(drawing.band.rstrip("Z"))) == Fraction(drawing.target)
    assert_inside(chart)


def test_a_forecast_of_a_decrease_ends_at_the_target_below() -> None:
    course = replace(COURSE, start=Fraction(30), target=Fraction(0), points=[point(2, 20, 8)])
    found = replace(AHEAD, target=Fraction(0), slow=Fraction(-5), quick=Fraction(2))
    chart = draw_chart(replace(course, forecast=found))
    drawing = chart.drawing
    assert max(y for _, y in corners(drawing.band.rstrip("Z"))) == Fraction(drawing.bottom)
    assert drawing.target == drawing.bottom
    assert_inside(chart)


def test_the_likely_line_leads_to_where_the_pace_does() -> None:
    drawing = drawn(replace(COURSE, points=[point(2, 20, 8)], forecast=AHEAD))
    (_, _), (x, y) = corners(drawing.likely)
    top, bottom = Fraction(drawing.top), Fraction(drawing.bottom)
    assert 99 < x < 100  # the middle of the last day
    # Fifty days at a fifth a day: eighteen of twenty.
    assert abs((bottom - y) / (bottom - top) - Fraction(18, 20)) < Fraction(1, 100)


def test_without_a_forecast_none_is_drawn() -> None:
    drawing = drawn(replace(COURSE, points=[point(2, 20, 8)]))
    assert drawing.band == drawing.likely == ""


def test_the_target_is_named_clear_of_today() -> None:
    drawing = drawn(COURSE)
    late = label(drawing, "target")
    assert drawing.target == drawing.top
    assert late is not None and (late.text, late.anchor) == ("target 20", "start")
    early = label(drawn(replace(COURSE, today=date(2026, 1, 3))), "target")
    assert early is not None and early.anchor == "end"


def test_every_point_gives_its_figures_and_some_can_be_opened() -> None:
    opens = point(1, 5, 1)._replace(url="/cards?at=5")
    past = rebuilt(point(1, 2, 2)._replace(url="/cards?at=2"), until=opens)
    by_hand = point(1, 21, 6)._replace(kind=CHECKED_IN)
    chart = draw_chart(replace(COURSE, points=[opens, by_hand], rebuilt=past))
    assert [(one.text, one.url) for one in chart.drawing.figures] == [
        ("2 Jan 2026: 2 posts, 0.2 expected, rebuilt", "/cards?at=2"),
        ("5 Jan 2026: 1 post, 0.8 expected, counted", "/cards?at=5"),
        ("21 Jan 2026: 6 posts, 4 expected, checked in", ""),
    ]
    assert [row.url for row in chart.rows] == ["", "/cards?at=5", "/cards?at=2"]


def test_percentages_are_expected_in_percent_and_of_a_guard_nothing_is() -> None:
    percent = replace(COURSE, unit="%", target=Fraction(100), points=[point(1, 21, 6)])
    assert drawn(percent).figures[0].text == "21 Jan 2026: 6 %, 20 % expected, counted"
    guard = replace(COURSE, start=Fraction(20), goal="stay below 20 posts", points=[point(1, 5, 6)])
    assert drawn(guard).figures[0].text == "5 Jan 2026: 6 posts, counted"


def test_of_a_day_the_last_count_and_every_check_in_give_their_figures() -> None:
    counts = [point(1, 5, hour, hour=hour)._replace(url="/cards" * (hour == 7)) for hour in (6, 7)]
    by_hand = point(1, 5, 9, hour=12)._replace(kind=CHECKED_IN)
    figures = drawn(replace(COURSE, points=[*counts, by_hand])).figures
    assert [one.text.split(",")[0] for one in figures] == [
        "5 Jan 2026: 7 posts",
        "5 Jan 2026: 9 posts",
    ]


def test_words_for_trillions_leave_a_phone_its_drawing() -> None:
    course = replace(COURSE, target=Fraction(2_500_000_000_000), unit="euros of the whole group")
    drawing = drawn(replace(course, points=[point(2, 20, 1_234_567_890_123)]))
    assert drawing.axis_width <= 73
    slim = len(SIZES) - 1
    target, last = label(drawing, "target", slim), label(drawing, "last", slim)
    assert target and target.text == "target 2.5 tn"
    broad = label(drawing, "target")
    assert broad and broad.text == "target 2,500,000,000,000"
    assert last and last.text == "1.23 tn"
    longer = drawn(replace(course, target=Fraction("999999999999999.25")))
    target = label(longer, "target", slim)
    assert target and target.text == "target 1,000 tn"


def test_links_can_be_hit_where_they_are_clear_of_each_other() -> None:
    points = [point(1, day, 1)._replace(url=f"/{day}") for day in (1, 8, 9, 13, 20)]
    figures = drawn(replace(COURSE, points=[*points, point(1, 21, 1)])).figures
    assert [one.size for one in figures] == ["middle", "", "slim", "broad", "slim", ""]
    for rank, size in enumerate(SIZES):
        within = [one.name for one in SIZES[rank:]]
        places = [Fraction(one.x) for one in figures if one.size in within]
        for one, other in pairwise(places):
            assert (other - one) * size.width / 100 >= REACH


def test_many_points_leave_as_many_as_can_be_told_apart() -> None:
    ten_years = replace(COURSE, last_day=date(2035, 12, 31), today=date(2035, 12, 31))
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=at) for at in range(3650)]
    points = [Point(moment, Fraction(1), url="/cards") for moment in moments]
    places = [Fraction(one.x) for one in drawn(replace(ten_years, points=points)).figures]
    assert 100 < len(places) <= 167
    gaps = [after - before for before, after in zip(places, places[1:], strict=False)]
    assert min(gaps) >= Fraction("0.6")


def test_the_page_says_what_is_rebuilt_and_what_is_not_known() -> None:
    own = point(1, 21, 6)
    past = rebuilt(point(1, 5, 1)._replace(url="/a?b=1&c=2"), until=own, gaps=["Labels <i>"])
    html = rendered(replace(COURSE, points=[own], rebuilt=past, forecast=AHEAD))
    assert "rebuilt from the board's activity</span>" in html
    assert "What the record does not tell:" in html and "Labels &lt;i&gt;" in html
    told = "<title>5 Jan 2026: 1 post, 0.8 expected, rebuilt</title>"
    assert f'<a href="/a?b=1&amp;c=2" tabindex="-1">{told}' in html
    assert '<td class="n"><a href="/a?b=1&amp;c=2">1 post</a></td>' in html
    assert "forecast</span>" in html
    assert "is being rebuilt" not in html
    waiting = rendered(replace(COURSE, points=[own], rebuilt=Rebuilt(is_waiting=True)))
    assert "The time before the link is being rebuilt from the board's activity." in waiting
    assert "What the record" not in waiting and "forecast" not in waiting


def rendered(course: Course) -> str:
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    return pages.get_template("okrs/_chart.html").render(chart=draw_chart(course))


def test_a_chart_is_drawn_once_while_its_course_is_the_same() -> None:
    def course(value: int) -> Course:
        return replace(COURSE, points=(point(1, 21, value),))

    assert kept_chart(course(5)) is kept_chart(course(5))
    assert kept_chart(course(6)).rows[0].value != kept_chart(course(5)).rows[0].value
