"""The forms about people, and the rules for what a name, an email and a password may be."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    Form,
    PasswordField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired

from app.accounts.models import ADMIN, MEMBER, OBSERVER, Person, workspace

LONGEST_NAME = 120
LONGEST_EMAIL = 254
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
ROLE_WORDS = {MEMBER: "Member", ADMIN: "Admin", OBSERVER: "Observer"}

_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\"\\]{1,64}@"  # whom
    r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*"  # where: labels with dots between
)


_JOINERS = "\u200c\u200d"
"""Unseen, but words in several scripts and many emoji are made with them."""


def one_line(text: str | None) -> str:
    """As typed, without characters that no one sees and with single spaces."""
    seen = (" " if unicodedata.category(sign) == "Cc" else sign for sign in text or "")
    kept = (sign for sign in seen if unicodedata.category(sign) != "Cf" or sign in _JOINERS)
    line = " ".join("".join(kept).split())
    return line if line.strip(_JOINERS) else ""


def normal_email(text: str | None) -> str:
    return one_line(text).lower()


def email_problem(email: str) -> str | None:
    """What is wrong with a normalised email, in a sentence; None when nothing is."""
    if len(email) > LONGEST_EMAIL:
        return f"Use at most {LONGEST_EMAIL} characters."
    if not _EMAIL.fullmatch(email):
        return "Enter an email such as anna@example.com."
    return None


def password_problem(password: str, email: str, name: str) -> str | None:
    """What is wrong with a new password, in a sentence; None when nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters."
    if len(password) > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters."
    guessable = {email, email.partition("@")[0], one_line(name).casefold()}
    if one_line(password).casefold() in guessable:
        return "Choose something other than your name or your email."
    return None


@cache
def time_zones() -> list[str]:
    """The zones people know by their place, UTC first."""
    places = [zone for zone in available_timezones() if "/" in zone and zone[:4] != "Etc/"]
    return ["UTC", *sorted(places)]


def _zones_beside_workspaces() -> dict[str, str]:
    as_workspace = f"As the workspace ({workspace().time_zone})"
    return {"": as_workspace} | {zone: zone for zone in time_zones()}


def _name_is_short(_form: Form, field: Field) -> None:
    if len(field.data) > LONGEST_NAME:
        raise ValidationError(f"Use at most {LONGEST_NAME} characters.")


def _is_email(_form: Form, field: Field) -> None:
    problem = email_problem(field.data)
    if problem:
        raise ValidationError(problem)


def _name_field(label: str, missing: str) -> StringField:
    return StringField(
        label,
        filters=[one_line],
        validators=[DataRequired(missing), _name_is_short],
    )


def _email_field(autocomplete: str = "off") -> EmailField:
    return EmailField(
        "Email",
        filters=[normal_email],
        validators=[DataRequired("Enter an email."), _is_email],
        render_kw={"autocomplete": autocomplete},
    )


def _password_field(label: str, autocomplete: str, missing: str) -> PasswordField:
    return PasswordField(
        label,
        validators=[InputRequired(missing)],
        render_kw={"autocomplete": autocomplete},
    )


def _new_password_field(label: str = "Password") -> PasswordField:
    return _password_field(label, "new-password", "Choose a password.")


class SignInForm(Form):
    email = EmailField("Email", filters=[normal_email], render_kw={"autocomplete": "username"})
    password = PasswordField("Password", render_kw={"autocomplete": "current-password"})


class SetupForm(Form):
    name = _name_field("Your name", "Enter your name.")
    email = _email_field("username")
    password = _new_password_field()
    workspace_name = _name_field("Workspace name", "Enter a name, such as your team's.")
    time_zone = SelectField(
        "Time zone",
        default="UTC",
        choices=lambda: {zone: zone for zone in time_zones()},
        validate_choice=False,
    )

    def validate_password(self, field: PasswordField) -> None:
        _check_password(field, self.email.data or "", self.name.data or "")

    def validate_time_zone(self, field: SelectField) -> None:
        if field.data not in time_zones():
            raise ValidationError("Choose a time zone from the list.")


class ForgottenPasswordForm(Form):
    email = _email_field("username")


def _role_field(default: str | None = None) -> SelectField:
    return SelectField("Role", default=default, choices=ROLE_WORDS, validate_choice=False)


def _check_role(_form: Form, field: Field) -> None:
    if field.data not in ROLE_WORDS:
        raise ValidationError("Choose a role from the list.")


class InvitationForm(Form):
    name = _name_field("Name", "Enter a name.")
    email = _email_field()
    role = _role_field(MEMBER)

    validate_role = _check_role


class _OfAccount(Form):
    """What an admin does to an account; to their own only when they say so."""

    is_sure = BooleanField("Yes, I mean my own account")

    def __init__(
        self, formdata: MultiDict[str, str] | None, *, is_own: bool, **stored: object
    ) -> None:
        super().__init__(formdata, data=stored)
        self.is_own = is_own

    def validate_is_sure(self, field: BooleanField) -> None:
        if self.is_own and not field.data:
            raise ValidationError("This is your own account. Tick this if you mean it.")


class RoleForm(_OfAccount):
    role = _role_field()

    validate_role = _check_role


class HandOverForm(_OfAccount):
    """To whom someone's belongings go, where there are any."""

    heir = SelectField("Hand over to", validate_choice=False)

    def offer(self, heirs: Sequence[Person]) -> None:
        """Let one of these be chosen, or nobody where there are none."""
        self.heirs = {str(one.id): one for one in heirs}
        choices = [(number, one.name) for number, one in self.heirs.items()]
        self.heir.choices = [("", "Choose a person"), *choices]

    @property
    def chosen(self) -> Person | None:
        return self.heirs.get(self.heir.data or "")

    def validate_heir(self, _field: SelectField) -> None:
        if self.heirs and self.chosen is None:
            raise ValidationError("Choose who takes it over.")


class _OfPerson(Form):
    def __init__(self, formdata: MultiDict[str, str] | None, person: Person) -> None:
        super().__init__(formdata)
        self.person = person


class WelcomeForm(_OfPerson):
    password = _new_password_field()

    def validate_password(self, field: PasswordField) -> None:
        _check_password(field, self.person.email, self.person.name)


class ProfileForm(Form):
    name = _name_field("Name", "Enter your name.")
    time_zone = SelectField("Time zone", choices=_zones_beside_workspaces, validate_choice=False)

    def validate_time_zone(self, field: SelectField) -> None:
        if field.data and field.data not in time_zones():
            raise ValidationError("Choose a time zone from the list.")


class ChangePasswordForm(_OfPerson):
    current_password = _password_field(
        "Current password", "current-password", "Enter your current password."
    )
    new_password = _new_password_field("New password")

    def validate_current_password(self, field: PasswordField) -> None:
        if not self.person.has_password(field.data or ""):
            raise ValidationError("That is not your current password.")

    def validate_new_password(self, field: PasswordField) -> None:
        _check_password(field, self.person.email, self.person.name)


def _check_password(field: PasswordField, email: str, name: str) -> None:
    problem = password_problem(field.data or "", email, name)
    if problem:
        raise ValidationError(problem)
