"""The country's administrative divisions: a dated snapshot and the questions asked of it."""
