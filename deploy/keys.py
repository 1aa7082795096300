"""`python -m deploy.keys create FILE` · `rotate FILE` · `forget FILE KID`: the key ring."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from shared.security.algorithms import ALGORITHMS, DEFAULT
from shared.security.keys import Keyring, KeyringError
from shared.security.ring import PURPOSES, ROTATED, SEALING, Purpose

app = typer.Typer(add_completion=False, no_args_is_help=True)

VARIABLE: Final = "KEY_ALGORITHM"
Family = Annotated[
    str,
    typer.Option("--algorithm", envvar=VARIABLE, help=f"{' | '.join(ALGORITHMS)}"),
]


def chosen() -> str | None:
    """The family that the environment names, for installations that are told nothing else."""
    return os.environ.get(VARIABLE) or None


def rotate_in(ring: Keyring, algorithm: str | None) -> Iterator[tuple[Purpose, str]]:
    """New keys for what is rotated together, and for whatever is of another family than asked."""
    for purpose in PURPOSES:
        other = algorithm is not None and ring.algorithm(purpose).name != algorithm
        if purpose in ROTATED or other:
            yield purpose, ring.rotate(purpose, algorithm=algorithm)


@app.command()
def create(file: Path, algorithm: Family = DEFAULT) -> None:
    """Make a new ring; one that is there is never overwritten."""
    try:
        Keyring.create(file, algorithm=algorithm)
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
    algorithm: Family = "",
) -> None:
    """Add keys that seal from now on, in every process within seconds; the old ones still open.
    Of the same family as before, or of that of --algorithm, to which everything then changes.
    Then `reseal` in each house, or `make rotate-keys`, which does both."""
    known: dict[str, Purpose] = {each: each for each in PURPOSES}
    unknown = [each for each in purposes or () if each not in known]
    if unknown:
        raise typer.BadParameter(f"{' '.join(unknown)}: {' | '.join(PURPOSES)}")
    ring, family = Keyring.load(file), algorithm or None
    try:
        made = (
            [(known[each], ring.rotate(known[each], algorithm=family)) for each in purposes]
            if purposes
            else list(rotate_in(ring, family))
        )
    except KeyringError as error:
        raise typer.BadParameter(str(error)) from None
    for purpose, kid in made:
        typer.echo(f"{purpose}: 新密钥 {kid}，{ring.algorithm(purpose).name}")
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
