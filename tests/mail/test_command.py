"""`flask test-mail`: whether SMTP_URL is right, found out at once."""

from flask import Flask

from tests.mail.mailbox import Mailbox, MailServer, text_of


def test_it_sends_one_mail(app: Flask, mailbox: Mailbox) -> None:
    done = app.test_cli_runner().invoke(args=["test-mail", "Ops@Example.com"])
    assert done.output == "The mail server took a mail to ops@example.com.\n"
    assert mailbox.recipients == [["ops@example.com"]]
    assert mailbox.only()["Subject"] == "A test of mail from Tally"
    assert text_of(mailbox.only()) == "This mail shows that Tally can send mail.\n"


def test_it_says_what_is_wrong(app: Flask, mailbox: Mailbox, mail_server: MailServer) -> None:
    for email in ("nobody", "a@b.example, c@d.example"):
        done = app.test_cli_runner().invoke(args=["test-mail", email])
        assert done.exit_code == 1 and "Enter an email" in done.output
    mailbox.answer_recipient = "550 Not here"
    done = app.test_cli_runner().invoke(args=["test-mail", "ops@example.com"])
    assert "The mail server refused it: 550 Not here." in done.output
    mail_server.stop()
    done = app.test_cli_runner().invoke(args=["test-mail", "ops@example.com"])
    assert done.exit_code == 1 and "No mail server answers" in done.output
    assert mailbox.messages == []
