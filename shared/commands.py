"""What every house can be told on the command line: serve, work, and look after its messages."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol
from uuid import UUID

import typer
import uvloop
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from shared.audit import evidence
from shared.audit.heads import Head, HeadError, export_heads
from shared.audit.verify import verify
from shared.chores import HOUSES
from shared.clock import utc_now
from shared.configuration import HouseSettings
from shared.http.server import Server, settle
from shared.messaging import keeping, parked
from shared.messaging.amqp import AmqpTransport
from shared.messaging.topology import Topology
from shared.messaging.transport import Transport
from shared.premises import Premises, open_premises
from shared.retention.platform import PLATFORM_KEPT, outdated_logs
from shared.retention.purging import COUNTED, Kept, waiting
from shared.retention.rules import RULES, Rule, Terms
from shared.security.resealing import Sealed, reseal_all
from shared.telemetry import logs, metrics, traces
from shared.workers import Workers

Opening = Callable[[], AbstractAsyncContextManager[Premises]]


class House(Protocol):
    """A house's app.py."""

    @property
    def Settings(self) -> type[HouseSettings]: ...  # noqa: N802  (a class)

    @property
    def SEALED(self) -> Sequence[Sealed]: ...  # noqa: N802  (a table)

    @property
    def KEPT(self) -> Sequence[Kept]: ...  # noqa: N802  (a table)

    def create_app(self, premises: Premises) -> FastAPI: ...

    def add_workers(self, workers: Workers, premises: Premises, transport: Transport) -> None: ...


def house_commands(name: str, module: House) -> typer.Typer:
    """`api`, `worker` and the care commands, for a house whose settings the environment holds."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)

    @app.command()
    def api() -> None:
        """Answer HTTP requests until told to stop."""
        uvloop.run(_serve(name, module))

    @app.command()
    def worker() -> None:
        """Run the loops: relay, listener, applier, timers, sealer."""
        uvloop.run(_work(name, module))

    @asynccontextmanager
    async def opening() -> AsyncIterator[Premises]:
        async with open_premises(name, module.Settings(served=True), utc_now) as premises:
            yield premises

    add_care(app, opening, module.SEALED, module.KEPT)
    return app


def add_care(
    app: typer.Typer, opening: Opening, sealed: Sequence[Sealed], kept: Sequence[Kept]
) -> None:
    """Commands for the operator at night; none of them shows what is sealed."""
    _add_parked(app, opening)

    @app.command("republish")
    def republish(subject: str) -> None:
        """Tell everything of one subject again, for a house that lost it."""
        _run(opening, lambda premises: _republish(premises, subject))

    @app.command("reseal")
    def reseal() -> None:
        """After a rotation: take what old keys sealed to the new ones, while all runs."""
        _run(opening, lambda premises: _reseal(premises, sealed))

    @app.command("retention")
    def retention() -> None:
        """Print how long each kind of data is kept and why, and how much is due now."""
        _run(opening, lambda premises: _print_terms(premises, kept))

    _add_audit(app, opening)


def _add_audit(app: typer.Typer, opening: Opening) -> None:
    @app.command("audit-verify")
    def audit_verify(
        heads: Annotated[
            Path | None, typer.Option(help="what `audit-heads` printed before, kept elsewhere")
        ] = None,
    ) -> None:
        """Check the audit chain, also against heads that were exported; name the first break."""
        kept = _exported(heads) if heads else []
        _run(opening, lambda premises: _verify(premises, kept))

    @app.command("audit-heads")
    def audit_heads(after: int = 0) -> None:
        """Print the heads of the chain after a number, to be kept where we cannot write."""
        _run(opening, lambda premises: _print_heads(premises, after))

    @app.command("audit-evidence")
    def audit_evidence(case_number: str) -> None:
        """Print a case's trail with its places in the chain, as a document that proves itself."""
        _run(opening, lambda premises: _print_evidence(premises, case_number))


def _add_parked(app: typer.Typer, opening: Opening) -> None:
    group = typer.Typer(
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        help="Messages put aside for a person to look at.",
    )
    app.add_typer(group, name="parked")
    message = Annotated[UUID, typer.Argument(help="the message's id, as `list` shows it")]

    @group.command("list")
    def list_() -> None:
        """List them, oldest first."""
        _run(opening, _list_parked)

    @group.command()
    def show(message_id: message) -> None:
        """Show one with its data; sealed fields stay sealed."""
        _run(opening, lambda premises: _show_parked(premises, message_id))

    @group.command()
    def replay(message_id: Annotated[UUID | None, typer.Argument()] = None) -> None:
        """Try one again, or all of them."""
        _run(opening, lambda premises: _replay(premises, message_id))

    @group.command()
    def mend(message_id: message, data: str, reason: str) -> None:
        """Replace fields (a JSON object) of one that can never be applied as it is."""
        _run(opening, lambda premises: _mend(premises, message_id, data, reason))

    @group.command()
    def skip(message_id: message, reason: str) -> None:
        """Let one go by without effect."""
        _run(opening, lambda premises: _skip(premises, message_id, reason))


def _run(opening: Opening, work: Callable[[Premises], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with opening() as premises:
            await work(premises)

    asyncio.run(run())


async def _list_parked(premises: Premises) -> None:
    async with premises.sessions() as session:
        rows = await parked.list_parked(session)
    if not rows:
        typer.echo(f"{premises.house}: 没有搁置的消息")
        return
    table = Table("id", "type", "subject", "sequence", "attempts", "error", "parked_at")
    for row in rows:
        table.add_row(
            str(row.message_id),
            row.type,
            row.subject,
            str(row.sequence),
            str(row.attempts),
            row.last_error or "",
            row.parked_at.isoformat(timespec="seconds"),
        )
    Console(width=200).print(table)


async def _show_parked(premises: Premises, message_id: UUID) -> None:
    async with premises.sessions() as session:
        row = await parked.show(session, message_id)
        shown = {**row._mapping, "words": parked.reason_of(session, row)}  # noqa: SLF001  (Row's documented way to a mapping)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2, default=str))


async def _replay(premises: Premises, message_id: UUID | None) -> None:
    async with premises.sessions.begin() as session:
        if message_id is None:
            count = await parked.replay_all(session)
        else:
            await parked.replay(session, message_id)
            count = 1
    typer.echo(f"{premises.house}: 已重放 {count} 条")


async def _mend(premises: Premises, message_id: UUID, data: str, reason: str) -> None:
    async with premises.sessions.begin() as session:
        await parked.mend(session, message_id, json.loads(data), reason=reason)
    typer.echo(f"{premises.house}: 已更正并重放")


async def _skip(premises: Premises, message_id: UUID, reason: str) -> None:
    async with premises.sessions.begin() as session:
        await parked.skip(session, message_id, reason=reason)
    typer.echo(f"{premises.house}: 已略过")


async def _republish(premises: Premises, subject: str) -> None:
    async with premises.sessions.begin() as session:
        count = await keeping.republish_subject(session, subject)
    typer.echo(f"{premises.house}: 重新发布 {count} 条")


async def _print_heads(premises: Premises, after: int) -> None:
    async for head in export_heads(premises.sealer_engine, after=after):
        typer.echo(str(head))


async def _print_evidence(premises: Premises, case_number: str) -> None:
    document = await evidence.export(premises.sealer_engine, case_number)
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1))


async def _reseal(premises: Premises, sealed: Sequence[Sealed]) -> None:
    count = await reseal_all(
        premises.sessions, sealed, clock=premises.clock, rotated_at=premises.clock()
    )
    typer.echo(f"{premises.house}: 已用现用密钥重新加密 {count} 处，旧密钥加密的已没有")


def _exported(file: Path) -> Sequence[Head]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [Head.parse(line) for line in lines if line.strip()]
    except (OSError, HeadError) as error:
        raise typer.BadParameter(str(error)) from None


async def _verify(premises: Premises, heads: Sequence[Head]) -> None:
    verdict = await verify(premises.sealer_engine, keys=premises.carried.keys, heads=heads)
    if verdict.whole:
        typer.echo(
            f"{premises.house}: 审计链完整，{verdict.seals} 个封印，{verdict.rows} 条记录，"
            f"{verdict.waiting} 条待封"
        )
        return
    typer.echo(f"{premises.house}: 审计链断裂：{verdict.first_break}", err=True)
    raise typer.Exit(1)


async def _print_terms(premises: Premises, kept: Sequence[Kept]) -> None:
    """A look and no more: the workers do it by themselves."""
    async with premises.sessions() as session:
        found = await waiting(session, (*PLATFORM_KEPT, *kept), premises.terms, at=premises.clock())
    due = {each.kept.kind: each.count for each in found}
    due["access_log"] = len(outdated_logs(premises))
    table = Table(
        "类别", "是什么", "期限", "从何时起", "期满", "依据", "把握", "到期", title=premises.house
    )
    for rule in RULES:
        if premises.house in rule.houses:
            table.add_row(*_line(rule, premises.terms, due.get(rule.kind)))
    Console(width=200).print(table)


def _line(rule: Rule, terms: Terms, due: int | None) -> tuple[str, ...]:
    term = "" if rule.days is None else f"{terms.days(rule.kind)} 天"
    if terms.is_own(rule.kind):
        term += "（本地设置）"
    counted = "" if due is None else f"{due}" if due < COUNTED else f"≥{COUNTED}"
    return (
        rule.kind,
        rule.zh,
        term,
        rule.since,
        rule.goes.zh,
        rule.basis,
        rule.source,
        counted,
    )


async def _serve(name: str, module: House) -> None:
    settings = module.Settings(served=True)
    _observe(name, settings)
    async with open_premises(name, settings, utc_now) as premises:
        app = module.create_app(premises)
        server = Server(
            app, host=settings.host, port=settings.port, on_signal=app.state.closing.set
        )
        await server.serve()


async def _work(name: str, module: House) -> None:
    settings = module.Settings(served=True)
    _observe(name, settings)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with open_premises(name, settings, utc_now) as premises:
        assert settings.amqp_url is not None, "served settings require it"  # noqa: S101
        transport = AmqpTransport(
            settings.amqp_url.get_secret_value(), Topology(HOUSES), name=f"tongban-{name}"
        )
        workers = Workers()
        module.add_workers(workers, premises, transport)
        settle()
        try:
            await workers.run(stop)
        finally:
            await transport.close()


def _observe(name: str, settings: HouseSettings) -> None:
    logs.configure(settings.log_level)
    traces.configure(f"tongban-{name}", settings.otlp_endpoint)
    if settings.metrics_port is not None:
        metrics.serve(settings.metrics_port)
