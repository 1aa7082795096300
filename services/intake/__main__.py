"""`python -m services.intake api|worker|catalogue-import FILE|republish-items|parked …`."""

import asyncio
from pathlib import Path

import typer

from services.intake import app as house
from services.intake.actions.catalogue import Imported
from shared.clock import utc_now
from shared.commands import house_commands
from shared.errors import Fault, InvalidError
from shared.premises import open_premises

app = house_commands("intake", house)


@app.command("catalogue-import")
def catalogue_import(file: Path) -> None:
    """Publish the service items of FILE (.json or .csv): all of them, or none and every fault."""
    try:
        imported = asyncio.run(_import(file))
    except InvalidError as error:
        _list(error.faults)
        raise typer.Exit(1) from None
    typer.echo(imported.said)


async def _import(file: Path) -> Imported:
    async with open_premises("intake", house.Settings(served=True), utc_now) as premises:
        return await house.publish_catalogue(premises, file)


@app.command("republish-items")
def republish_items() -> None:
    """Tell the other houses of every published version again, with its full state."""
    typer.echo(asyncio.run(_republish()))


async def _republish() -> int:
    async with open_premises("intake", house.Settings(served=True), utc_now) as premises:
        return await house.republish_items(premises)


def _list(faults: tuple[Fault, ...]) -> None:
    typer.echo(f"没有导入任何事项，共 {len(faults)} 处需要更正：", err=True)
    for fault in faults:
        typer.echo(f"  {fault.pointer}  {fault.message_zh}", err=True)


if __name__ == "__main__":
    app()
