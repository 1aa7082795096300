"""Carriers and SMS gateways: the calls apart from building and reading, apart from the tables."""
