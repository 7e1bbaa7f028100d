"""What can go wrong between us and Trello, told apart by what someone has to do about it."""

import math
from datetime import timedelta

_OUR_RESTRAINT = (
    "So that Trello's limits are never reached, we ask it only so often, and others were first."
)


class TrelloError(Exception):
    """A failure with a sentence a person can act on. Never holds a secret or a raw answer."""

    kind = "trello"

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after = retry_after
        """How long Trello asked us to wait, where it did."""


class TokenRefused(TrelloError):
    """The token is revoked, expired or of another key: its owner has to sign in again."""

    kind = "token"


class Paused(TrelloError):
    """An admin has disabled the integration: nothing is wrong, and nothing is to be done."""

    kind = "paused"


class SignInUnusable(TrelloError):
    """Our own keys have changed since the token was stored. Put back, they make it good again."""

    kind = "sign_in"


class KeyRefused(TrelloError):
    """Trello does not know the API key, or the secret is another one: an admin's matter."""

    kind = "key"


class BoardLost(TrelloError):
    """The board is gone, or this account may not read it any more."""

    kind = "board_lost"


class Limited(TrelloError):
    """Too many requests; `retry_after` says how long to wait."""

    kind = "limited"

    def __init__(
        self, sentence: str, *, retry_after: timedelta | None = None, is_of_key: bool = False
    ) -> None:
        super().__init__(sentence, retry_after=retry_after)
        self.is_of_key = is_of_key
        """True where it is our API key that asks too often, so all connections have to wait."""


class Held(Limited):
    """We hold back by ourselves, to stay within Trello's limits: nothing has failed."""

    kind = "held"

    def __init__(self, wait: timedelta, why: str = _OUR_RESTRAINT) -> None:
        seconds = math.ceil(wait.total_seconds())
        again = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
        super().__init__(f"{why} Try again in {again}.", retry_after=wait)


class Unavailable(TrelloError):
    """Trello is down, slow or out of reach; later it may work."""

    kind = "unavailable"


class OddAnswer(TrelloError):
    """An answer that is not what Trello documents. It is kept out of every figure.

    `detail` says for the log what was odd, without quoting the answer.
    """

    kind = "odd_answer"

    def __init__(self, detail: str) -> None:
        super().__init__(
            "Trello's answer was not complete or not what it should be, so nothing was "
            "counted. It is tried again within the hour."
        )
        self.detail = detail


class TooMuchAsked(OddAnswer):
    """Trello would not hand out so much in one answer."""


class WebhookRefused(TrelloError):
    """Trello does not want to tell of changes on a board. Its syncs go on by the hour."""

    kind = "webhook"

    def __init__(self, *, is_unreachable: bool) -> None:
        super().__init__("Trello refused to tell of changes.")
        self.is_unreachable = is_unreachable
        """Whether it was our address that it could not reach."""


PUT_OFF = (Held, Paused)
"""Ends in which nothing has failed: it is tried again by itself."""
