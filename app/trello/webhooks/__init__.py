"""Word from Trello that a board has changed, where Trello can reach this site.

`views` receives it and only marks the board, by `addresses`; `news` has marked boards read. `job`
makes and removes Trello's webhooks and their rows, by what `plan` finds and `answers` checks;
`moving` makes it look again when our address has changed.
"""
