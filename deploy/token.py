"""`make token ROLE=clerk LOCATION=<code>`: one bearer token of the embedded issuer."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.clock import utc_now
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

DIRECTORY = Path(__file__).parent / "directory.json"


def main(
    role: str = "",
    location: str = "",
    hours: Annotated[int, typer.Option(min=1, max=24 * 30)] = 12,
) -> None:
    known = [one.value for one in Role if one.value != "anonymous"]
    if role not in known:
        sys.exit(f"ROLE 应为其中之一 / ROLE must be one of: {', '.join(known)}")
    place = _place(location) if location else None
    if location and place is None:
        sys.exit(f"演示名录里没有地点 {location} / no such location in the demo directory")
    folder = Path(os.environ.get("DATA_DIR", ".data")) / "keys"
    issuer = LocalIssuer.load_or_create(folder / "issuer.pem")
    typer.echo(
        issuer.issue(
            subject=f"{role}-{location or 'all'}",
            name=f"示例人员（{role}）",
            role=Role(role),
            location=location or None,
            division=place["division"] if place else None,
            at=utc_now(),
            ttl=timedelta(hours=hours),
        )
    )


def _place(code: str) -> dict[str, str] | None:
    places: list[dict[str, str]] = json.loads(DIRECTORY.read_text(encoding="utf-8"))["locations"]
    return next((place for place in places if place["code"] == code), None)


if __name__ == "__main__":
    typer.run(main)
