"""How a house reaches its own schema in PostgreSQL."""
