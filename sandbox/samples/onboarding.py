"""Onboarding: a product team's board with bugs, where cards are ticked off when they ship."""

from datetime import datetime

from sandbox.samples.story import Story

SUBJECTS = (
    "Sign-up form",
    "Welcome mail",
    "Invite a teammate",
    "First board tour",
    "Import from CSV",
    "Sample data",
    "Empty states",
    "Time zone step",
    "Avatar upload",
    "Keyboard help",
    "Trial reminder",
    "Workspace name",
)
TASKS = (
    ("{}: first version", ("feature",)),
    ("{}: fails on slow connections", ("bug",)),
    ("{}: copy review", ()),
    ("{}: accessibility pass", ("feature", "unnamed")),
)
TEAM = ("mina", "tom", "jonas")


def onboarding(now: datetime) -> Story:
    story = Story(
        "Onboarding",
        now,
        members=("tom", "mina", "jonas"),
        lists={"backlog": "Backlog", "doing": "Doing", "testing": "Testing", "done": "Done"},
        labels={
            "bug": ("bug", "red"),
            "feature": ("feature", "lime_dark"),
            "research": ("research", "sky_light"),
            "unnamed": ("", "yellow"),
        },
        age=110,
    )
    number = 0
    for name, labels in TASKS:
        for subject in SUBJECTS:
            _task(story, number, name.format(subject), labels)
            number += 1
    return story


def _task(story: Story, number: int, name: str, labels: tuple[str, ...]) -> None:
    """Two of three tasks have shipped, about two a week; the rest stand where they stand."""
    member = TEAM[number % len(TEAM)]
    shipped = 100 - number * 3 + story.chance.uniform(-2, 2)
    if shipped > 1:
        story.card(
            name,
            "backlog",
            age=shipped + story.chance.uniform(6, 9),
            by=member,
            moves=((shipped + 5, "doing"), (shipped + 2, "testing"), (shipped, "done")),
            labels=labels,
            members=(member,),
            due=shipped - 1 if number % 2 else None,
            # Shipped but never ticked off, as happens.
            done=None if number % 9 == 4 else shipped - 0.02,
        )
        return
    age = 1 + (number % 12) * 2.5
    place = ("backlog", "doing", "testing", "backlog")[number % 4]
    story.card(
        name,
        "backlog",
        age=age + 3,
        by=member,
        moves=((age, place),),
        labels=labels,
        members=(member,) if number % 2 else (),
        due=-(number % 10) if number % 3 else None,
        # Ticked off before it was moved on.
        done=age / 2 if place == "testing" else None,
    )
