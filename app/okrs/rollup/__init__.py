"""What an objective makes of what lies under it: shares, progress, status."""
