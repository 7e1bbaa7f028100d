"""What is kept encrypted for Trello, for `flask rekey`."""

from app.db import utcnow
from app.trello.models import Connection, PendingSignIn, TrelloApp
from app.vault import StoredSecrets


def _of_connection(connection: Connection) -> str:
    return f"The sign-in of the connection “{connection.name}” of {connection.owner.name}"


OF_TRELLO = (
    StoredSecrets(
        TrelloApp,
        "pairs of API key and secret",
        whose=lambda row: "Trello's API key and secret",
        remedy="An admin has to enter both anew under Admin, Integrations, Trello.",
    ),
    StoredSecrets(
        Connection,
        "sign-ins of connections",
        whose=_of_connection,
        remedy="Its owner has to reconnect it under Connections.",
    ),
    StoredSecrets(
        PendingSignIn,
        "sign-ins under way",
        whose=lambda row: "A sign-in at Trello that someone has just begun",
        remedy="It has to be begun again.",
        is_over=lambda: PendingSignIn.expires_at < utcnow(),
    ),
)
