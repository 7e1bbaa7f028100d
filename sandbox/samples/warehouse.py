"""Warehouse: the big board. More cards than one answer holds, more labels than come by default."""

from datetime import datetime

from sandbox.samples.story import Story

CARDS = 1240
LABELS = 70
GOODS = ("Crate", "Pallet", "Drum", "Parcel", "Roll", "Tray", "Sack", "Case")
COLORS = ("green", "yellow", "orange", "red", "purple", "blue", "sky", "lime", "pink", "black")
SHADES = ("", "_dark", "_light")
DOCKERS = ("tom", "mina", "jonas")


def warehouse(now: datetime) -> Story:
    labels: dict[str, tuple[str, str | None]] = {
        str(number): (
            f"bay {number:02}",
            COLORS[number % 10] + SHADES[number // 10 % 3],
        )
        for number in range(1, LABELS - 1)
    }
    labels["unnamed"] = ("", "black")
    labels["colourless"] = ("fragile", None)
    story = Story(
        "Warehouse",
        now,
        members=("tom", "mina", "jonas"),
        lists={
            "inbox": "Inbox",
            "shelf": "Shelf",
            "other shelf": "Shelf",
            "packing": "Packing",
            "shipped": "Shipped",
            "returns": "Returns",
        },
        labels=labels,
        age=95,
    )
    for number in range(1, CARDS + 1):
        _item(story, number)
    story.archive_list("returns", age=20)
    return story


def _item(story: Story, number: int) -> None:
    """Goods arrive over the quarter; the older they are the further they have come."""
    age = 94 - number * (93 / CARDS)
    path = ["shelf" if number % 2 else "other shelf", "packing", "shipped"]
    stops = (number * 7) % 5 if age > 12 else 0
    moves = [(age * (0.8 - 0.2 * step), place) for step, place in enumerate(path[:stops])]
    if number % 40 == 0:
        moves = [(max(age / 2, 20.5), "returns")] if age > 21 else []
    is_shipped = bool(moves) and moves[-1][1] == "shipped"
    labels = ["unnamed" if number % 50 == 0 else str(number % (LABELS - 2) or 1)]
    if number % 17 == 0:
        labels.append("colourless")
    story.card(
        f"{GOODS[number % len(GOODS)]} {number:04}",
        "inbox",
        age=age,
        by=DOCKERS[number % 3],
        moves=moves,
        labels=labels,
        members=(DOCKERS[number % 3],) if number % 3 else (),
        due=age - 30 if number % 6 == 0 else None,
        done=moves[-1][0] - 0.01 if is_shipped and number % 5 else None,
        archived=1 if is_shipped and number % 11 == 0 else None,
    )
