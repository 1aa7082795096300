"""`python -m services.routing api|worker|directory-import|duties|parked …`."""

import asyncio
from pathlib import Path

import typer

from services.routing import app as house
from services.routing import duties_table
from shared.clock import utc_now
from shared.commands import house_commands
from shared.premises import open_premises

app = house_commands("routing", house)


@app.command("directory-import")
def directory_import(file: Path) -> None:
    """Register what FILE has and the registry has not."""
    typer.echo(asyncio.run(_import(file)))


@app.command()
def duties(every_line: bool = False) -> None:
    """Print who may take which step, as Markdown; --every-line gives each refusal its reason."""
    if every_line:
        for line in duties_table.every_line():
            typer.echo(line)
    else:
        typer.echo(duties_table.markdown())


async def _import(file: Path) -> int:
    async with open_premises("routing", house.Settings(), utc_now) as premises:
        return await house.load_directory(premises, file)


app()
