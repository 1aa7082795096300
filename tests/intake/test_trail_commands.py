"""The trail from the command line: whole, exported, and held against what was exported before."""

from pathlib import Path

import httpx
import pytest
import typer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.database import EmbeddedDatabase
from shared import commands
from shared.audit.sealer import seal_once
from shared.premises import Premises
from tests.intake.conftest import AT, Tokens
from tests.intake.window import submit


async def test_a_trail_that_was_cut_short_is_found_by_the_heads_that_were_kept_elsewhere(
    client: httpx.AsyncClient,
    token: Tokens,
    premises: Premises,
    postgres: EmbeddedDatabase,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        await submit(client, token())
        assert await seal_once(premises.sealer_engine, at=AT)
    await commands._print_heads(premises, 0)
    kept = tmp_path / "heads.txt"
    kept.write_text(capsys.readouterr().out, encoding="utf-8")
    heads = commands._exported(kept)
    assert [head.number for head in heads] == [1, 2]
    await commands._verify(premises, heads)
    assert "审计链完整" in capsys.readouterr().out
    await _cut(postgres.url("postgres", database))
    # By itself it is as whole as on the day before.
    await commands._verify(premises, [])
    assert "审计链完整" in capsys.readouterr().out
    with pytest.raises(typer.Exit) as left:
        await commands._verify(premises, heads)
    assert left.value.exit_code == 1
    assert "审计链断裂" in capsys.readouterr().err


async def _cut(url: str) -> None:
    """What only who owns the tables can do: the newest rows, with all that speaks of them."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in (
            "DELETE FROM intake.audit WHERE id IN"
            " (SELECT audit_id FROM intake.audit_link WHERE seal_number = 2)",
            "DELETE FROM intake.audit_link WHERE seal_number = 2",
            "DELETE FROM intake.audit_seal WHERE number = 2",
        ):
            await connection.execute(text(statement))
    await engine.dispose()


def test_what_are_no_heads_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "heads.txt"
    wrong.write_text("1 yesterday sha256 00\n", encoding="utf-8")
    for file in (wrong, tmp_path / "nowhere.txt"):
        with pytest.raises(typer.BadParameter):
            commands._exported(file)
