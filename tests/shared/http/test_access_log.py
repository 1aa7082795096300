"""Each request leaves a line: who, where from, which door, how it ended; nothing that was sent."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http.porter import Porter
from shared.security.callers import Role
from shared.telemetry.access import AccessLog, outdated
from tests.shared.http.conftest import Token

KEY = {"Idempotency-Key": "key-0001"}
NOTES = "/house/v1/notes"


@pytest.fixture
def kept(app: FastAPI, tmp_path: Path) -> Path:
    porter = next(each for each in app.user_middleware if each.cls is Porter)  # type: ignore[comparison-overlap]  # starlette types the class as a protocol
    porter.kwargs["access"] = AccessLog(tmp_path / "access", "house")
    return tmp_path / "access"


def lines(folder: Path) -> list[dict[str, Any]]:
    written = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))
    return [json.loads(line) for line in written.splitlines()]


async def test_a_line_says_who_came_to_which_door_and_how_it_ended(
    kept: Path, client: httpx.AsyncClient, bearer: Token
) -> None:
    headers = bearer() | KEY | {"X-Request-Id": "request-0001"}
    await client.post(
        f"{NOTES}/17/change?secret=620102199003078896",
        json={"words": "李示例", "weight": 1},
        headers=headers,
    )
    (line,) = lines(kept)
    assert "620102199003078896" not in json.dumps(line)
    assert datetime.fromisoformat(line.pop("at")).tzinfo == UTC
    assert line.pop("ms") >= 0
    assert line == {
        "house": "house",
        "subject": "someone",
        "role": "clerk",
        "location": "L1",
        "method": "POST",
        "route": "/house/v1/notes/{note_id}/change",
        "status": 200,
        "request_id": "request-0001",
    }


async def test_whoever_is_turned_away_leaves_a_line_and_no_word_of_theirs(
    kept: Path, client: httpx.AsyncClient, bearer: Token
) -> None:
    await client.get(NOTES)
    await client.get(NOTES, headers=bearer(Role.OFFICER))
    await client.request("李".encode().hex().upper() * 9, "/house/v1/620102199003078896")
    told = lines(kept)
    assert [(each["status"], each["subject"], each["route"]) for each in told] == [
        (401, None, None),
        (403, "someone", "/house/v1/notes"),
        (401, None, None),
    ]
    assert "620102199003078896" not in json.dumps(told)
    assert told[2]["method"] == "-"


async def test_who_asks_after_our_health_leaves_a_line_with_that_door(
    kept: Path, client: httpx.AsyncClient
) -> None:
    for name in ("livez", "readyz"):
        await client.get(f"/house/{name}")
    told = [(each["route"], each["subject"]) for each in lines(kept)]
    assert told == [("/house/livez", "anonymous"), ("/house/readyz", "anonymous")]


async def test_a_full_disk_ends_no_request(
    app: FastAPI, client: httpx.AsyncClient, bearer: Token, tmp_path: Path
) -> None:
    porter = next(each for each in app.user_middleware if each.cls is Porter)  # type: ignore[comparison-overlap]  # starlette types the class as a protocol
    (tmp_path / "taken").write_text("a file where the folder should be")
    porter.kwargs["access"] = AccessLog(tmp_path / "taken", "house")
    assert (await client.get(NOTES, headers=bearer())).status_code == 200


def test_each_local_day_has_its_file_and_the_old_ones_are_found(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, "house")
    # 23:30 and 00:30 in Shanghai.
    for hour in (15, 16):
        log.note(datetime(2026, 9, 6, hour, 30, tzinfo=UTC), status=200)
    log.close()
    AccessLog(tmp_path, "other").note(datetime(2020, 1, 1, tzinfo=UTC), status=200)
    assert len([path for path in tmp_path.iterdir() if "-house-" in path.name]) == 2
    (old,) = outdated(tmp_path, "house", date(2026, 9, 7))
    assert "2026-09-06" in old.name
    assert outdated(tmp_path, "house", date(2026, 9, 6)) == []
