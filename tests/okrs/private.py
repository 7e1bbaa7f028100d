"""A private objective with a key result, and everyone who may or may not see it."""

from dataclasses import dataclass

from app.accounts.models import OBSERVER, Person
from app.db import db
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.items import make_key_result, make_objective
from tests.support.people import make_person

TITLE, PART_TITLE = "Hire quietly", "Talks held"
ROLES = ("outsider", "viewer", "observer", "part owner", "owner", "admin")
SEERS = ROLES[1:]


@dataclass
class Private:
    objective: Objective
    key_result: KeyResult
    cast: dict[str, Person]

    def path(self, text: str) -> str:
        """An address with the ids of the two put in."""
        return text.format(o=self.objective.id, k=self.key_result.id)


def make_private(admin: Person, owner: Person, outsider: Person, cycle: Cycle) -> Private:
    cast = {
        "outsider": outsider,
        "viewer": make_person("Vera Voss"),
        "observer": make_person("Otto Orr", OBSERVER),
        "part owner": make_person("Kim Kay"),
        "owner": owner,
        "admin": admin,
    }
    viewers = [cast[name] for name in ("viewer", "observer", "part owner")]
    objective = make_objective(owner, cycle, TITLE, is_private=True, viewers=viewers)
    key_result = make_key_result(objective, cast["part owner"], PART_TITLE)
    db.session.refresh(objective)
    return Private(objective, key_result, cast)
