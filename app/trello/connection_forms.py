"""The forms about connections and about Trello's API key."""

import re
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict
from wtforms import Form, PasswordField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import AnyOf, InputRequired

from app.accounts.forms import LONGEST_NAME, one_line
from app.accounts.models import Person
from app.accounts.people import possible_owners
from app.merging import Together
from app.teams.loading import all_teams
from app.teams.models import Team
from app.trello.configuring import Offer, OfferedBoard
from app.trello.models import EVERYONE, PEOPLE, PRIVATE, Connection

ALL, ONLY = "all", "only"
LONGEST_KEY = 255
_KEY = re.compile(r"[!-~]+")


RECORDED_AS = {
    "name": ("connection.configured",),
    **dict.fromkeys(("sharing", "people", "teams"), ("connection.shared",)),
    **dict.fromkeys(("shown", "boards"), ("connection.limited",)),
}
"""What the audit log calls a change of each field."""
TOGETHER = (
    Together(frozenset({"sharing"}), frozenset({"sharing", "people", "teams"})),
    Together(frozenset({"shown"}), frozenset({"shown", "boards"})),
)
SAID = {
    "sharing": {PRIVATE: "nobody else", PEOPLE: "chosen people and teams", EVERYONE: "everyone"},
    "shown": {ALL: "all boards", ONLY: "only chosen boards"},
}


class ConnectionForm(Form):
    """The radios and checkboxes are drawn by the template; here is only what they send."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=[InputRequired("Give the connection a name.")],
    )
    sharing = StringField(
        "Shared with",
        validators=[AnyOf((PRIVATE, PEOPLE, EVERYONE), "Choose with whom it is shared.")],
    )
    people = SelectMultipleField("Chosen people", coerce=int, validate_choice=False)
    teams = SelectMultipleField("Chosen teams", coerce=int, validate_choice=False)
    shown = StringField(
        "Which boards it may show",
        validators=[
            AnyOf((ALL, ONLY), "Choose which boards it may show: all of them, or only some.")
        ],
    )
    boards = SelectMultipleField("These boards", validate_choice=False)

    offer: Offer
    candidates: Sequence[Person]
    """Whom it may be shared with."""
    candidate_teams: Sequence[Team]

    @classmethod
    def of(
        cls, connection: Connection, offer: Offer, typed: MultiDict[str, str] | None
    ) -> "ConnectionForm":
        """As typed, or as stored. Which boards is left open until someone has chosen."""
        shown = ALL if connection.shows_all_boards else ONLY
        form = cls(
            typed,
            data={
                "name": connection.name,
                "sharing": connection.sharing,
                "people": [one.id for one in connection.shared_with],
                "teams": [one.id for one in connection.shared_with_teams],
                "shown": shown if connection.is_configured else None,
                "boards": [board.trello_id for board in connection.allowed_boards],
            },
        )
        form.offer = offer
        form.candidates, form.candidate_teams = candidates_for(connection), teams_for(connection)
        form.people.choices = [(one.id, one.name) for one in form.candidates]
        form.teams.choices = [(one.id, one.name) for one in form.candidate_teams]
        form.boards.choices = [(board.id, board.text) for board in offer.boards]
        return form

    @property
    def is_all(self) -> bool:
        return self.shown.data == ALL

    @property
    def chosen_boards(self) -> list[OfferedBoard]:
        ticked = set(self.boards.data or [])
        return [board for board in self.offer.boards if board.id in ticked]

    @property
    def chosen_people(self) -> list[Person]:
        ticked = set(self.people.data or [])
        return [one for one in self.candidates if one.id in ticked]

    @property
    def chosen_teams(self) -> list[Team]:
        ticked = set(self.teams.data or [])
        return [one for one in self.candidate_teams if one.id in ticked]

    def validate_people(self, field: SelectMultipleField) -> None:
        if self.sharing.data != PEOPLE:
            return
        if not field.data and not self.teams.data:
            either = " or team" if self.candidate_teams else ""
            raise ValidationError(f"Tick at least one person{either}.")
        if not {one.id for one in self.candidates}.issuperset(field.data or ()):
            raise ValidationError("One of the ticked people can't be chosen now. Choose again.")

    def validate_teams(self, field: SelectMultipleField) -> None:
        if self.sharing.data != PEOPLE:
            return
        if not {one.id for one in self.candidate_teams}.issuperset(field.data or ()):
            raise ValidationError("One of the ticked teams can't be chosen now. Choose again.")

    def validate_name(self, field: StringField) -> None:
        if not field.data:
            raise ValidationError("Give the connection a name.")
        if len(field.data) > LONGEST_NAME:
            raise ValidationError(f"Use at most {LONGEST_NAME} characters.")

    def validate_boards(self, field: SelectMultipleField) -> None:
        if self.shown.data != ONLY:
            return
        if not field.data:
            raise ValidationError("Tick at least one board.")
        if {board.id for board in self.offer.boards}.issuperset(field.data):
            return
        if self.offer.problem:
            raise ValidationError(
                "Trello can't be asked now, so only boards that were allowed before can be kept."
            )
        raise ValidationError(
            "One of the ticked boards is not among this account's open boards. Choose again."
        )


def candidates_for(connection: Connection) -> list[Person]:
    """Everyone who could use it, by name, but for its owner."""
    return [one for one in possible_owners() if one.id != connection.owner_id]


def teams_for(connection: Connection) -> list[Team]:
    """All teams by name, but for archived ones that were not chosen before."""
    chosen = connection.shared_with_teams
    return [one for one in all_teams() if one.archived_at is None or one in chosen]


class AppKeysForm(Form):
    api_key = StringField(
        "API key",
        filters=[one_line],
        validators=[InputRequired("Enter the API key.")],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    api_secret = PasswordField(
        "API secret",
        filters=[one_line],
        validators=[InputRequired("Enter the API secret.")],
        render_kw={"autocomplete": "off"},
    )

    def validate_api_key(self, field: StringField) -> None:
        _check_key(field.data or "", "key")

    def validate_api_secret(self, field: PasswordField) -> None:
        _check_key(field.data or "", "secret")


def _check_key(text: str, what: str) -> None:
    if not _KEY.fullmatch(text) or len(text) > LONGEST_KEY:
        raise ValidationError(f"That is no API {what}: copy it from Trello's page once more.")
