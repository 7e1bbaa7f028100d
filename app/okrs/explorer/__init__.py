"""The explorer: all items, filtered, grouped and sorted; the address is the view."""
