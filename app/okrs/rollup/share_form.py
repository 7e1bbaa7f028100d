"""The form of an objective's shares: fixed where something is typed, free where nothing is."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from wtforms.form import BaseForm

from app.okrs.fields import FigureField
from app.okrs.figures import figure_text
from app.okrs.rollup.contributions import ALL, NONE
from app.okrs.rollup.parts import StoredPart
from app.okrs.rollup.shares import fixed_shares


class ShareForm(BaseForm):
    """A field for each part that counts now, in their order."""

    def __init__(self, parts: Sequence[StoredPart], typed: Any = None) -> None:
        titles = {one.measure_id: one.item.title for one in parts}
        stored = fixed_shares(parts)
        self._names = {one: f"share-{one}" for one in stored}
        kept = {"inputmode": "decimal", "autocomplete": "off"}
        fields: dict[str, Any] = {
            name: FigureField(titles[one], render_kw=kept) for one, name in self._names.items()
        }
        super().__init__(fields)
        data = {self._names[one]: share for one, share in stored.items() if share is not None}
        self.process(typed, data=data)

    def field_of(self, measure_id: int) -> FigureField:
        field = self[self._names[measure_id]]
        if not isinstance(field, FigureField):
            raise TypeError("all fields are of shares")
        return field

    @property
    def wanted(self) -> dict[int, Fraction | None]:
        """The shares as typed, by the ids of measures; None where the field is empty."""
        return {one: self.field_of(one).figure for one in self._names}

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether each is a share, and all of them can be had together."""
        fields = [self.field_of(one) for one in self._names]
        for field in fields:
            field.errors = []
            if field.problem:
                field.errors = [field.problem]
            elif field.figure is not None and not NONE <= field.figure <= ALL:
                field.errors = ["Give a share from 0 to 100 %."]
        if not self.errors:
            self._check_sum([field for field in fields if field.figure is not None], fields)
        return not self.errors

    def _check_sum(self, fixed: Sequence[FigureField], fields: Sequence[FigureField]) -> None:
        total = NONE
        for field in fixed:
            total += field.figure or NONE
            if total > ALL:
                field.errors = [
                    f"With this the fixed shares come to {figure_text(total)} %. "
                    "Together they may be 100 % at most."
                ]
                return
        is_whole = total == ALL or not total  # all at 0 are as if nothing were there
        if fixed and len(fixed) == len(fields) and not is_whole:
            fixed[-1].errors = [
                f"All shares are fixed and come to {figure_text(total)} %. "
                "Bring them to 100 %, or leave one empty: it gets the rest."
            ]
