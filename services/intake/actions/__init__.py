"""Intake's verbs: domain and store meet here only."""
