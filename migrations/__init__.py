"""One Alembic environment; versions/<house>/, one schema per house."""
