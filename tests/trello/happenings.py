"""A small board to which things happen one after the other, watched by an observer.

The changes are the sandbox's, with some that it does not offer: copies, and lists that come from
another board or go there. What Trello forgets is forgotten here too.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from app.trello.answers import Card, Snapshot, parse_frame
from app.trello.card_answers import parse_cards
from app.trello.counting import Criteria, count
from app.trello.past.actions import parse_actions
from app.trello.past.points import CountedCard
from app.trello.past.replay import LABELS_SINCE, Record
from sandbox import changes
from sandbox.board import Board
from sandbox.board import Record as Thing
from sandbox.clock import StoppedClock, id_mint, short_link
from sandbox.represent import card_json

ORIGIN = "https://trello.com"
ELSEWHERE = id_mint("another board")

Counted = frozenset[CountedCard]


class World:
    """The board, its clock, and what was seen to count after each step."""

    def __init__(self, begins_at: datetime) -> None:
        self.clock = StoppedClock(begins_at)
        about = {
            "id": id_mint("board")(begins_at),
            "name": "Launch",
            "shortLink": short_link("board"),
            "closed": False,
            "url": f"{ORIGIN}/b/launch",
        }
        self.board = Board(about, clock=self.clock, mint_seed="contents")
        for name in ("mina", "tom"):
            person = {"id": f"{name:0<24}", "username": name, "fullName": name.title()}
            changes.add_member_to_board(self.board, person, "admin")
        for name in ("To do", "Doing", "Done"):
            changes.add_list(self.board, name)
        for name in ("bug", "wish"):
            changes.create_label(self.board, name, "red")
        self.seen: list[tuple[datetime, Snapshot]] = []
        self.is_lossy = False
        """True once something happened of which the record does not tell all."""
        self.watch()

    @property
    def lists(self) -> list[Thing]:
        return list(self.board.lists.values())

    @property
    def cards(self) -> list[Thing]:
        return list(self.board.cards.values())

    @property
    def labels(self) -> list[Thing]:
        return list(self.board.labels.values())

    @property
    def members(self) -> list[Thing]:
        return list(self.board.members.values())

    def step(self, after: timedelta, happen: Callable[["World", int, int], None], *at: int) -> None:
        """Let one thing happen a while later, and look at the board."""
        self.clock.moment += after
        happen(self, *at)
        self.watch()

    def watch(self) -> None:
        self.seen.append((self.clock.moment, self.snapshot()))

    def snapshot(self) -> Snapshot:
        answer = {
            **self.board.about,
            "lists": self.board.ordered_lists(),
            "labels": self.labels,
            "members": self.members,
        }
        cards = [card_json(card, self.board, ORIGIN) for card in self.board.ordered_cards()]
        return Snapshot(self.clock.moment, parse_frame(answer), parse_cards([cards]))

    def record(self, most: int | None = None) -> Record:
        """As Trello hands it out: without labels' changes of the time when it kept none.

        Only the newest, where there are more than `most`.
        """
        told = [
            action
            for action in self.board.actions[::-1]
            if "idLabels" not in action["data"].get("old", {})
            or datetime.fromisoformat(action["date"]) >= LABELS_SINCE
        ]
        newest = told if most is None else told[:most]
        return Record(parse_actions(newest), is_whole=len(newest) == len(told))

    def counted(self, criteria: Criteria) -> list[tuple[datetime, Counted]]:
        """What counted after each step; of several at one moment the last one."""
        by_moment = {
            moment: frozenset(map(counted_card, count(criteria, seen).matching))
            for moment, seen in self.seen
        }
        return list(by_moment.items())


def counted_card(card: Card) -> CountedCard:
    return CountedCard(
        id=card.id,
        list_id=card.list_id,
        label_ids=tuple(sorted(card.label_ids)),
        member_ids=tuple(sorted(card.member_ids)),
        is_completed=card.is_completed,
    )


def one_of(things: Sequence[Thing], number: int) -> Thing:
    return things[number % len(things)]


def add(world: World, where: int, kind: int) -> None:
    fields = {"isTemplate": True} if kind % 7 == 6 else {}
    changes.add_card(world.board, one_of(world.lists, where), f"Card {kind}", **fields)


def move(world: World, which: int, where: int) -> None:
    changes.move_card(world.board, one_of(world.cards, which), one_of(world.lists, where))


def archive(world: World, which: int, flag: int) -> None:
    changes.archive_card(world.board, one_of(world.cards, which), flag % 3 > 0)


def complete(world: World, which: int, flag: int) -> None:
    changes.complete_card(world.board, one_of(world.cards, which), flag % 3 > 0)


def set_due(world: World, which: int, flag: int) -> None:
    due = ("2026-06-01T10:00:00.000Z", "2026-07-01T10:00:00.000Z", None)[flag % 3]
    changes.set_due(world.board, one_of(world.cards, which), due)


def label(world: World, which: int, what: int) -> None:
    if world.labels:
        changes.add_label(world.board, one_of(world.cards, which), one_of(world.labels, what))


def unlabel(world: World, which: int, what: int) -> None:
    if world.labels:
        changes.remove_label(world.board, one_of(world.cards, which), one_of(world.labels, what))


def join(world: World, which: int, who: int) -> None:
    if world.members:
        changes.add_member(world.board, one_of(world.cards, which), one_of(world.members, who))


def leave(world: World, which: int, who: int) -> None:
    if world.members:
        changes.remove_member(world.board, one_of(world.cards, which), one_of(world.members, who))


def archive_list(world: World, which: int, flag: int) -> None:
    changes.archive_list(world.board, one_of(world.lists, which), flag % 2 > 0)


def copy(world: World, which: int, where: int) -> None:
    """With labels, members, due date and tick; the action names none of them."""
    source, to = one_of(world.cards, which), one_of(world.lists, where)
    with world.board.change() as change:
        card_id = world.board.new_id()
        own = {"id": card_id, "idList": to["id"], "shortLink": short_link(card_id), "closed": False}
        card = {**source, **own, "idShort": world.board.new_short()}
        world.board.cards[card_id] = card
        change.record(
            "copyCard",
            {
                "card": {"id": card_id, "name": card["name"]},
                "cardSource": {"id": source["id"]},
                "list": {"id": to["id"], "name": to["name"]},
            },
        )


def delete(world: World, which: int, _: int) -> None:
    changes.delete_card(world.board, one_of(world.cards, which))
    world.is_lossy = True


def delete_label(world: World, which: int, _: int) -> None:
    if len(world.labels) > 1:
        changes.delete_label(world.board, one_of(world.labels, which))
        world.is_lossy = True


def remove_from_board(world: World, who: int, _: int) -> None:
    if len(world.members) > 1:
        changes.remove_member_from_board(world.board, one_of(world.members, who))
        world.is_lossy = True


def bring_list(world: World, age: int, cards: int) -> None:
    """A list comes from another board with cards that were made there."""
    made_at = world.clock.moment - timedelta(days=age % 50, minutes=1)
    with world.board.change() as change:
        listed = {**one_of(world.lists, 0), "id": ELSEWHERE(made_at), "name": "From elsewhere"}
        world.board.lists[listed["id"]] = listed
        for _ in range(cards % 3):
            changes.add_card(world.board, listed, "From elsewhere", id=(own := ELSEWHERE(made_at)))
            _forget_newest(world.board, own)
        named = {"id": listed["id"], "name": listed["name"]}
        change.record("moveListToBoard", {"list": named, "boardSource": {"id": "f" * 24}})
    world.is_lossy = True


def send_list_away(world: World, which: int, _: int) -> None:
    """A list goes to another board with all its cards."""
    if len(world.lists) < 2:
        return
    with world.board.change() as change:
        listed = world.board.lists.pop(one_of(world.lists, which)["id"])
        for card in world.board.cards_in(listed):
            del world.board.cards[card["id"]]
        named = {"id": listed["id"], "name": listed["name"]}
        change.record("moveListFromBoard", {"list": named, "boardTarget": {"id": "f" * 24}})
    world.is_lossy = True


def move_away(world: World, which: int, _: int) -> None:
    """A card goes to another board."""
    card = one_of(world.cards, which)
    with world.board.change() as change:
        del world.board.cards[card["id"]]
        listed = {"id": card["idList"], "name": world.board.lists[card["idList"]]["name"]}
        named = {"card": {"id": card["id"], "name": card["name"]}, "list": listed}
        change.record("moveCardFromBoard", {**named, "boardTarget": {"id": "f" * 24}})
    world.is_lossy = True


def _forget_newest(board: Board, card_id: str) -> None:
    """The card was not made here: nothing here tells of its making."""
    made = board.cards.popitem()[1]
    board.cards[card_id] = made | {"id": card_id}
    board.actions.pop()


Happening = Callable[[World, int, int], None]
NEED_A_CARD: tuple[Happening, ...] = (
    move,
    archive,
    complete,
    set_due,
    label,
    unlabel,
    join,
    leave,
    copy,
    delete,
    move_away,
)
HAPPENINGS: tuple[Happening, ...] = (
    *NEED_A_CARD,
    add,
    archive_list,
    delete_label,
    remove_from_board,
    bring_list,
    send_list_away,
)
LATER = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE_LABELS = LABELS_SINCE - timedelta(days=10)
