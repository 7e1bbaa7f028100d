"""Mail to those whom a check-in's note mentions."""

from app.accounts.models import Person
from app.db import db
from app.okrs.models import CheckIn, KeyResult, Objective
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox, text_of
from tests.mail.posting import Post, waiting
from tests.okrs.items import count_of
from tests.support.client import Client


def check_in(client: Client, person: Person, key_result: KeyResult, note: str) -> int:
    client.sign_in(person)
    return client.post(f"/key-results/{key_result.id}/check-in", {"note": note}).status_code


def test_a_mention_is_mailed_with_its_note(
    client: Client,
    bob: Person,
    carol: Person,
    key_result: KeyResult,
    post: Post,
    mailbox: Mailbox,
) -> None:
    assert check_in(client, bob, key_result, "Half done.\r\n@Carol Clark: <b>ready?</b>") == 303
    post.deliver()
    message = mailbox.only()
    assert mailbox.recipients == [["carol@example.com"]]
    assert message["Subject"] == "Bob Brown mentioned you: Publish posts"
    assert "> Half done.\n> @Carol Clark: <b>ready?</b>\n" in text_of(message)
    assert f"{SITE}/key-results/{key_result.id}\n" in text_of(message)
    assert message["List-Unsubscribe"]


def test_who_may_not_see_the_item_gets_nothing(
    client: Client,
    bob: Person,
    carol: Person,
    objective: Objective,
    key_result: KeyResult,
) -> None:
    objective.is_private = True
    db.session.commit()
    check_in(client, bob, key_result, "@Carol")
    assert waiting() == []


def test_who_may_not_see_it_any_more_when_it_is_sent_gets_nothing(
    client: Client,
    bob: Person,
    carol: Person,
    objective: Objective,
    key_result: KeyResult,
    post: Post,
    mailbox: Mailbox,
) -> None:
    check_in(client, bob, key_result, "@Carol")
    assert len(waiting()) == 1
    db.session.get_one(Objective, objective.id).is_private = True
    db.session.commit()
    post.deliver()
    assert mailbox.recipients == []
    assert [mail.content_encrypted for mail in waiting()] == [None]


def test_who_turned_it_off_gets_nothing(
    client: Client, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    carol.wants_mentions = False
    db.session.commit()
    check_in(client, bob, key_result, "@Carol")
    assert waiting() == []


def test_a_check_in_that_is_refused_mails_nobody(
    client: Client, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    assert check_in(client, bob, key_result, "@Carol " + "x" * 10_000) == 422
    assert waiting() == [] and count_of(CheckIn) == 0


def test_a_long_note_is_cut(
    client: Client,
    bob: Person,
    carol: Person,
    key_result: KeyResult,
    post: Post,
    mailbox: Mailbox,
) -> None:
    check_in(client, bob, key_result, "@Carol " + "long " * 1000)
    post.deliver()
    text = text_of(mailbox.only())
    assert " …\n" in text and len(text) < 2600
