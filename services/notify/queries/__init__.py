"""Reads: functions that take a session and return rows or values."""
