"""Intake's reads."""
