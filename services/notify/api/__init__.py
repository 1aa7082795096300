"""Notify's HTTP edge."""
