"""What a form shows, field by field: as a browser sends it, and as people read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from wtforms import BooleanField, Field, HiddenField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectFieldBase
from wtforms.form import BaseForm

from app.pages import day

Said = Mapping[str, Mapping[str, str]]
"""Words for the values of fields that know none themselves, by the fields' names."""


@dataclass(frozen=True)
class Shown:
    """A field as a form shows it."""

    label: str
    values: tuple[str, ...]
    """As a browser sends them."""
    words: str
    """The same for people; empty where there is nothing."""
    is_several: bool = False
    """Whether nothing is sent where nothing is chosen."""


Fields = Mapping[str, Shown]


def fields_of(form: BaseForm, said: Said | None = None) -> dict[str, Shown]:
    """What a form shows, but for what it hides."""
    return {
        one.short_name: _shown(one, (said or {}).get(one.short_name, {}))
        for one in form
        if not isinstance(one, HiddenField)
    }


def plain(text: str) -> str:
    """Without what browsers change of a text that nobody touched."""
    return text.replace("\r\n", "\n").strip()


def _shown(one: Field, said: Mapping[str, str]) -> Shown:
    label = one.label.text
    if isinstance(one, BooleanField):
        said_so = "yes" if one.data else "no"
        return Shown(label, ("y",) if one.data else (), said_so, is_several=True)
    if isinstance(one, SelectMultipleField):
        chosen = tuple(sorted(str(value) for value in one.data or ()))
        named = [text for value, text in _choices(one).items() if value in chosen]
        return Shown(label, chosen, ", ".join(named), is_several=True)
    if isinstance(one.data, date):
        return Shown(label, (one.data.isoformat(),), day(one.data))
    text = plain("" if one.data is None else str(one.data))
    known = _choices(one) if isinstance(one, SelectField) else said
    return Shown(label, (text,), known.get(text, text))


def _choices(one: SelectFieldBase) -> dict[str, str]:
    return {str(value): str(label) for value, label, *_rest in one.iter_choices()}
