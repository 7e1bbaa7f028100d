"""Mentions wait on the start page until they are seen, and tell of nothing one may not see."""

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.db import db
from app.okrs.comments.models import Comment, Mention
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.items import count_of, make_key_result, make_objective, only
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements


def comment(client: Client, by: Person, key_result: KeyResult, text: str) -> None:
    client.sign_in(by)
    answer = client.post(f"/key-results/{key_result.id}/comments", {"text": text})
    assert answer.status_code == 303


def needs(client: Client, person: Person) -> list[str]:
    client.sign_in(person)
    return [item.all("div")[0].text for item in client.page("/").all(".needs li")]


def test_a_mention_waits_until_the_item_is_opened(
    client: Client, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "What do you think, @Carol Clark?")
    assert needs(client, bob) == []
    assert needs(client, carol) == [
        "Bob Brown mentioned you on “Publish posts” “What do you think, @Carol Clark?”"
    ]
    link = client.page("/").link("Look")
    assert link == f"/key-results/{key_result.id}#comment-{only(Comment).id}"
    client.fragment(f"/key-results/{key_result.id}/standing")  # a tab left open has not seen it
    assert len(needs(client, carol)) == 1
    client.page(link.partition("#")[0])
    assert needs(client, carol) == []
    assert only(Mention).seen_at is not None


def test_it_can_be_put_away_unseen(client: Client, bob: Person, key_result: KeyResult) -> None:
    observer = make_person("Olga Orlova", OBSERVER)
    comment(client, bob, key_result, "For you, @Olga")
    assert len(needs(client, observer)) == 1
    page = client.follow(client.submit(client.page("/"), "Seen"))
    assert not page.all(".needs li")
    assert only(Mention).seen_at is not None


def test_nobody_puts_away_anothers(
    client: Client, bob: Person, carol: Person, alice: Person, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "@Carol")
    client.sign_in(alice)
    mention = only(Mention).id
    for query in (f"?mention={mention}", "", "?mention=x", f"?mention={9**30}"):
        assert client.post(f"/key-results/{key_result.id}/seen{query}").status_code == 303
    client.page(f"/key-results/{key_result.id}")
    assert only(Mention).seen_at is None


def test_several_on_one_item_are_told_and_put_away_one_by_one(
    client: Client, bob: Person, carol: Person, alice: Person, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "@Carol, look")
    client.post(f"/key-results/{key_result.id}/check-in", {"note": "@Carol, done"})
    said = "Bob Brown mentioned you on “Publish posts”"
    assert needs(client, carol) == [f"{said} “@Carol, done”", f"{said} “@Carol, look”"]
    page = client.page("/")
    comment(client, alice, key_result, "@Carol and @Bob " + "x" * 200)
    client.sign_in(carol)
    newest = page.one(".needs").all("form")[0]
    client.follow(client.post(newest["action"]))
    newer = f"Alice Adams mentioned you on “Publish posts” “@Carol and @Bob {'x' * 104} …”"
    assert needs(client, carol) == [newer, f"{said} “@Carol, look”"]
    client.page(f"/key-results/{key_result.id}")
    assert needs(client, carol) == []


def test_what_the_page_of_the_item_has_no_room_for_is_not_seen(
    client: Client,
    bob: Person,
    carol: Person,
    key_result: KeyResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("history", "timeline"):
        monkeypatch.setattr(f"app.okrs.{module}.LONGEST", 1)
    comment(client, bob, key_result, "@Carol, one")
    comment(client, bob, key_result, "@Carol, two")
    client.sign_in(carol)
    client.page(f"/key-results/{key_result.id}")
    assert [said.partition("“@")[2] for said in needs(client, carol)] == ["Carol, one”"]
    client.page(f"/key-results/{key_result.id}/timeline?page=2")
    assert needs(client, carol) == []


def test_a_mention_in_a_check_in_leads_to_it(
    client: Client, bob: Person, carol: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    client.post(f"/objectives/{objective.id}/check-in", {"note": "@Carol, done"})
    client.sign_in(carol)
    link = client.page("/").link("Look")
    assert link == f"/objectives/{objective.id}#check-in-{only(Mention).check_in_id}"


def test_edited_it_tells_only_those_who_are_new(
    client: Client, bob: Person, carol: Person, alice: Person, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "@Carol")
    path = f"/comments/{only(Comment).id}/edit"
    client.post(path, {"text": "@Carol @Alice"})
    meant = select(Mention.person_id).order_by(Mention.id)
    assert db.session.scalars(meant).all() == [carol.id, alice.id]
    client.post(path, {"text": "@Alice"})
    assert db.session.scalars(meant).all() == [alice.id]
    client.post(f"/comments/{only(Comment).id}/delete")
    assert count_of(Mention) == 0


@pytest.mark.parametrize("later", [False, True])
def test_no_mention_tells_of_what_one_may_not_see(
    client: Client, bob: Person, carol: Person, cycle: Cycle, later: bool
) -> None:
    objective = make_objective(bob, cycle, is_private=not later)
    key_result = make_key_result(objective, bob)
    comment(client, bob, key_result, "@Carol")
    if later:
        objective = db.session.get_one(Objective, objective.id)
        objective.is_private = True
        db.session.commit()
    assert count_of(Mention) == int(later)
    assert needs(client, carol) == []
    client.sign_in(carol)
    assert client.post(f"/key-results/{key_result.id}/seen").status_code == 404


def test_what_was_deleted_is_not_told_of(
    client: Client, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "@Carol")
    client.post(f"/key-results/{key_result.id}/delete")
    assert needs(client, carol) == []


def test_any_number_of_them_costs_one_statement(
    client: Client, bob: Person, carol: Person, objective: Objective, key_result: KeyResult
) -> None:
    comment(client, bob, key_result, "@Carol")
    client.sign_in(carol)
    client.page("/")
    with count_statements() as one:
        client.page("/")
    for number in range(4):
        comment(client, bob, make_key_result(objective, bob, f"Post {number}"), "@Carol")
    assert len(needs(client, carol)) == 5
    with count_statements() as five:
        client.page("/")
    assert len(one) == len(five)
