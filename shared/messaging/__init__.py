"""What the houses tell each other: recorded with the change, carried at least once, applied in order."""
