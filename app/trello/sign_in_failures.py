"""What can go wrong on the way to Trello and back, each with what happened and what to do."""

from dataclasses import dataclass

from app.trello.failures import KeyRefused, Limited, TokenRefused, TrelloError, Unavailable

HERE, AT_TRELLO = 400, 502


@dataclass(frozen=True)
class Trouble:
    """One page of bad news, in words for the person who reads it."""

    status: int
    title: str
    what: str
    remedy: str


class SignInFailed(Exception):
    """A sign-in that ended without a connection. Never holds a secret or a raw answer."""

    def __init__(self, trouble: Trouble, connection_id: int | None = None) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble
        self.connection_id = connection_id
        """The connection that was to be reconnected, where that is known."""


DENIED = Trouble(
    HERE,
    "Trello was not connected",
    "Trello sent you back without granting access: it was denied there, or the page was left.",
    "Try again and allow access at Trello. Tally only ever reads.",
)
WITHOUT_TOKEN = Trouble(
    HERE,
    "Trello was not connected",
    "Nothing came back from Trello that tells which sign-in this is: access was denied there, "
    "or this address was opened by hand.",
    "Try again and allow access at Trello.",
)
USED = Trouble(
    HERE,
    "This sign-in was used already",
    "Each sign-in at Trello works once, and this one was used before.",
    "Look under Connections: the account may be connected by now. If it is not, try again.",
)
EXPIRED = Trouble(
    HERE,
    "This sign-in took too long",
    "More than 15 minutes passed between leaving for Trello and coming back.",
    "Try again and answer Trello's question within 15 minutes.",
)
ELSEWHERE = Trouble(
    HERE,
    "This sign-in was begun elsewhere",
    "It belongs to another browser, or to someone else who was signed in here.",
    "Try again, and stay in this browser from beginning to end.",
)
UNKNOWN = Trouble(
    HERE,
    "This sign-in is not known here",
    "It was not begun on this site, or it is long over.",
    "Try again from here.",
)
OTHER_KEY = Trouble(
    HERE,
    "The API key was changed meanwhile",
    "An admin changed Trello's API key while you were signing in, so this sign-in is void.",
    "Try again: it will use the new key.",
)
CONNECTION_GONE = Trouble(
    HERE,
    "The connection is gone",
    "The connection you wanted to reconnect was removed while you were signing in.",
    "Connect the account anew instead.",
)
NOT_ALLOWED = Trouble(
    403,
    "Trello was not connected",
    "While you were at Trello, the right to connect this account was taken back.",
    "Ask an admin to connect it, or to let members connect accounts.",
)
UNREACHABLE = Trouble(
    AT_TRELLO,
    "Trello could not be reached",
    "Trello is down, did not answer in time, or this server has no way to it.",
    "Try again in a minute. If it stays so, an admin should check the server's way to Trello.",
)
BUSY = Trouble(
    AT_TRELLO,
    "Trello is busy",
    "Trello asked this site to slow down.",
    "Try again in a minute.",
)
KEY_UNKNOWN = Trouble(
    AT_TRELLO,
    "Trello does not know the API key",
    "The API key that this site uses is not one that Trello knows.",
    "An admin has to check it under Admin, Integrations, Trello.",
)
KEYS_REFUSED = Trouble(
    AT_TRELLO,
    "Trello refused the API key and secret",
    "Trello did not accept what this site signed with them: mostly the secret is a wrong one.",
    "An admin has to check both under Admin, Integrations, Trello, and the server's clock.",
)
REFUSED = Trouble(
    AT_TRELLO,
    "Trello did not complete the sign-in",
    "Trello no longer accepts this sign-in: it took too long there, or it was used already.",
    "Try again. If it happens every time, an admin should check the API secret.",
)
ODD = Trouble(
    AT_TRELLO,
    "Trello's answer made no sense",
    "Trello answered with something that is not a sign-in.",
    "Try again in a few minutes. If it stays so, an admin should check TRELLO_OAUTH_URL.",
)


def other_account(signed_in_as: str, belongs_to: str) -> Trouble:
    """Reconnecting by another Trello account would change what every linked item reads."""
    return Trouble(
        HERE,
        "That is another Trello account",
        f"You signed in at Trello as @{signed_in_as}, but this connection reads as "
        f"@{belongs_to}. Nothing was changed.",
        f"Sign in at Trello as @{belongs_to}, then try again; or make a connection of its own "
        f"for @{signed_in_as}.",
    )


def trouble_of(error: TrelloError) -> Trouble:
    """What a failure of Trello's REST API means in the middle of a sign-in."""
    match error:
        case Unavailable():
            return UNREACHABLE
        case Limited():
            return BUSY
        case KeyRefused():
            return KEYS_REFUSED
        case TokenRefused():
            return REFUSED
        case _:
            return ODD
