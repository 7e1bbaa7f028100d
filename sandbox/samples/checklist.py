"""Launch checklist: a small board with every combination of a due date and completion."""

from datetime import datetime

from sandbox.samples.story import Story


def launch_checklist(now: datetime) -> Story:
    story = Story(
        "Launch checklist",
        now,
        members=("mina", "sara"),
        lists={"todo": "To do", "doing": "Doing", "done": "Done"},
        labels={"press": ("press", "pink"), "site": ("site", "black"), "legal": ("legal", "blue")},
        age=45,
    )
    for number, name in enumerate(("Press list", "Embargo note", "Photo set", "Launch mail")):
        done = 30 - number * 6
        story.card(
            name,
            "todo",
            age=40 - number,
            moves=((done + 3, "doing"), (done, "done")),
            labels=("press",),
            members=("sara",),
            due=done - 2,
            done=done,
        )
    for number, name in enumerate(("Terms of use", "Cookie text", "Imprint")):
        story.card(name, "todo", age=38 - number, labels=("legal",), done=25 - number * 4)
    for number, name in enumerate(("Landing page", "Pricing page", "Status page", "Redirects")):
        story.card(
            name,
            "todo",
            age=30 - number,
            moves=((14 - number, "doing"),),
            labels=("site",),
            members=("mina",),
            due=3 - number * 4,
        )
    for name in ("Thank-you notes", "Party", "Rehearse the demo"):
        story.card(name, "todo", age=16, members=("mina", "sara"))
    return story
