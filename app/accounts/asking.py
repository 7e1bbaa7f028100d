"""Whoever asks, in statements that are made once for everybody."""

from typing import Any

from sqlalchemy import Integer, bindparam

from app.accounts.models import Person


class Asking:
    """Stands for a person while a statement is made; who it is, is given when it is asked."""

    id = bindparam("asking", type_=Integer())

    def __init__(self, is_admin: bool) -> None:
        self.is_admin = is_admin


def asked_by(person: Person, **values: Any) -> dict[str, Any]:
    """The values for a statement made with `Asking`."""
    return {"asking": person.id, **values}
