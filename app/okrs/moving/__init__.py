"""Moving in and out: importing what other tools and other workspaces exported, and exporting."""
