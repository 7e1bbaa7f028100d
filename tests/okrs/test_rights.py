"""Who may do what with an objective of a team, of the company, and of a person."""

import pytest

from app.accounts.models import OBSERVER, Person
from app.db import db
from app.okrs.models import COMPANY, PERSONAL, TEAM, Cycle, KeyResult, Measure, Objective
from tests.okrs.items import make_key_result, make_objective
from tests.support.client import Client
from tests.support.people import make_person
from tests.teams.making import make_team

EDIT = ("edit", "delete")
WAYS = ("check-in", *EDIT, "key-results/new")
ALL = set(WAYS)
AS_MEMBER = {"check-in", "key-results/new"}
RIGHTS = {
    "outsider": {},
    "member": {TEAM: AS_MEMBER},
    "lead": {TEAM: ALL},
    "observer in the team": {},
    "observer as lead": {},
    "further owner": dict.fromkeys((TEAM, COMPANY, PERSONAL), ALL),
    "owner": dict.fromkeys((TEAM, COMPANY, PERSONAL), ALL),
    "admin": dict.fromkeys((TEAM, COMPANY, PERSONAL), ALL),
}
"""By role and level: what one may do with the objective, and with its key results."""


@pytest.fixture
def cast(alice: Person, bob: Person, carol: Person) -> dict[str, Person]:
    return {
        "outsider": carol,
        "member": make_person("Mia Moe"),
        "lead": make_person("Lena Lind"),
        "observer in the team": make_person("Otto Orr", OBSERVER),
        "observer as lead": make_person("Olga Orlov", OBSERVER),
        "further owner": make_person("Finn Falk"),
        "owner": bob,
        "admin": alice,
    }


@pytest.fixture
def items(cast: dict[str, Person], cycle: Cycle) -> dict[str, tuple[Objective, KeyResult]]:
    """One of each level; its key result is someone's who has no further right."""
    other = make_person("Nina Noe")
    team = make_team("Marketing", cast["lead"], (cast["member"], cast["observer in the team"]))
    made = {}
    for level in (TEAM, COMPANY, PERSONAL):
        team_id = team.id if level == TEAM else None
        objective = make_objective(cast["owner"], cycle, level, level=level, team_id=team_id)
        objective.measure.further_owners = [db.session.merge(cast["further owner"])]
        made[level] = (objective, make_key_result(objective, other))
    db.session.commit()
    return made


@pytest.mark.parametrize("role", RIGHTS)
def test_each_may_do_what_is_theirs_to_do(
    client: Client,
    cast: dict[str, Person],
    items: dict[str, tuple[Objective, KeyResult]],
    role: str,
) -> None:
    client.sign_in(cast[role])
    for level, (objective, key_result) in items.items():
        may = RIGHTS[role].get(level, set())
        for way in WAYS:
            status = client.get(f"/objectives/{objective.id}/{way}").status_code
            assert status == (200 if way in may else 403), (level, way)
        for way in ("check-in", *EDIT):
            status = client.get(f"/key-results/{key_result.id}/{way}").status_code
            assert status == (200 if way in may else 403), (level, way)
        page = client.page(f"/objectives/{objective.id}")
        offered = ("Edit", "Delete", "Check in", "New key result")
        shown = {one for one in offered if page.named(one)}
        wanted = {"check-in": "Check in", "key-results/new": "New key result"}
        assert shown == {wanted.get(way, way.capitalize()) for way in may}, level


def test_a_member_of_the_team_checks_in_and_adds_a_key_result(
    client: Client, cast: dict[str, Person], items: dict[str, tuple[Objective, KeyResult]]
) -> None:
    objective, key_result = items[TEAM]
    client.sign_in(cast["member"])
    form = client.page(f"/key-results/{key_result.id}/check-in")
    client.follow(client.submit(form, "Save", {"value": "7"}))
    assert db.session.get_one(Measure, key_result.measure_id).value == 7
    form = client.page(f"/objectives/{objective.id}/key-results/new")
    page = client.follow(client.submit(form, "Save", {"title": "Write guides"}))
    assert page.h1 == "Write guides"
    assert page.named("Edit"), "what they own they edit"


def test_whoever_led_the_team_before_does_not_any_more(
    client: Client, cast: dict[str, Person], items: dict[str, tuple[Objective, KeyResult]]
) -> None:
    objective, _ = items[TEAM]
    assert objective.team is not None
    objective.team.lead_id = cast["outsider"].id
    db.session.commit()
    client.sign_in(cast["lead"])
    assert client.get(f"/objectives/{objective.id}/edit").status_code == 403
    client.sign_in(cast["outsider"])
    assert client.get(f"/objectives/{objective.id}/edit").status_code == 200
