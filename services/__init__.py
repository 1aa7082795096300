"""The three houses; none imports another."""
