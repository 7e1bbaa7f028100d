"""The bin: what was deleted can be restored for a while, and is erased then."""
