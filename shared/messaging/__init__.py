"""What the houses tell each other: recorded with the change, carried, applied in order."""
