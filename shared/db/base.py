"""Naming and the metadata of the tables that every house has alike."""

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    return MetaData(naming_convention=NAMING)


def table_of(row: type[DeclarativeBase]) -> Table:
    """For statements that are made once and run often: past the mapping, which costs more."""
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101  (what is mapped is mapped to a table)
    return table


# Outbox, inbox, audit, idempotency …: each house has them in its own schema. Tables name no
# schema; the connection's search_path does, so the same code serves every house.
PLATFORM = new_metadata()
