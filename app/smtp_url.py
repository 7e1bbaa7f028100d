"""The mail server, as SMTP_URL names it."""

from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from app.loopback import is_loopback

EXAMPLE = "smtp://user:password@mail.example.com:587?from=Tally%20<okr@example.com>"
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, as whom, and in whose name."""

    host: str
    port: int
    sender: Address
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    is_tls_from_start: bool = False
    """True for smtps://, where nothing is said before encryption."""
    may_be_plain: bool = False
    """Whether mail may go without encryption: on this machine, or because `tls=off` says so."""

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nobody can be in between."""
        return is_loopback(self.host)


def read_smtp_url(text: str) -> MailServer:
    """Raises ValueError with a sentence that names what to mend, and nothing that is secret."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        wishes = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise ValueError(
            f"SMTP_URL is no address of a mail server: write it like {EXAMPLE}, with %40 for an @ "
            "and %2F for a / in the user name or password."
        ) from error
    if parts.scheme not in _PORTS or not host or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"SMTP_URL must be like {EXAMPLE}, or begin with smtps://.")
    _check_wishes(wishes)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    is_off = wishes.get("tls") == ["off"]
    if is_off and (user or parts.scheme == "smtps") and not is_loopback(host):
        raise ValueError(
            "SMTP_URL says tls=off, which would send the password in the clear: leave tls=off out, "
            "or the user name and the password."
        )
    return MailServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        sender=_sender(parts, wishes),
        user=user,
        password=password,
        is_tls_from_start=parts.scheme == "smtps",
        may_be_plain=is_off or is_loopback(host),
    )


def _check_wishes(wishes: dict[str, list[str]]) -> None:
    unknown = set(wishes) - {"from", "tls"}
    if unknown or wishes.get("tls", ["off"]) != ["off"] or len(wishes.get("from", [""])) != 1:
        raise ValueError(
            "SMTP_URL takes nothing but from=… and tls=off behind its question mark, each once."
        )


def _sender(parts: SplitResult, wishes: dict[str, list[str]]) -> Address:
    """Who the mail is from: "Tally <okr@example.com>", "okr@example.com", or else the user."""
    text = wishes.get("from", [unquote(parts.username or "")])[0].strip()
    name, bracket, rest = text.rpartition("<")
    email = rest.removesuffix(">") if bracket else text
    try:
        if bracket and not rest.endswith(">"):
            raise ValueError("the bracket is not closed")
        sender = Address(name.strip().strip('"') or "Tally", addr_spec=email.strip())
        if not sender.domain or not f"{name}{email}".isprintable() or not email.isascii():
            raise ValueError("no domain, or signs that a header can't hold")
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ValueError(
            "SMTP_URL does not say whom mail is from: put ?from=okr@example.com or "
            "?from=Tally%20<okr@example.com> behind it (%2B for a +)."
        ) from error
    return sender
