"""Opening a file that someone sent: what it is by its content, whatever its name says.

What reads tables is imported where one is read: openpyxl takes ten megabytes, and most processes
never need it.
"""

import zipfile
from contextlib import closing
from typing import IO

from app.okrs.moving import columns, own_document, zipped
from app.okrs.moving.json_text import load_json
from app.okrs.moving.limits import LARGEST_UNPACKED, MOST_ENTRIES
from app.okrs.moving.neutral import FileContent, Unreadable

_KNOWN = (
    (b"\xd0\xcf\x11\xe0", "an Excel file of the old kind. Save it as .xlsx, then send that"),
    (b"%PDF", "a PDF. Send the export itself, as CSV, XLSX, ZIP or JSON"),
    (b"\x1f\x8b", "packed with gzip. Unpack it, then send what is in it"),
    (b"7z\xbc\xaf", "packed with 7-Zip. Unpack it, then send what is in it"),
    (b"Rar!", "packed with RAR. Unpack it, then send what is in it"),
    (b"\x89PNG", "a picture. Send the export itself, as CSV, XLSX, ZIP or JSON"),
    (b"\xff\xd8\xff", "a picture. Send the export itself, as CSV, XLSX, ZIP or JSON"),
)
_HEAD = 4096


def open_file(file: IO[bytes]) -> FileContent:
    """What the file holds. Raises Unreadable."""
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip():
        raise Unreadable("The file is empty.")
    for beginning, what in _KNOWN:
        if head.startswith(beginning):
            raise Unreadable(f"This is {what}.")
    if head.startswith(b"PK"):
        return _from_archive(file)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _from_json(file)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise Unreadable("This is a web page or XML, not an export. Send CSV, XLSX, ZIP or JSON.")
    from app.okrs.moving.sheets import csv_tables

    with closing(csv_tables(file)) as tables:
        return columns.read_table(tables, has_apostrophes=True)


def _from_archive(file: IO[bytes]) -> FileContent:
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive)
            names = archive.namelist()
            if "[Content_Types].xml" not in names:
                return zipped.read_archive(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Unreadable("The archive is damaged or has a password.") from error
    if "xl/workbook.xml" not in names:
        raise Unreadable("This is a document of Office, but no workbook. Send it as .xlsx or CSV.")
    file.seek(0)
    from app.okrs.moving.sheets import workbook_tables

    with closing(workbook_tables(file)) as tables:
        return columns.read_table(tables, has_apostrophes=False)


def _check(archive: zipfile.ZipFile) -> None:
    """Reading never goes beyond the sizes that the archive itself tells."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise Unreadable(f"The archive holds more than {MOST_ENTRIES:,} files.")
    if sum(one.file_size for one in entries) > LARGEST_UNPACKED:
        size = LARGEST_UNPACKED // (1024 * 1024)
        raise Unreadable(f"Unpacked, this is larger than {size} MB. Export fewer items at a time.")


def _from_json(file: IO[bytes]) -> FileContent:
    return own_document.read_document(load_json(file.read(), "The file"))
