"""`flask --app app create-admin`: an admin without the browser."""

import sys

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.forms import LONGEST_NAME, email_problem, normal_email, one_line, password_problem
from app.accounts.models import ADMIN, Person
from app.accounts.setup import is_set_up, make_workspace
from app.db import db
from app.migrating import upgrade

DEFAULT_NAME, DEFAULT_ZONE = "Tally", "UTC"


@click.command("create-admin")
@click.argument("email")
@click.option("--name", required=True, help="The admin's name, as others see it.")
@click.option("--password", help="Seen by everyone on this machine: --password-stdin is safer.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_appcontext
def create_admin(email: str, name: str, password: str | None, password_stdin: bool) -> None:
    """Add an admin; make the tables and the workspace where there are none yet."""
    email, name = normal_email(email), one_line(name)
    if password_stdin == (password is not None):
        raise click.UsageError("Give either --password or --password-stdin.")
    if password is None:
        password = _typed_password()
    problem = email_problem(email) or _name_problem(name) or password_problem(password, email, name)
    if problem:
        raise click.ClickException(problem)
    # It may well be the first command that is ever run here.
    upgrade(current_app.extensions["tally_config"].database_url)
    try:
        with db.writing():
            _add(email, name, password)
    except IntegrityError as error:
        raise click.ClickException("Another set-up was faster. Run the command again.") from error
    click.echo(f"{email} can sign in as an admin now.")


def _name_problem(name: str) -> str | None:
    return (
        None if 0 < len(name) <= LONGEST_NAME else f"Give a name of 1 to {LONGEST_NAME} characters."
    )


def _add(email: str, name: str, password: str) -> None:
    if db.session.scalar(select(Person.id).where(Person.email == email)):
        raise click.ClickException(f"There is an account with the email {email} already.")
    if not is_set_up():
        make_workspace(DEFAULT_NAME, DEFAULT_ZONE)
    admin = Person(name=name, email=email, role=ADMIN)
    admin.choose_password(password)
    db.session.add(admin)


def _typed_password() -> str:
    """One line of standard input; at a terminal it is asked for and not shown."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")
