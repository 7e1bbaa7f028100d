"""How items end: closed with a final value and a score, or carried into another cycle."""
