"""What someone would write without Tally: a script with py-trello that counts cards in lists.

python -m bench.plain_script ADDRESS once|each BOARD:LIST... prints processor time and counts.
"""

import json
import sys
import time
from collections.abc import Iterator

import requests
from trello import TrelloClient

from bench.boards import KEY, SECRET


class Rerouted(requests.Session):
    """py-trello knows one address only; here it is ours."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def request(self, method, url, **options):
        return super().request(
            method, url.replace("https://api.trello.com/1", self._address), **options
        )


def counts_each(client: TrelloClient, items: list[tuple[str, str]]) -> Iterator[int]:
    """The first version that one writes: ask for every item."""
    for board_id, list_id in items:
        board = client.get_board(board_id)
        yield sum(card.idList == list_id and not card.closed for card in board.open_cards())


def counts_once(client: TrelloClient, items: list[tuple[str, str]]) -> Iterator[int]:
    """The second version: remember the cards of each board."""
    cards = {}
    for board_id, list_id in items:
        if board_id not in cards:
            cards[board_id] = client.get_board(board_id).open_cards()
        yield sum(card.idList == list_id and not card.closed for card in cards[board_id])


def main() -> None:
    address, how, *pairs = sys.argv[1:]
    items = [tuple(pair.split(":")) for pair in pairs]
    client = TrelloClient(KEY, SECRET, "plain", "plain-secret", http_service=Rerouted(address))
    began, began_at = time.process_time(), time.monotonic()
    counts = list((counts_once if how == "once" else counts_each)(client, items))
    took = {"cpu": time.process_time() - began, "wall": time.monotonic() - began_at}
    sys.stdout.write(json.dumps(took | {"counts": counts}))


if __name__ == "__main__":
    main()
