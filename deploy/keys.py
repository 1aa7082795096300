"""`python -m deploy.keys create FILE` · `rotate FILE` · `forget FILE KID`: the key ring."""

from pathlib import Path
from typing import Annotated

import typer

from shared.security.keys import Keyring, KeyringError
from shared.security.ring import PURPOSES, ROTATED, SEALING, Purpose

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
def rotate(
    file: Path,
    purposes: Annotated[
        list[str] | None, typer.Argument(help=f"{' | '.join(PURPOSES)}; all that seal, without")
    ] = None,
) -> None:
    """Add keys that seal from now on, in every process within seconds; the old ones still open.
    Then `reseal` in each house, or `make rotate-keys`, which does both."""
    known: dict[str, Purpose] = {each: each for each in PURPOSES}
    unknown = [each for each in purposes or () if each not in known]
    if unknown:
        raise typer.BadParameter(f"{' '.join(unknown)}: {' | '.join(PURPOSES)}")
    ring = Keyring.load(file)
    for purpose in [known[each] for each in purposes or ()] or ROTATED:
        typer.echo(f"{purpose}: 新密钥 {ring.rotate(purpose)}")
    typer.echo("各进程数秒内换用。请重新备份密钥环；旧密钥仍能解密，请运行各服务的 reseal。")


@app.command()
def forget(file: Path, kid: str) -> None:
    """Drop an old key for good. Only after `reseal` of every house: what it sealed is lost."""
    ring = Keyring.load(file)
    if not any(kid in ring.kids(purpose) for purpose in SEALING):
        typer.echo(f"没有删除：只有加密用的密钥可以删除（{' '.join(SEALING)}）", err=True)
        raise typer.Exit(1)
    try:
        ring.forget(kid)
    except KeyringError as error:
        typer.echo(f"没有删除：{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已删除 {kid}")


if __name__ == "__main__":
    app()
