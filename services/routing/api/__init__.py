"""Routing's doors, one file per resource."""
