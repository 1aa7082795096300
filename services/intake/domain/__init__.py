"""What the window must know by heart: rules only, no clock, no storage."""
