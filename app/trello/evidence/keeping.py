"""Writing evidence: for all sources of a board at once, and only where their cards changed."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, insert, select
from sqlalchemy.orm import Session, aliased

from app.okrs.models import Evidence, SourceVersion
from app.trello.answers import Card
from app.trello.board_index import BoardIndex, CardSet
from app.trello.evidence.reading import CHAIN, COLUMNS, Record, fold
from app.trello.shape import Shape


class Keeper:
    """Writes evidence for the sources of one copy of a board."""

    def __init__(self, session: Session, index: BoardIndex, names: Shape) -> None:
        self._session = session
        self._index = index
        self._names = names
        self._texts: dict[str, str] = {}
        self._wholes: dict[CardSet, bytes] = {}

    def keep(
        self, counted: Mapping[SourceVersion, CardSet], moments: Mapping[SourceVersion, datetime]
    ) -> dict[SourceVersion, int]:
        """The id of the evidence for each version's cards; written only where the set changed.

        Two statements that read, however many versions.
        """
        latest = self._latest(counted)
        digests = {version: self._index.digest(cards) for version, cards in counted.items()}
        changed = [
            version
            for version, digest in digests.items()
            if version.id not in latest or latest[version.id][1] != digest
        ]
        chains = self._chains([version.id for version in changed if version.id in latest])
        rows = [
            {
                "source_version_id": version.id,
                "taken_at": moments[version],
                "digest": digests[version],
                **self._content(counted[version], chains.get(version.id, ())),
            }
            for version in changed
        ]
        kept = {version_id: evidence_id for version_id, (evidence_id, _) in latest.items()}
        if rows:
            written = self._session.execute(_INSERT, rows)
            kept.update((version_id, evidence_id) for version_id, evidence_id in written)
        return {version: kept[version.id] for version in counted}

    def _latest(self, versions: Iterable[SourceVersion]) -> dict[int, tuple[int, str]]:
        """The newest evidence of each version: its id and its digest."""
        wanted = [version.id for version in versions]
        rows = self._session.execute(_latest_query(), {"versions": wanted})
        return {version_id: (evidence_id, digest) for version_id, evidence_id, digest in rows}

    def _chains(self, version_ids: Sequence[int]) -> dict[int, list[Any]]:
        """The rows of each version from its newest whole one on."""
        if not version_ids:
            return {}
        rows = self._session.execute(_chains_query(), {"versions": version_ids})
        chains: dict[int, list[Any]] = {}
        for row in rows:
            chains.setdefault(row.source_version_id, []).append(row)
        return chains

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
            record: Record = {
                "id": card.id,
                "name": card.name,
                "list": self._names.list_name(card.list_id),
                "labels": [self._names.label_name(one) for one in card.label_ids],
                "owners": [self._names.member_name(one) for one in card.member_ids],
                "completed": card.is_completed,
                "url": card.url,
            }
            self._texts[card.id] = json.dumps(record, separators=(",", ":"))
        return self._texts[card.id]


_INSERT = insert(Evidence.__table__).returning(  # type: ignore[arg-type]  # a Table, by then
    Evidence.source_version_id, Evidence.id
)


@cache
def _latest_query() -> Select[int, int, str]:
    """Built once, as the next: they are asked for every board, every hour."""
    return select(Evidence.source_version_id, Evidence.id, Evidence.digest).where(
        Evidence.id.in_(_newest())
    )


@cache
def _chains_query() -> Select[int, int, datetime, int | None, bytes]:
    whole = aliased(Evidence)
    return (
        select(*COLUMNS)
        .join(whole, whole.source_version_id == Evidence.source_version_id)
        .where(whole.id.in_(_newest(Evidence.base_id.is_(None))), Evidence.id >= whole.id)
        .order_by(Evidence.id)
    )


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The ids of the newest rows of `versions`: one step in the index for each, whereas a
    grouped maximum would read all the rows that ever were."""
    found = (
        select(Evidence.id)
        .where(Evidence.source_version_id == SourceVersion.id, *conditions)
        .order_by(Evidence.id.desc())
        .limit(1)
        .correlate(SourceVersion)
        .scalar_subquery()
    )
    return select(found).where(SourceVersion.id.in_(bindparam("versions", expanding=True)))


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)
