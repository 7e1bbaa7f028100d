"""The boards a sandbox starts with: each lived through a quarter that ends now."""

from sandbox.clock import iso
from sandbox.samples import calendar, checklist, onboarding, others, warehouse
from sandbox.samples.people import PEOPLE, SIGN_IN, WORKSPACE
from sandbox.samples.story import Story
from sandbox.store import Store

__all__ = ["add_people", "add_sample_boards"]


def add_people(store: Store) -> None:
    """The sample members; two of them can sign in."""
    store.people = {person["id"]: dict(person) for person in PEOPLE.values()}
    store.sign_in_ids = [PEOPLE[username]["id"] for username in SIGN_IN]


def add_sample_boards(store: Store) -> None:
    now = store.clock.now()
    for tell in (
        calendar.content_calendar,
        onboarding.onboarding,
        checklist.launch_checklist,
        warehouse.warehouse,
        others.closed_board,
        others.board_of_tom,
        others.board_of_others,
    ):
        story: Story = tell(now)
        board = story.play()
        board.about["idOrganization"] = WORKSPACE["id"]
        board.about["organization"] = WORKSPACE
        board.about["dateLastView"] = iso(now)
        store.attach(board)
