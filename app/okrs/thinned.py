"""What pages say of a measure whose history is thinned."""

from app.accounts.models import workspace
from app.okrs.models import Measure
from app.pages import day


def thinned_words(measure: Measure) -> str:
    """Since which day every count is kept; empty where all are."""
    if measure.thinned_before is None:
        return ""
    since = day(measure.thinned_before.astimezone(workspace().zone).date())
    return f"Of each day before {since} only the last count is kept."
