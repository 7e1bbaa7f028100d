"""Word from Trello that a board has changed, where Trello can reach this site."""
