"""The file of a backup: lines of text, compressed, and sealed where there is a key.

Whatever was changed in it, cut off or put in another order is noticed on reading.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_PLAIN, _SEALED = b"tally-backup plain\n", b"tally-backup sealed\n"
_PIECE = 1 << 20
"""Bytes that are sealed together: what is held in memory at a time."""
_NUMBER = 8
_MORE, _LAST = b"+", b"."


class Damaged(Exception):
    """The file is not what was written, or no key opens it; the message says which."""


@contextmanager
def writing_lines(file: BinaryIO, keys: Sequence[str]) -> Iterator[gzip.GzipFile]:
    """Something to write to; all of it is in the file when the block ends without an exception."""
    file.write(_SEALED if keys else _PLAIN)
    target = _Sealing(file, keys[0]) if keys else file
    # No time in it: the same content gives the same bytes.
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=6, mtime=0) as packed:
        yield packed
    if isinstance(target, _Sealing):
        target.end()


@contextmanager
def reading_lines(path: Path, keys: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """The lines that were written. Raises Damaged, also from the iterator."""
    with open(path, "rb") as file:
        first = file.readline(len(_SEALED))
        if first not in (_PLAIN, _SEALED):
            raise Damaged(f"{path.name} is no backup of Tally.")
        if first == _PLAIN:
            source: BinaryIO | io.BufferedReader = file
        elif not keys:
            raise Damaged(f"{path.name} is encrypted: set BACKUP_KEY to the key it was made with.")
        else:
            source = io.BufferedReader(_Opened(file, keys))
        yield _checked(gzip.GzipFile(fileobj=source), path.name)


def _checked(packed: gzip.GzipFile, name: str) -> Iterator[bytes]:
    harm = f"{name} is damaged: it was cut off or changed. Take another one."
    is_empty = True
    try:
        for line in packed:
            is_empty = False
            yield line
    except (EOFError, OSError, zlib.error) as error:
        raise Damaged(harm) from error
    if is_empty:  # gzip finds nothing wrong with it
        raise Damaged(harm)


class _Sealing(io.RawIOBase, BinaryIO):
    """Encrypts piece by piece: each with its number, and the last one says that it is."""

    def __init__(self, file: BinaryIO, key: str) -> None:
        self._file, self._fernet = file, Fernet(key)
        self._held, self._count = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._held += piece
        while len(self._held) > _PIECE:
            self._seal(bytes(self._held[:_PIECE]), _MORE)
            del self._held[:_PIECE]
        return len(piece)

    def end(self) -> None:
        self._seal(bytes(self._held), _LAST)

    def _seal(self, piece: bytes, mark: bytes) -> None:
        numbered = self._count.to_bytes(_NUMBER, "big") + mark + piece
        self._file.write(self._fernet.encrypt(numbered) + b"\n")
        self._count += 1


class _Opened(io.RawIOBase):
    """The pieces, opened one after the other. Raises Damaged."""

    def __init__(self, file: BinaryIO, keys: Sequence[str]) -> None:
        self._file = file
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._held, self._count, self._is_over = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._held and not self._is_over:
            self._held = self._next()
        piece, self._held = self._held[: len(view)], self._held[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def _next(self) -> bytes:
        try:
            numbered = self._fernet.decrypt(self._file.readline().rstrip(b"\n"))
        except InvalidToken as error:
            raise Damaged(
                "The backup is damaged, or BACKUP_KEY is not the key it was made with."
            ) from error
        number, mark, piece = (
            numbered[:_NUMBER],
            numbered[_NUMBER : _NUMBER + 1],
            numbered[_NUMBER + 1 :],
        )
        if int.from_bytes(number, "big") != self._count:
            raise Damaged("The backup is damaged: its parts are not in the order they were made.")
        self._count += 1
        self._is_over = mark == _LAST
        return piece
