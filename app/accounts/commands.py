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
from app.accounts.ways_in import has_passwords, openid_name
from app.audit.log import record
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
    password = _chosen_password(password, password_stdin)
    problem = email_problem(email) or _name_problem(name)
    if problem is None and password is not None:
        problem = password_problem(password, email, name)
    if problem:
        raise click.ClickException(problem)
    # It may well be the first command that is ever run here.
    upgrade(current_app.extensions["tally_config"].database_url)
    try:
        with db.writing():
            _add(email, name, password)
    except IntegrityError as error:
        raise click.ClickException("Another set-up was faster. Run the command again.") from error
    way = "" if password else f" with {openid_name()}"
    click.echo(f"{email} can sign in{way} as an admin now.")


def _name_problem(name: str) -> str | None:
    return (
        None if 0 < len(name) <= LONGEST_NAME else f"Give a name of 1 to {LONGEST_NAME} characters."
    )


def _add(email: str, name: str, password: str | None) -> None:
    if db.session.scalar(select(Person.id).where(Person.email == email)):
        raise click.ClickException(f"There is an account with the email {email} already.")
    if not is_set_up():
        make_workspace(DEFAULT_NAME, DEFAULT_ZONE)
    admin = Person(name=name, email=email, role=ADMIN)
    if password is not None:
        admin.choose_password(password)
    db.session.add(admin)
    db.session.flush()  # the log tells the admin by the id
    record("admin.created", "person", admin.id, admin.name)


def _chosen_password(password: str | None, is_typed: bool) -> str | None:
    """None where there is OpenID Connect to come in with instead."""
    if not has_passwords():
        if is_typed or password is not None:
            raise click.ClickException(
                "Passwords are turned off: leave the password out, or set LOCAL_PASSWORDS to on."
            )
        return None
    if is_typed == (password is not None):
        if not is_typed and openid_name():
            return None
        raise click.UsageError("Give either --password or --password-stdin.")
    return _typed_password() if is_typed else password


def _typed_password() -> str:
    """One line of standard input; at a terminal it is asked for and not shown."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")
