"""What a source would have counted before it was linked, rebuilt from the board's activity."""
