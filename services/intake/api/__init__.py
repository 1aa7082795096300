"""The window's HTTP edge."""
