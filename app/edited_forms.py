"""The form of a thing that two people may edit: as stored, or as sent and merged with what is."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from app.form_fields import Said, fields_of
from app.merging import Merge, Thing, Together, begin, merge

AForm = TypeVar("AForm", bound=BaseForm)


@dataclass
class Edited(Generic[AForm]):
    """A form with what others saved since it was opened."""

    form: AForm
    merge: Merge
    said: Said | None = None

    def may_be_saved(self, is_valid: bool | None = None) -> bool:
        """Check it, unless that was done; False leaves messages on the form."""
        is_valid = self.form.validate() if is_valid is None else is_valid
        self.merge.tell(self.form, fields_of(self.form, self.said))
        return is_valid and not self.merge.is_contested


def edited(
    thing: Thing,
    sent: MultiDict[str, str] | None,
    form_of: Callable[[MultiDict[str, str] | None], AForm],
    together: Collection[Together] = (),
    said: Said | None = None,
) -> Edited[AForm]:
    """The form of a thing that nobody else changes meanwhile: as it is stored, or as it was sent.

    `form_of` makes it from what was sent; from nothing it is as stored.
    """
    stored = form_of(None)
    fields = fields_of(stored, said)
    if sent is None:
        return Edited(stored, begin(thing, fields), said)
    met = merge(thing, sent, fields, together)
    return Edited(form_of(met.sent), met, said)
