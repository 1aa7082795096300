"""`python -m services.intake api|worker|catalogue-import FILE|parked …|audit-verify`."""

import asyncio
import json
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
    """Publish the service items of FILE: all of them, or none and every fault."""
    try:
        raw = json.loads(file.read_text("utf-8"))
        imported = asyncio.run(_import(raw))
    except json.JSONDecodeError as error:
        typer.echo(f"{file} 不是有效的 JSON：第 {error.lineno} 行", err=True)
        raise typer.Exit(1) from None
    except InvalidError as error:
        _list(error.faults)
        raise typer.Exit(1) from None
    typer.echo(
        f"事项目录已导入：新增 {imported.added}，更新 {imported.changed}，未变 {imported.unchanged}"
    )


async def _import(raw: object) -> Imported:
    async with open_premises("intake", house.Settings(served=True), utc_now) as premises:
        return await house.publish_catalogue(premises, raw)


def _list(faults: tuple[Fault, ...]) -> None:
    typer.echo(f"没有导入任何事项，共 {len(faults)} 处需要更正：", err=True)
    for fault in faults:
        typer.echo(f"  {fault.pointer}  {fault.message_zh}", err=True)


if __name__ == "__main__":
    app()
