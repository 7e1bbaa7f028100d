"""The floor: signs, fetches and parses the same answers, commits once a board, and nothing else.

python -m bench.floor ADDRESS FILE PAUSE BOARD... prints the processor time of that loop in seconds,
for the second of two times with a pause of so many seconds between them.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Sequence

import requests
from authlib.integrations.requests_client import OAuth1Auth

from app.trello import answers
from bench.boards import KEY, SECRET

FRAME = {
    "fields": answers.BOARD_FIELDS,
    "lists": "all",
    "list_fields": answers.LIST_FIELDS,
    "labels": "all",
    "label_fields": answers.LABEL_FIELDS,
    "labels_limit": "1000",
    "members": "all",
    "member_fields": answers.MEMBER_FIELDS,
    "cards": "all",
    "card_fields": answers.CARD_FIELDS,
}
PAGE = 1000


def main() -> None:
    address, file, seconds, *boards = sys.argv[1:]
    database = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS board (id TEXT PRIMARY KEY, card_count INTEGER)")
    session = requests.Session()
    session.auth = OAuth1Auth(KEY, SECRET, token="floor", token_secret="floor-secret")
    # Once beforehand, as ours has counted before: a new process pays for each page of its memory,
    # which takes longer than all the rest of a large board. And as long ago: by then, what was at
    # hand for the processor no longer is.
    _walk(session, database, address, boards)
    time.sleep(float(seconds))
    began = time.process_time()
    _walk(session, database, address, boards)
    sys.stdout.write(f"{time.process_time() - began}\n")


def _walk(
    session: requests.Session, database: sqlite3.Connection, address: str, boards: Sequence[str]
) -> None:
    for board in boards:
        card_count = _cards_of(session, f"{address}/boards/{board}")
        database.execute("BEGIN IMMEDIATE")
        database.execute("REPLACE INTO board VALUES (?, ?)", (board, card_count))
        database.execute("COMMIT")


def _cards_of(session: requests.Session, url: str) -> int:
    count = len(_get(session, url, FRAME)["cards"])
    if count < PAGE:
        return count
    count = 0
    query = {"limit": str(PAGE), "fields": answers.CARD_FIELDS}
    while page := _get(session, f"{url}/cards/all", query):
        count += len(page)
        query["before"] = page[-1]["id"]
    return count


def _get(session: requests.Session, url: str, query: dict[str, str]):
    answer = session.get(url, params=query, timeout=30)
    answer.raise_for_status()
    return json.loads(answer.content)


if __name__ == "__main__":
    main()
