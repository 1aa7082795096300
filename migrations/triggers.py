"""Triggers that follow from the models: who changes what a row is found by (X) makes void what a
rotation of keys has written beside it (X_next). Alembic knows no triggers; here it learns to find
which are missing and to write them into a migration."""

from collections.abc import Iterator
from typing import Any, Final

from alembic.operations.ops import ExecuteSQLOp, MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, text

from shared.security.blind_indexes import pairs, successor

# Of every other column of the row nothing is touched.
_FUNCTION: Final = (
    "CREATE FUNCTION make_void() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], NULL)); END $$"
)
_THERE: Final = text(
    "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
)
_KNOWN: Final = text(
    "SELECT 1 FROM pg_proc WHERE proname = 'make_void'"
    " AND pronamespace = current_schema()::regnamespace"
)


class _Missing(ExecuteSQLOp):
    def to_diff_tuple(self) -> tuple[str, str]:
        return ("add_trigger", str(self.sqltext))


def triggers(table: Table) -> Iterator[tuple[str, str]]:
    """By name; none runs for an update that leaves X out, nor does anything while no keys are
    rotated."""
    for column in pairs(table):
        x, after = column.name, successor(column).name
        name = f"void_{table.name}_{after}"
        yield (
            name,
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {x} ON {table.name} FOR EACH ROW"
            f" WHEN (NEW.{x} IS DISTINCT FROM OLD.{x} AND NEW.{after} = OLD.{after})"
            f" EXECUTE FUNCTION make_void('{after}')",
        )


def add_missing(context: MigrationContext, _: Any, directives: list[MigrationScript]) -> None:
    connection = context.connection
    upgrade = directives[0].upgrade_ops
    if connection is None or upgrade is None:
        return
    there = set(connection.scalars(_THERE))
    tables = (table for each in context.opts["target_metadata"] for table in each.sorted_tables)
    wanted = (each for table in tables for each in triggers(table))
    missing = [statement for name, statement in wanted if name not in there]
    if missing and not connection.scalar(_KNOWN):
        missing.insert(0, _FUNCTION)
    upgrade.ops.extend(_Missing(statement) for statement in missing)
