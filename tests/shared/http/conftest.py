"""A house with one small room, to try the manners that all houses share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Header, Response
from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.clock import Now, utc_now
from shared.db.transactions import Sessions, Transaction
from shared.errors import ConflictError, Fault, InvalidError
from shared.http import etags, pages
from shared.http.app import new_app
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey, OnceRequired
from shared.http.routes import Granted, granted_route
from shared.security.callers import Role
from shared.security.grants import ANONYMOUS, Grants, Relation
from shared.security.issuer import LocalIssuer
from shared.security.tokens import TokenVerifier

GRANTS = Grants(
    {
        "make_note": {Role.CLERK: {Relation.OWN_RECEIVER}},
        "change_note": {Role.CLERK: {Relation.OWN_RECEIVER}},
        "list_notes": {Role.CLERK: {Relation.OWN_RECEIVER}},
        "spoil_note": {Role.CLERK: {Relation.OWN_RECEIVER}},
        "read_notice_board": ANONYMOUS,
    }
)

router = APIRouter(prefix="/v1/notes", route_class=granted_route(GRANTS))


class NoteIn(BaseModel):
    words: str = Field(max_length=20)
    weight: int = Field(ge=1)


class NoteOut(BaseModel):
    id: int
    words: str


class StuckError(ConflictError):
    code = "stuck"


@router.post("", status_code=201, response_model=NoteOut)
async def make_note(body: NoteIn, once: OnceRequired) -> Response:
    row = await once.session.execute(
        text("INSERT INTO note (words) VALUES (:words) RETURNING id"), {"words": body.words}
    )
    out = NoteOut(id=row.scalar_one(), words=body.words)
    return await once.reply(201, out, {"Location": f"/house/v1/notes/{out.id}"})


@router.post("/{note_id}/change", response_model=NoteOut)
async def change_note(
    note_id: int, body: NoteIn, once: OncePerKey, now: Now, if_match: IfMatch = None
) -> Response:
    etags.require(if_match, note_id)
    faults = [Fault("/words", "dull", "太平淡", "dull")] if body.words == "dull" else []
    if faults:
        raise InvalidError(faults)
    if body.words == "stuck":
        raise StuckError("卡住了", "stuck", status="noted", allowed=["wait"])
    assert now.tzinfo is not None
    return await once.reply(200, NoteOut(id=note_id, words=body.words))


@router.post("/spoiled", response_model=NoteOut)
async def spoil_note(session: Transaction) -> NoteOut:
    """Fails only when the transaction commits."""
    await session.execute(text("INSERT INTO note (words, twin) VALUES ('a', 1), ('b', 1)"))
    return NoteOut(id=1, words="never")


@router.get("", response_model=list[int])
async def list_notes(
    scope: Granted, after: pages.After = None, limit: pages.Limit = 50
) -> list[int]:
    position = pages.position(after, int)
    assert scope.receiving is not None
    return [position[0] if position else 0, limit]


@router.get("/board")
async def read_notice_board(accept_language: Annotated[str | None, Header()] = None) -> str:
    return accept_language or "open"


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer.new()


Token = Callable[..., dict[str, str]]


@pytest.fixture
def bearer(issuer: LocalIssuer) -> Token:
    def make(role: Role = Role.CLERK, location: str | None = "L1", **more: Any) -> dict[str, str]:
        token = issuer.issue(
            subject=more.get("subject", "someone"),
            role=role,
            at=utc_now(),
            ttl=timedelta(hours=1),
            location=location,
        )
        return {"Authorization": f"Bearer {token}"}

    return make


@pytest.fixture
async def app(house_sessions: Sessions, issuer: LocalIssuer) -> FastAPI:
    async with house_sessions.begin() as session:
        await session.execute(
            text(
                "CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY, words text,"
                " twin int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )
        )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return new_app(
        house="house",
        title="house",
        description="",
        routers=[router],
        carried=house_sessions.kw["info"]["means"],
        sessions=house_sessions,
        clock=utc_now,
        verifier=TokenVerifier([issuer.as_issuer()]),
        checks={"always": _fine, "never": _broken},
        lifespan=lifespan,
        body_limits=[("POST", r"/change$", 200)],
    )


async def _fine() -> None:
    return None


async def _broken() -> str | None:
    raise ConnectionError("secret host name")


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as opened:
        yield opened
