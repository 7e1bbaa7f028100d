"""Which cards made a figure: kept with each change of the set, and shown with the reasons."""
