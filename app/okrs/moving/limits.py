"""How much a file that is moved in may hold, so that none of them holds up the server."""

LARGEST_UPLOAD = 25 * 1024 * 1024
MOST_ITEMS = 10_000
MOST_CHECK_INS = 100_000
MOST_COLUMNS = 4_000
TALLEST_SHEET = 1_048_576
"""Rows that a sheet may have, most of them empty; a damaged one may claim any number."""
MOST_ENTRIES = 1_000
"""Files in an archive."""
LARGEST_UNPACKED = 100 * 1024 * 1024
LONGEST_CELL = 131_072
"""Signs in one cell of a CSV."""
