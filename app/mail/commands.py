"""Mail from the shell."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.accounts.forms import email_problem, normal_email
from app.mail.message import plain_message
from app.mail.sending import MailFailure, hand_over, mail_server
from app.smtp_url import MailServer


@click.command("test-mail")
@click.argument("email")
@with_appcontext
def test_mail(email: str) -> None:
    """Send one mail to EMAIL at once, to see whether SMTP_URL is right."""
    server: MailServer | None = current_app.extensions["tally_config"].mail_server
    if server is None:
        raise click.ClickException("SMTP_URL is not set, so Tally sends no mail.")
    email = normal_email(email)
    problem = email_problem(email)
    if problem:
        raise click.ClickException(problem)
    text = "This mail shows that Tally can send mail.\n"
    message = plain_message(server.sender, "", email, "A test of mail from Tally", text)
    try:
        with mail_server(server) as smtp:
            hand_over(smtp, server, message)
    except MailFailure as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(f"The mail server took a mail to {email}.")
