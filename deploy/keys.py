"""`python -m deploy.keys create FILE` · `rotate FILE PURPOSE`: the installation's key ring."""

from pathlib import Path
from typing import Annotated

import typer

from shared.security.keys import Keyring, KeyringError
from shared.security.ring import PURPOSES, Purpose

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def create(file: Path) -> None:
    """Make a new ring; one that is there is never overwritten."""
    try:
        Keyring.create(file)
    except KeyringError as error:
        typer.echo(f"没有生成：{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已生成密钥环 {file}。请立即离线备份：没有它，数据库备份读不出个人信息。")


@app.command()
def rotate(file: Path, purpose: Annotated[str, typer.Argument(help=" | ".join(PURPOSES))]) -> None:
    """Add a key that seals from the next start on; the old ones still open."""
    known: dict[str, Purpose] = {each: each for each in PURPOSES}
    if purpose not in known:
        raise typer.BadParameter(f"{purpose}: {' | '.join(PURPOSES)}")
    typer.echo(
        f"新密钥 {Keyring.load(file).rotate(known[purpose])}。重启各进程后生效；请重新备份。"
    )


if __name__ == "__main__":
    app()
