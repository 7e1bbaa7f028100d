"""The file of a backup: whatever was done to it is noticed."""

import random
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.backup.archive import Damaged, reading_lines, writing_lines

KEY, OTHER_KEY = (Fernet.generate_key().decode() for _ in range(2))
LINES = [f"{number} {random.Random(number).random()}\n".encode() for number in range(2000)]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.backup.archive._PIECE", 3000)


def written(path: Path, *keys: str) -> Path:
    with open(path, "wb") as file, writing_lines(file, keys) as packed:
        for line in LINES:
            packed.write(line)
    return path


def read(path: Path, *keys: str) -> list[bytes]:
    with reading_lines(path, keys) as lines:
        return list(lines)


@pytest.mark.parametrize("keys", [(), (KEY,)], ids=["plain", "sealed"])
def test_what_was_written_is_read(tmp_path: Path, keys: tuple[str, ...]) -> None:
    assert read(written(tmp_path / "one", *keys), *keys) == LINES


def test_keys_that_seal_no_more_still_open(tmp_path: Path) -> None:
    path = written(tmp_path / "one", OTHER_KEY)
    assert read(path, KEY, OTHER_KEY) == LINES
    with pytest.raises(Damaged, match="BACKUP_KEY is not the key"):
        read(path, KEY)
    with pytest.raises(Damaged, match="is encrypted: set BACKUP_KEY"):
        read(path)


@pytest.mark.parametrize("keys", [(), (KEY,)], ids=["plain", "sealed"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
def test_a_byte_that_was_changed_or_a_part_that_is_missing_is_noticed(
    tmp_path: Path, keys: tuple[str, ...], share: float
) -> None:
    path = written(tmp_path / "one", *keys)
    whole = path.read_bytes()
    begin = whole.index(b"\n") + 1
    at = begin + int((len(whole) - begin) * share)
    for harmed in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
        path.write_bytes(harmed)
        with pytest.raises(Damaged):
            read(path, *keys)


def test_parts_that_are_sealed_can_t_be_left_out_or_change_places(tmp_path: Path) -> None:
    path = written(tmp_path / "one", KEY)
    first, *parts = path.read_bytes().splitlines(keepends=True)
    assert len(parts) > 4
    swapped = [parts[0], parts[2], parts[1], *parts[3:]]
    for harmed in (swapped, [parts[0], *parts[2:]], parts[:-1], [*parts, parts[-1]][1:]):
        path.write_bytes(b"".join([first, *harmed]))
        with pytest.raises(Damaged):
            read(path, KEY)
