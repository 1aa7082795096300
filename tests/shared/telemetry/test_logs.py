"""What goes wrong is told by its class and place; what people wrote is neither logged nor said."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import IntegrityError

from shared.problems import install
from shared.telemetry import logs

PERSON = "李示例 620102199003078896"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root, kept, stream = logging.getLogger(), structlog.get_config(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("DEBUG")
    # Or loggers of ours would go on with this stream in the tests after it.
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.configure(**kept)
    root.handlers[:], root.level = handlers, level


def _said(logged: io.StringIO) -> list[dict[str, Any]]:
    told = logged.getvalue()
    assert PERSON not in told
    assert "620102199003078896" not in told
    return [json.loads(line) for line in told.splitlines()]


class _Refused(Exception):  # noqa: N818  (a driver's own name)
    sqlstate = "23505"


async def _answer(error: Exception) -> httpx.Response:
    app, router = FastAPI(), APIRouter()

    @router.get("/door")
    async def door() -> None:
        raise error

    app.include_router(router)
    install(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
        return await client.get("/door")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError(PERSON), "ValueError"),
        (KeyError(PERSON), "KeyError"),
        (
            IntegrityError(f"INSERT {PERSON}", {"name": PERSON}, _Refused(PERSON)),
            "IntegrityError",
        ),
    ],
)
async def test_an_error_of_ours_shows_neither_its_text_nor_a_stack(
    logged: io.StringIO, error: Exception, kind: str
) -> None:
    answer = await _answer(error)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    for part in (PERSON, "Traceback", ".py", kind, "site-packages"):
        assert part not in answer.text
    failed = [each for each in _said(logged) if each["event"] == "request_failed"]
    assert [each["error"] for each in failed] == [kind]
    assert any("door" in place for place in failed[0]["at"])
    assert failed[0].get("sqlstate") == getattr(getattr(error, "orig", None), "sqlstate", None)


def test_a_librarys_sentence_is_logged_without_what_it_quotes(
    logged: io.StringIO,
) -> None:
    library = logging.getLogger("some.library")
    library.error("could not store %s", PERSON)
    try:
        raise RuntimeError(PERSON)
    except RuntimeError:
        library.exception("Exception in ASGI application\n")
    library.info("too quiet to be heard")
    told = [(each["library"], each["text"].strip()) for each in _said(logged)]
    assert told == [
        ("some.library", "could not store %s"),
        ("some.library", "Exception in ASGI application"),
    ]
