"""Mutated answers through the real client, in short; python -m faults answers is the long form."""

import pytest

from app.trello import answers, card_answers
from faults.answers import table, try_mutations
from faults.mutations import ALL

SEED = 20261123


@pytest.mark.both_databases
def test_no_breaking_answer_changes_a_figure_and_every_harmless_one_is_counted(
    database_url: str,
) -> None:
    tallies = try_mutations(len(ALL), SEED, database_url)
    assert not [tally for tally in tallies if tally.violations], table(tallies, SEED)
    assert all(tally.outcomes.total() >= 1 for tally in tallies)


def test_a_parser_that_lets_something_through_is_found_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_flag", lambda record, field: bool(record.get(field)))
    monkeypatch.setattr(card_answers, "_check_types", lambda *_: None)
    found = {
        tally.mutation.name for tally in try_mutations(100, SEED, database_url) if tally.violations
    }
    assert "card: dueComplete null" in found and "list: closed null" in found
