"""`python -m services.routing api|worker|directory-import|duties|parked …`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer

from services.routing import app as house
from services.routing import duties_table
from shared.clock import utc_now
from shared.commands import house_commands
from shared.errors import InvalidError
from shared.premises import Premises, open_premises

app = house_commands("routing", house)


@app.command("directory-import")
def directory_import(file: Path) -> None:
    """Register what FILE has and the registry has not; every fault at once, or all of it."""
    _with_premises(lambda premises: house.import_directory(premises, file))


@app.command("directory-export")
def directory_export() -> None:
    """Print every version of everything, as a file that can be imported."""

    async def export(premises: Premises) -> str:
        return json.dumps(await house.export_directory(premises), ensure_ascii=False, indent=1)

    _with_premises(export)


@app.command("republish-locations")
def republish_locations() -> None:
    """Tell the other houses of every place again, with its full state."""
    _with_premises(house.republish_locations)


@app.command()
def duties(every_line: bool = False) -> None:
    """Print who may take which step, as Markdown; --every-line gives each refusal its reason."""
    if every_line:
        for line in duties_table.every_line():
            typer.echo(line)
    else:
        typer.echo(duties_table.markdown())


def _with_premises(work: Callable[[Premises], Awaitable[int | str]]) -> None:
    async def run() -> int | str:
        async with open_premises("routing", house.Settings(served=True), utc_now) as premises:
            return await work(premises)

    try:
        typer.echo(asyncio.run(run()))
    except InvalidError as error:
        typer.echo(error.message_zh, err=True)
        for fault in error.faults:
            typer.echo(f"{fault.pointer}  {fault.code}  {fault.message_zh}", err=True)
        raise typer.Exit(1) from None


app()
