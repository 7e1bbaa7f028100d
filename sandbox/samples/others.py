"""A closed board, a board that only Tom is on, and one that nobody who can sign in is on."""

from datetime import datetime

from sandbox import changes
from sandbox.samples.story import Story


def closed_board(now: datetime) -> Story:
    story = Story(
        "Website relaunch",
        now,
        members=("mina", "tom"),
        lists={"todo": "To do", "done": "Done"},
        labels={"design": ("design", "purple")},
        age=300,
    )
    for number, name in enumerate(("Choose a host", "New type", "Move the blog", "Redirects")):
        story.card(
            name,
            "todo",
            age=280 - number * 9,
            moves=((250 - number * 9, "done"),),
            labels=("design",),
            done=250 - number * 9,
        )
    story.at(200, lambda: changes.set_board_closed(story.board))
    return story


def board_of_tom(now: datetime) -> Story:
    story = Story(
        "Partner plans",
        now,
        members=("tom", "jonas"),
        lists={"talks": "In talks", "signed": "Signed"},
        labels={"reseller": ("reseller", "lime")},
        age=60,
    )
    for number, name in enumerate(("Alder & Co", "Bright Freight", "Coppice", "Dune Labs")):
        moves = ((20 - number * 5, "signed"),) if number < 2 else ()
        story.card(name, "talks", age=55 - number * 4, moves=moves, labels=("reseller",))
    return story


def board_of_others(now: datetime) -> Story:
    story = Story(
        "Salaries",
        now,
        members=("sara", "jonas"),
        lists={"review": "To review"},
        labels={},
        age=40,
    )
    story.card("Autumn round", "review", age=30)
    return story
