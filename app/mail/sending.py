"""Handing mail over to the mail server: the only code that speaks SMTP."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from app.accounts.forms import one_line
from app.smtp_url import MailServer

PATIENCE = 8
"""Seconds for one answer of the mail server."""


class MailFailure(Exception):
    """Mail that was not taken, with a sentence for an admin."""


class ServerTrouble(MailFailure):
    """No mail gets through at present."""


class Refused(MailFailure):
    """This mail will never be taken."""


class NotNow(MailFailure):
    """This mail, or this recipient, later perhaps."""


@contextmanager
def mail_server(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server, encrypted and signed in. Raises ServerTrouble."""
    try:
        smtp = _connect(server)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise _trouble(server, error) from error
    try:
        _prepare(smtp, server)
        yield smtp
    finally:
        # What was taken is taken, however the farewell goes.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()


def hand_over(smtp: smtplib.SMTP, server: MailServer, message: EmailMessage) -> None:
    """Returns once the server has taken the mail. Raises MailFailure."""
    try:
        smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _refusal(code, answer) from error
    except smtplib.SMTPSenderRefused as error:
        raise ServerTrouble(
            f"The mail server takes nothing from {server.sender.addr_spec}: "
            f"{_said(error.smtp_code, error.smtp_error)} Mend from=… in SMTP_URL."
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused("The mail server knows no addresses with letters such as ü.") from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise _trouble(server, error) from error
    except UnicodeError as error:
        raise Refused("The address holds signs that mail can't be sent to.") from error


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.is_tls_from_start:
        return smtplib.SMTP_SSL(
            server.host, server.port, timeout=PATIENCE, context=_tls_context(server)
        )
    return smtplib.SMTP(server.host, server.port, timeout=PATIENCE)


def _prepare(smtp: smtplib.SMTP, server: MailServer) -> None:
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.is_tls_from_start and smtp.has_extn("starttls"):
            smtp.starttls(context=_tls_context(server))
            smtp.ehlo_or_helo_if_needed()
        elif not server.is_tls_from_start and not server.may_be_plain:
            raise ServerTrouble(
                "The mail server offers no encryption (STARTTLS). Use smtps:// in SMTP_URL, or put "
                "tls=off behind it where nobody can be in between."
            )
        if server.user:
            smtp.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        raise ServerTrouble(
            "The mail server refuses the user name or the password in SMTP_URL: "
            f"{_said(error.smtp_code, error.smtp_error)}"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ServerTrouble(
            "The mail server takes no user name and password: leave them out of SMTP_URL, or mend "
            "its port."
        ) from error
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise _trouble(server, error) from error


def _tls_context(server: MailServer) -> ssl.SSLContext:
    """Certificates are checked, but for a server on this machine: its own is rarely signed."""
    context = ssl.create_default_context()
    if server.is_here:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _refusal(code: int, answer: bytes | str) -> MailFailure:
    said = _said(code, answer)
    if code == 421:  # it is closing down
        return ServerTrouble(f"The mail server takes nothing at present: {said}")
    if 500 <= code < 600:
        return Refused(f"The mail server refused it: {said}")
    return NotNow(f"The mail server does not take it yet: {said}")


def _trouble(server: MailServer, error: Exception) -> ServerTrouble:
    where = f"{server.host}:{server.port}"
    if isinstance(error, ssl.SSLError):
        return ServerTrouble(f"No encryption with {where} that can be trusted: {_reason(error)}.")
    if isinstance(error, smtplib.SMTPResponseException):
        said = _said(error.smtp_code, error.smtp_error)
        return ServerTrouble(f"The mail server at {where} is not ready: {said}")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return ServerTrouble(f"The mail server at {where} broke off, or took too long.")
    return ServerTrouble(f"No mail server answers at {where}: {_why(error)}.")


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, socket.gaierror):
        return "the name is not known"
    return type(error).__name__


def _reason(error: ssl.SSLError) -> str:
    return one_line(getattr(error, "verify_message", "") or error.reason or "it failed")


def _said(code: int, answer: bytes | str) -> str:
    """What the server answered, in one line of bearable length."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
    return f"{code} {one_line(text)[:200]}".rstrip(". ") + "."
