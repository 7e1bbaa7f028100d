"""`python -m tests.access`: put what is answered today into table.txt, to be read in `git diff`.

Every line that comes or goes is a right that someone gets or loses: keep none that was not meant.
Remarks stay with their rows.
"""

import tempfile
from pathlib import Path

from app.migrating import upgrade
from tests.access.asking import answers, asker
from tests.access.table import PATH, written
from tests.conftest import KEYS


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        template = Path(place) / "template.sqlite3"
        upgrade(f"sqlite:///{template}")
        with asker(template, KEYS) as asking:
            PATH.write_text(written(answers(asking), PATH.read_text()))


if __name__ == "__main__":
    main()
