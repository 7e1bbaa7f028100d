"""The past of a source: what it would have counted before the link, by the board's activity.

`reading`, `actions` read Trello; `replay`, `life`, `tracks`, `cards` undo what happened; `judging`
counts on it, `words` says what is not known. Rows: `stored` asks for them and reads them, `claims`
and `job` work on them, `points` packs what they tell.
"""
