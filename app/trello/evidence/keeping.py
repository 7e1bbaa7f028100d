"""Writing evidence: for all sources of a board at once, and only where their cards changed."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.okrs.models import Evidence, SourceVersion
from app.trello.answers import Card
from app.trello.board_index import BoardIndex, CardSet
from app.trello.card_records import record_of
from app.trello.evidence.reading import CHAIN, COLUMNS, fold
from app.trello.live_rows import LiveSource
from app.trello.shape import Shape

_FITS = 8192
"""Bytes in the small window, 2 ** 13 of them. Room for the usual one takes several times as long to
get as a few cards take to be packed."""

_as_json = json.JSONEncoder(separators=(",", ":")).encode
"""Made once, as json.dumps makes one for each card."""


class Keeper:
    """Writes evidence for the sources of one copy of a board."""

    def __init__(self, session: Session, index: BoardIndex, names: Shape) -> None:
        self._session = session
        self._index = index
        self._names = names
        self._texts: dict[str, str] = {}
        self._wholes: dict[CardSet, bytes] = {}

    def keep(self, counted: Mapping[LiveSource, CardSet], moment: datetime) -> dict[int, int]:
        """The id of the evidence for each version's cards; written only where the set changed.

        One statement that reads, however many sources, and none where nothing changed.
        """
        kept, changed = {}, []
        for source, cards in counted.items():
            if source.evidence_id is not None and source.digest == self._index.digest(cards):
                kept[source.version_id] = source.evidence_id
            else:
                changed.append(source)
        if changed:
            before = [one.version_id for one in changed if one.evidence_id is not None]
            chains = chains_of(self._session, before)
            rows = [
                {
                    "source_version_id": source.version_id,
                    "taken_at": source.moment_of(moment),
                    "digest": self._index.digest(counted[source]),
                    **self._content(counted[source], chains.get(source.version_id, ())),
                }
                for source in changed
            ]
            written = self._session.connection().execute(_INSERT, rows)
            kept.update((version_id, evidence_id) for version_id, evidence_id in written)
        return kept

    def _content(self, cards: CardSet, chain: Sequence[Any]) -> dict[str, Any]:
        """What the new row holds: the changes since the chain's last one, or everything."""
        if 0 < len(chain) < CHAIN:
            *_, (last, before) = fold(chain)
            now = {card.id: card for card in self._index.cards(cards)}
            entered = [
                card
                for card in now.values()
                if card.id not in before or before[card.id]["completed"] != card.is_completed
            ]
            left = [card_id for card_id in before if card_id not in now]
            if 2 * (len(entered) + len(left)) <= len(now):
                payload = f'{{"entered":{self._list_of(entered)},"left":{json.dumps(left)}}}'
                return {"base_id": last.id, "payload": _pack(payload)}
        if cards not in self._wholes:
            self._wholes[cards] = _pack(self._list_of(self._index.cards(cards)))
        return {"base_id": None, "payload": self._wholes[cards]}

    def _list_of(self, cards: Iterable[Card]) -> str:
        return f"[{','.join(map(self._text, cards))}]"

    def _text(self, card: Card) -> str:
        """A card's record as JSON: as it is called now, written once for all sources."""
        if card.id not in self._texts:
            record = record_of(card, self._names)
            self._texts[card.id] = _as_json(record)
        return self._texts[card.id]


def chains_of(session: Session, version_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of each version from its newest whole one on."""
    if not version_ids:
        return {}
    rows = session.connection().execute(_chains_query(), {"versions": version_ids})
    chains: dict[int, list[Any]] = {}
    for row in rows:
        chains.setdefault(row.source_version_id, []).append(row)
    return chains


_INSERT = insert(Evidence.__table__).returning(  # type: ignore[arg-type]  # a Table, by then
    Evidence.source_version_id, Evidence.id
)


@cache
def _chains_query() -> Select[int, int, datetime, int | None, bytes]:
    whole = aliased(Evidence)
    # One step in the index for each version: a grouped maximum would read all that ever were.
    newest_whole = (
        select(func.max(whole.id))
        .where(whole.source_version_id == SourceVersion.id, whole.base_id.is_(None))
        .scalar_subquery()
    )
    return (
        select(*COLUMNS)
        .join(SourceVersion, SourceVersion.id == Evidence.source_version_id)
        .where(
            SourceVersion.id.in_(bindparam("versions", expanding=True)), Evidence.id >= newest_whole
        )
        .order_by(Evidence.id)
    )


def _pack(text: str) -> bytes:
    """What zlib.decompress opens again, whichever window it was made with."""
    content = text.encode()
    window, memory = (13, 6) if len(content) <= _FITS else (15, 8)
    packer = zlib.compressobj(6, zlib.DEFLATED, window, memory)
    return packer.compress(content) + packer.flush()
