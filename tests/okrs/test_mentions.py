"""Whom a text means by “@Full Name” or “@First”."""

import pytest

from app.accounts.models import Person
from app.db import db
from app.okrs.mentions import mentioned, people_mentioned
from app.okrs.models import CheckIn, KeyResult, Objective
from tests.okrs.items import count_of
from tests.support.client import Client
from tests.support.people import make_person


def names(text: str, item: Objective | KeyResult, by: Person) -> list[str]:
    return sorted(person.name for person in mentioned(text, item, by))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Carol Clark, look", ["Carol Clark"]),
        ("look, @carol!", ["Carol Clark"]),
        ("(@CAROL  CLARK)", ["Carol Clark"]),
        ("@Carol's turn", ["Carol Clark"]),
        ("@Alice and @Carol Clark and @alice", ["Alice Adams", "Carol Clark"]),
        ("Carol", []),
        ("carol@carol.example", []),
        ("@@Carol", []),
        ("@Carolyn", []),
        ("@Carol-Ann", []),
        ("@Clark", []),
        ("@Bob", []),  # oneself
        ("@Dave", []),  # his account is closed
        ("@", []),
        ("", []),
    ],
)
def test_names(
    objective: Objective,
    alice: Person,
    bob: Person,
    carol: Person,
    dave: Person,
    text: str,
    meant: list[str],
) -> None:
    assert names(text, objective, bob) == meant


def test_a_first_name_that_several_have_means_none_of_them(
    objective: Objective, bob: Person, carol: Person
) -> None:
    make_person("Carol Cole", email="cole@example.com")
    assert names("@Carol", objective, bob) == []
    assert names("@Carol Cole", objective, bob) == ["Carol Cole"]


def test_a_first_name_that_is_also_ones_own_means_nobody(objective: Objective, bob: Person) -> None:
    make_person("Bob Bishop", email="bishop@example.com")
    assert names("@Bob", objective, bob) == []


def test_a_full_name_wins_over_a_first_name(objective: Objective, bob: Person) -> None:
    make_person("Ann", email="ann@example.com")
    make_person("Ann Lee", email="lee@example.com")
    make_person("Ann-Marie Poe", email="poe@example.com")
    assert names("@Ann", objective, bob) == ["Ann"]
    assert names("@Ann Lee", objective, bob) == ["Ann Lee"]
    assert names("@Ann-Marie", objective, bob) == ["Ann-Marie Poe"]


def test_two_of_the_same_name_are_meant_by_nothing(objective: Objective, bob: Person) -> None:
    make_person("Ann Lee", email="one@example.com")
    make_person("Ann Lee", email="two@example.com")
    assert names("@Ann Lee and @Ann", objective, bob) == []


def test_letters_beyond_ascii(objective: Objective, bob: Person) -> None:
    make_person("Zoë Åkesson", email="zoe@example.com")
    assert names("@zoe\u0308 åkesson", objective, bob) == ["Zoë Åkesson"]
    assert names("@ZOË", objective, bob) == ["Zoë Åkesson"]


def test_signs_in_a_name_stand_for_themselves(objective: Objective, bob: Person) -> None:
    make_person("C.* (+) [x]", email="odd@example.com")
    assert names("@Carol", objective, bob) == []
    assert names("@C.* (+) [x]", objective, bob) == ["C.* (+) [x]"]


def test_who_may_not_see_the_item_is_not_told(
    objective: Objective, key_result: KeyResult, alice: Person, bob: Person, carol: Person
) -> None:
    stored = db.session.get_one(Objective, objective.id)
    stored.is_private = True
    db.session.commit()
    for item in (stored, db.session.get_one(KeyResult, key_result.id)):
        assert names("@Carol and @Alice", item, bob) == ["Alice Adams"]
    stored.viewers = [db.session.get_one(Person, carol.id)]
    db.session.commit()
    assert names("@Carol", stored, bob) == ["Carol Clark"]


def test_a_check_in_tells_of_its_mentions_once(
    client: Client, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    told = []

    def note(item: KeyResult, people: list[Person], by: Person, text: str) -> None:
        told.append((item.id, [one.name for one in people], by.name, text))

    with people_mentioned.connected_to(note):
        client.sign_in(bob)
        client.post(f"/key-results/{key_result.id}/check-in", {"note": "Thanks, @Carol"})
        client.post(f"/key-results/{key_result.id}/check-in", {"note": "Nobody"})
    assert told == [(key_result.id, ["Carol Clark"], "Bob Brown", "Thanks, @Carol")]
    assert count_of(CheckIn) == 2
