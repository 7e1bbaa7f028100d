"""How far an import has come, told as it goes on, for those who wait for it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from app import progress

Thing = TypeVar("Thing")

_AT_ONCE = 500
_WORDS = {"looked at": "rows looked at", "written": "items written"}


class SoFar:
    """Nothing is here before the end: until then it can be read nowhere else."""

    def __init__(self, import_id: int, row_count: int) -> None:
        self._work = _of_import(import_id)
        progress.tell(self._work, what="looked at", done=0, of=row_count)

    def looking(self, rows: Sequence[Thing]) -> Iterator[Thing]:
        """The rows one by one, while it is told how many of them were looked at."""
        for count, row in enumerate(rows):
            if count % _AT_ONCE == 0:
                progress.tell(self._work, what="looked at", done=count, of=len(rows))
            yield row

    def writing(self, batches: Iterable[Sequence[Thing]], of: int) -> Iterator[Sequence[Thing]]:
        """The batches one by one, likewise."""
        done = 0
        for batch in batches:
            progress.tell(self._work, what="written", done=done, of=of)
            yield batch
            done += len(batch)
        progress.tell(self._work, what="written", done=done, of=of)

    def end(self) -> None:
        progress.forget(self._work)


def words(import_id: int) -> str:
    """ "4,000 of 10,000 rows looked at."; empty where it does not go on."""
    told = progress.told(_of_import(import_id))
    if not told:
        return ""
    return f"{told['done']:,} of {told['of']:,} {_WORDS[told['what']]}."


def _of_import(import_id: int) -> str:
    return f"import-{import_id}"
