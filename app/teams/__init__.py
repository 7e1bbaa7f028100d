"""Teams: their lead, their members, and the team they are part of."""
