"""Why a sign-in by OpenID Connect came to nothing, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """What people are told. `{name}` stands for what the provider is called."""

    title: str
    what: str
    remedy: str
    status: int


class OpenIdFailed(Exception):
    """A sign-in that came to nothing. Its reason is for the log, and holds nothing secret."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


UNREACHABLE = Trouble(
    "{name} can't be reached",
    "It did not answer in time.",
    "Try again in a moment. If it lasts, tell an admin.",
    503,
)
BUSY = Trouble(
    "{name} answers slowly",
    "Others are waiting for it already.",
    "Try again in a moment.",
    503,
)
ODD = Trouble(
    "{name} answers what Tally does not understand",
    "Its settings and Tally's do not fit together.",
    "Tell an admin: Tally's log says what is wrong.",
    502,
)
STOPPED = Trouble(
    "You did not sign in at {name}",
    "It sent you back without saying who you are.",
    "Try again. If it refuses you each time, ask whoever looks after it.",
    422,
)
OVER = Trouble(
    "This sign-in is over",
    "It was begun in another browser or more than 15 minutes ago, or it is done already.",
    "Sign in once more.",
    422,
)
REFUSED = Trouble(
    "{name} did not confirm this sign-in",
    "It takes each sign-in once, for a short time.",
    "Sign in once more. If it happens again, tell an admin: Tally's log says what is wrong.",
    422,
)
UNTRUSTED = Trouble(
    "What {name} said about you can't be trusted",
    "It did not pass Tally's checks.",
    "Sign in once more. If it happens again, tell an admin: Tally's log says what is wrong.",
    422,
)
UNVERIFIED = Trouble(
    "{name} does not vouch for your email",
    "Tally finds your account by an email that {name} has verified, the first time you come in.",
    "Have your email verified at {name}, then sign in once more.",
    403,
)
NO_ACCOUNT = Trouble(
    "There is no account for you here",
    "Tally has none with the email that {name} gave.",
    "Ask an admin for an account.",
    403,
)
SOMEONE_ELSE = Trouble(
    "This account belongs to someone else at {name}",
    "Another account of {name} has signed in to it before yours.",
    "If it is yours, ask an admin: under Admin, People they can unbind it.",
    403,
)
