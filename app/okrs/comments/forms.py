"""What is typed into a comment, new or edited."""

from wtforms import Form, HiddenField, TextAreaField
from wtforms.validators import DataRequired

from app.access import id_in
from app.okrs.fields import LONGEST_TEXT, AtMost, several_lines


class CommentForm(Form):
    text = TextAreaField(
        "Comment",
        filters=[several_lines],
        validators=[DataRequired("Write a comment."), AtMost(LONGEST_TEXT)],
    )
    seen = HiddenField()
    """The last comment when the form was shown, which tells a repeat from a second one."""

    @property
    def seen_id(self) -> int | None:
        """None where the form did not say."""
        return id_in(self.seen.data or "")
