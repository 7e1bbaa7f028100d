"""What of all items is to be shown, and how. The address holds it all."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired

from app.accounts.forms import one_line
from app.names import fits
from app.okrs.explorer.choices import Choices
from app.okrs.fields import LONGEST_NAME, ChoiceField
from app.okrs.integrations import all_integrations
from app.okrs.models import COMPANY, PERSONAL, Cycle
from app.okrs.standing import AT_RISK, BEHIND, NOT_STARTED, ON_TRACK, STATUS_WORDS

ANY, ALL, ME, LINKED, BY_HAND = "", "all", "me", "linked", "none"
OPEN, LATE = "open", "late"
BY_OBJECTIVE = ""
AS_PLANNED, TITLE, PROGRESS, GAP, CHANGED, LAST_DAY = (
    "",
    "title",
    "progress",
    "gap",
    "changed",
    "last-day",
)
LONGEST_SEARCH, LONGEST_KEY = 200, 160

STATUSES: dict[str, frozenset[str] | None] = {
    OPEN: frozenset((NOT_STARTED, ON_TRACK, BEHIND, AT_RISK)),
    LATE: frozenset((BEHIND, AT_RISK)),
    **{one: frozenset((one,)) for one in STATUS_WORDS},
}
"""What each choice of a status stands for."""


class ExplorerForm(Form):
    """Filters, grouping and order, as the query of an address has them."""

    cycle = SelectField("Cycle")
    team = ChoiceField("Team")
    owner = ChoiceField("Owner")
    status = ChoiceField("Status")
    source = ChoiceField("Source")
    tag = ChoiceField("Tag")
    text = StringField(
        "Text",
        filters=[lambda text: (text or "").strip()],
        render_kw={"maxlength": LONGEST_SEARCH, "type": "search"},
    )
    group = ChoiceField("Grouped by")
    sort = ChoiceField("Sorted by")

    def __init__(
        self, query: MultiDict[str, str], cycles: Sequence[Cycle], current: Cycle, choices: Choices
    ) -> None:
        super().__init__(query)
        self.cycles, self.current, self.choices_at_hand = cycles, current, choices
        if "cycle" not in query:
            self.cycle.data = str(current.id)
        self.cycle.choices = [
            *((str(one.id), one.name) for one in cycles),
            (ALL, "All cycles"),
        ]
        levels = [(ANY, "Any"), (COMPANY, "Company"), (PERSONAL, "Personal")]
        self.team.choices = [*levels, *choices.teams]
        self.owner.choices = [(ANY, "Anyone"), (ME, "Me"), *choices.people]
        self.status.choices = [
            (ANY, "Any"),
            (OPEN, "Not ended"),
            (LATE, "Behind or at risk"),
            *STATUS_WORDS.items(),
        ]
        integrations = [(one.name, one.title) for one in all_integrations()]
        by_hand = (BY_HAND, "None: by hand or rolled up")
        self.source.choices = [(ANY, "Any"), (LINKED, "Any data source"), *integrations, by_hand]
        self.tag.choices = [(ANY, "Any"), *choices.tags]
        self.group.choices = [
            (BY_OBJECTIVE, "Objective"),
            ("none", "Nothing"),
            ("team", "Team"),
            ("owner", "Owner"),
            ("status", "Status"),
            ("cycle", "Cycle"),
        ]
        self.sort.choices = [
            (AS_PLANNED, "Order of planning"),
            (TITLE, "Title"),
            (PROGRESS, "Progress, least first"),
            (GAP, "Furthest behind first"),
            (CHANGED, "Changed last first"),
            (LAST_DAY, "Last day first"),
        ]
        for field in (self.team, self.owner, self.status, self.source, self.tag):
            field.data = field.data or ANY
        self.group.data, self.sort.data = self.group.data or "", self.sort.data or ""

    def validate_text(self, field: StringField) -> None:
        if len(field.data or "") > LONGEST_SEARCH:
            raise ValidationError(f"Use at most {LONGEST_SEARCH} characters.")

    @property
    def cycle_id(self) -> int | None:
        """None for all cycles."""
        return None if self.cycle.data == ALL else int(self.cycle.data)

    @property
    def is_narrowed(self) -> bool:
        """By more than the cycle."""
        narrowing = (self.team, self.owner, self.status, self.source, self.tag, self.text)
        return any(field.data for field in narrowing)

    @property
    def is_arranged(self) -> bool:
        return bool(self.group.data or self.sort.data)

    @property
    def is_judging(self) -> bool:
        """Whether every item's standing has to be known to find or arrange them."""
        by_standing = self.sort.data in (PROGRESS, GAP) or self.group.data == "status"
        return bool(self.status.data) or by_standing

    def query(self) -> dict[str, str]:
        """What is chosen, as the address holds it; the current cycle goes without saying."""
        chosen = {field.name: str(field.data) for field in self if field.data}
        if chosen.get("cycle") == str(self.current.id):
            del chosen["cycle"]
        return chosen


class ViewForm(Form):
    """The name under which a view is kept, and whether others are offered it."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=[DataRequired("Give the view a name.")],
    )
    is_shared = BooleanField("Offer it to everyone")

    def validate_name(self, field: StringField) -> None:
        if not fits(field.data or "", LONGEST_NAME, LONGEST_KEY):
            raise ValidationError(f"Use at most {LONGEST_NAME} characters.")
