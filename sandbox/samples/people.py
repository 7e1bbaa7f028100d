"""The sample team."""

from sandbox.board import Record

WORKSPACE: Record = {
    "id": "60a1f0000000000000000001",
    "name": "fernhill",
    "displayName": "Fernhill",
}


def _person(number: int, username: str, full_name: str) -> Record:
    return {
        "id": f"60a1f00{number}00000000000000{number:02}",
        "username": username,
        "fullName": full_name,
        "initials": "".join(word[0] for word in full_name.split()),
        "avatarUrl": None,
    }


PEOPLE = {
    person["username"]: person
    for person in (
        _person(1, "mina", "Mina Lund"),
        _person(2, "tom", "Tom Okafor"),
        _person(3, "sara", "Sara Kent"),
        _person(4, "jonas", "Jonas Weber"),
        _person(5, "priya", "Priya Nair"),
    )
}
SIGN_IN = ("mina", "tom")
