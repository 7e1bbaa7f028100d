"""Content calendar: a marketing team's board, with most of what makes counting cards hard."""

from datetime import datetime

from sandbox.samples.story import Story

STAGES = ("ideas", "drafting", "review", "finished")
FINISHED = (
    "Five signs your spreadsheet has become a database",
    "How Fernhill plans a quarter",
    "Customer story: Harbour Bakery",
    "Release notes, spring",
    "A field guide to status meetings",
    "Newsletter 41",
    "What we learned from 200 support threads",
    "Customer story: Nordlys Cycles",
    "Checklists that people keep",
    "Newsletter 42",
    "Retrospectives in half an hour",
    "Interview: running a studio of nine",
    "Customer story: Café Zürich",
    "Why estimates drift",
    "Newsletter 43",
    "Remote onboarding, week by week",
    "The case for smaller goals",
    "Newsletter 44",
)
FINISHED_LAST_QUARTER = (
    "Newsletter 38",
    "Newsletter 39",
    "Newsletter 40",
    "Customer story: Tide & Timber",
    "Year in review",
    "Writing for scanners",
    "Pricing page rewrite",
)
UNDER_WAY = (
    "Customer story: Oak Street Clinic",
    "Newsletter 45",
    "Goals without ceremony",
    "Comparison page: boards and spreadsheets",
    "Launch post: reports",
    "Video script: the two-minute tour",
    "Webinar outline: planning a quarter",
)
IDEAS = (
    "A glossary of planning words",
    "Customer story: Linden Press",
    "Map of our integrations",
    "Interview: the warehouse team",
    "Podcast pilot",
    "Templates we use ourselves",
    "Guest post: measuring outcomes",
    "Ideas from the offsite",
    'Teaser: <b>bold</b> claims & "quotes"',
)
LABEL_CYCLE = (("blog",), ("story",), ("newsletter",), ("blog", "unnamed red"), ("evergreen",))


def content_calendar(now: datetime) -> Story:
    story = Story(
        "Content calendar",
        now,
        members=("mina", "tom", "sara", "priya"),
        lists={
            "ideas": "Ideas",
            "drafting": "Drafting",
            "review": "In review",
            "finished": "Finished",
            "templates": "Templates",
            "finished q3": "Finished Q3",
        },
        labels={
            "blog": ("blog", "green"),
            "story": ("story", "blue"),
            "newsletter": ("newsletter", "purple"),
            "newsletter again": ("newsletter", "sky"),
            "unnamed red": ("", "red"),
            "evergreen": ("evergreen", None),
            "urgent": ("urgent", "orange_dark"),
        },
        age=130,
    )
    _last_quarter(story)
    _this_quarter(story)
    _under_way(story)
    _what_is_not_a_card(story)
    return story


def _last_quarter(story: Story) -> None:
    """Cards that were never archived themselves; only their list was."""
    for number, name in enumerate(FINISHED_LAST_QUARTER):
        story.card(
            name,
            "finished q3",
            age=125 - number,
            members=("sara",),
            labels=LABEL_CYCLE[number % 3],
            done=118 - number if number % 2 else None,
        )
    story.archive_list("finished q3", age=92)


def _this_quarter(story: Story) -> None:
    """One piece finished about every five days."""
    writers = ("mina", "tom", "sara")
    for number, name in enumerate(FINISHED):
        finished = 88 - number * 5 + story.chance.uniform(-1.5, 1.5)
        begun = finished + story.chance.uniform(9, 20)
        is_archived = number in (3, 9)
        story.card(
            name,
            "ideas",
            age=begun + 2,
            by=writers[number % 3],
            moves=(
                (begun, "drafting"),
                (finished + story.chance.uniform(1, 5), "review"),
                (finished, "finished"),
            ),
            labels=("newsletter again",) if name == "Newsletter 44" else LABEL_CYCLE[number % 5],
            members=() if number == 6 else (writers[number % 3],),
            # Every third piece has no due date, and is ticked off all the same.
            due=finished - 1 if number % 3 else None,
            done=finished - 0.1 if number % 4 != 3 else None,
            archived=finished - 2 if is_archived else None,
        )


def _under_way(story: Story) -> None:
    for number, name in enumerate(UNDER_WAY):
        began = 12 - number
        to = "review" if number % 3 == 0 else "drafting"
        story.card(
            name,
            "ideas",
            age=began + 6,
            by="priya" if number % 2 else "tom",
            moves=((began, "drafting"), (began - 4, to)),
            labels=LABEL_CYCLE[number % 5],
            members=("tom", "mina") if number % 2 else ("priya",),
            due=-3 - number if number else 2,
        )
    for number, name in enumerate(IDEAS):
        story.card(name, "ideas", age=60 - number * 6, by="sara", labels=LABEL_CYCLE[number % 5])
    # Two cards with one name, and one that is gone for good.
    story.card("Podcast pilot", "ideas", age=9, by="tom")
    story.card("Holiday greeting", "ideas", age=118, by="mina", deleted=114)


def _what_is_not_a_card(story: Story) -> None:
    """Cards in the answer that no one would count: roles, and templates."""
    story.card("———", "finished", age=50, cardRole="separator")
    story.card("https://example.com/style-guide", "ideas", age=45, cardRole="link")
    story.card("Launch checklist", "drafting", age=44, cardRole="board")
    story.card(
        "Update the tour", "review", age=20, cardRole="mirror", mirrorSourceId="6" + "0" * 23
    )
    story.card("Template: blog post", "templates", age=110, isTemplate=True, labels=("blog",))
    story.card("Template: customer story", "templates", age=110, isTemplate=True)
    story.card("How to use these templates", "templates", age=110, done=109)
