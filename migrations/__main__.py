"""`python -m migrations upgrade` · `python -m migrations revise HOUSE "what changes"`."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from deploy.database import DATABASE, prepared
from migrations import runner

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.command()
def upgrade(
    url: Annotated[str, typer.Option(envvar="MIGRATIONS_DATABASE_URL")],
) -> None:
    """Bring the database at MIGRATIONS_DATABASE_URL up to date; the roles' passwords are taken from
    <HOUSE>_DATABASE_URL and <HOUSE>_SEALER_DATABASE_URL."""
    asyncio.run(runner.upgrade(url, passwords=_passwords()))


def _passwords() -> dict[str, str]:
    found = {}
    for name in os.environ:
        if name.endswith("_DATABASE_URL") and name != "MIGRATIONS_DATABASE_URL":
            parts = urlsplit(os.environ[name])
            if parts.username and parts.password:
                found[unquote(parts.username)] = unquote(parts.password)
    return found


@app.command()
def revise(house: str, message: str) -> None:
    """Write a new migration for HOUSE from what its models say, on a throw-away database."""
    with tempfile.TemporaryDirectory() as folder:
        database = prepared(Path(folder) / "pg")
        try:
            url = database.url("postgres", DATABASE)
            asyncio.run(runner.upgrade(url))
            asyncio.run(runner.autogenerate(url, house, message))
        finally:
            database.stop()


app()
