"""Looking after an embedded installation from the command line, running or not."""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy import conserve, keys
from deploy.database import EmbeddedDatabase
from deploy.embedded import HOUSES, house_settings
from services.intake import app as intake
from services.intake.grants import GRANTS as INTAKE
from services.notify.grants import GRANTS as NOTIFY
from services.routing import app as routing
from services.routing.domain.duties import Allowed
from services.routing.domain.duties import table as duty_table
from services.routing.grants import GRANTS as ROUTING
from shared.clock import utc_now
from shared.commands import add_care
from shared.errors import InvalidError
from shared.premises import Premises, open_premises
from shared.security.grants import Grants, describe
from shared.security.keys import Keyring
from shared.security.resealing import House, reseal_houses

_GRANTS: Mapping[str, Grants] = MappingProxyType(
    {"intake": INTAKE, "routing": ROUTING, "notify": NOTIFY}
)

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


def _folder() -> Path:
    return Path(os.environ.get("DATA_DIR") or ".data").resolve()


@contextmanager
def attached(folder: Path) -> Iterator[EmbeddedDatabase]:
    """The installation's database; started for the moment, and ended again, if nothing runs."""
    database = EmbeddedDatabase(folder / "pg")
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            running = False
        except BlockingIOError:
            running = True
        database.start()
        try:
            yield database
        finally:
            if not running:
                database.stop()


def _opening(house: str) -> Callable[[], AbstractAsyncContextManager[Premises]]:
    @asynccontextmanager
    async def opening() -> AsyncIterator[Premises]:
        folder = _folder()
        with attached(folder) as database:
            settings = house_settings(house, folder, database, port=0)
            async with open_premises(house, settings, utc_now) as premises:
                yield premises

    return opening


for _house in HOUSES:
    _care = typer.Typer(
        pretty_exceptions_enable=False, no_args_is_help=True, help=f"Look after {_house}."
    )
    add_care(_care, _opening(_house), HOUSES[_house].SEALED, HOUSES[_house].KEPT)
    app.add_typer(_care, name=_house)


@app.command("grants")
def grants() -> None:
    """Print who may do what: every operation, role and relation."""
    table = Table("服务", "操作", "角色", "关系")
    for house, granted in _GRANTS.items():
        for row in describe(granted):
            table.add_row(house, row.operation, row.role, " ".join(row.relations))
    Console(width=120).print(table)


@app.command("duties")
def duties() -> None:
    """Print which side may take which step; the API asks the same table."""
    shown = Table("模式", "状态", "步骤", "由谁", "条件")
    for row in duty_rows():
        shown.add_row(*row)
    Console(width=140).print(shown)


ReadableFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command("catalogue-import")
def catalogue_import(file: ReadableFile) -> None:
    """Publish the service items of FILE (.json or .csv), all or nothing."""

    async def publish(premises: Premises) -> str:
        return (await intake.publish_catalogue(premises, file)).said

    _import("intake", publish)


@app.command("directory-import")
def directory_import(file: ReadableFile) -> None:
    """Register what FILE has and the registry has not, all or nothing; what contradicts the
    registry is a fault."""
    _import("routing", lambda premises: routing.import_directory(premises, file))


def _import(house: str, load: Callable[[Premises], Awaitable[object]]) -> None:
    async def run() -> object:
        async with _opening(house)() as premises:
            return await load(premises)

    try:
        typer.echo(asyncio.run(run()))
    except InvalidError as error:
        for fault in error.faults:
            typer.echo(f"{fault.pointer}: {fault.message_zh} / {fault.message_en}", err=True)
        raise typer.Exit(1) from None


def duty_rows() -> Iterator[tuple[str, str, str, str, str]]:
    for row in duty_table():
        if isinstance(row.answer, Allowed):
            conditions = [row.power.zh] if row.power else []
            if row.answer.approval:
                conditions.append(row.answer.approval.zh)
            yield (row.mode.zh, row.status.zh, row.step.zh, row.side.zh, "，".join(conditions))


@app.command("rotate-keys")
def rotate_keys() -> None:
    """New keys for what is sealed, then everything taken to them; all houses go on meanwhile."""
    ring = Keyring.load(_folder() / "keys" / "keyring.json")
    for purpose, kid in keys.rotate_in(ring, keys.chosen()):
        typer.echo(f"{purpose}: {kid}")
    asyncio.run(_reseal_houses())
    typer.echo("请重新备份密钥环；旧备份仍要用旧密钥才能读出")


async def _reseal_houses() -> None:
    at = utc_now()
    with attached(_folder()) as database:
        async with AsyncExitStack() as stack:
            houses = []
            for name, module in HOUSES.items():
                settings = house_settings(name, _folder(), database, port=0)
                premises = await stack.enter_async_context(open_premises(name, settings, utc_now))
                houses.append(House(name, premises.sessions, module.SEALED))
            counts = await reseal_houses(houses, clock=utc_now, rotated_at=at)
    for name, count in counts.items():
        typer.echo(f"{name}: 已重新加密 {count} 处，旧密钥加密的已没有")


@app.command("conserve")
def conserved() -> None:
    """Check that nothing was lost and the houses agree; exit 1 with what does not."""
    with attached(_folder()) as database:
        found = conserve.check(database.url("postgres"))
    typer.echo(json.dumps(found.counts, ensure_ascii=False))
    for breach in found.breaches:
        typer.echo(breach, err=True)
    raise typer.Exit(1 if found.breaches else 0)


if __name__ == "__main__":
    app()
