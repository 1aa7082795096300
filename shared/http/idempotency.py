"""One effect per (caller, operation, key), kept in the same transaction as the effect."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    delete,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Now
from shared.db.base import PLATFORM
from shared.db.transactions import Single, Transaction
from shared.errors import DomainError
from shared.means import means

KEPT = timedelta(days=7)

Done = TypeVar("Done")

IDEMPOTENCY = Table(
    "idempotency",
    PLATFORM,
    Column("caller", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("status", SmallInteger),
    Column("reply", LargeBinary),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "expires_at"),
)


# Every POST pays for these: written once, not composed anew for each call.
_TAKE = text("""
INSERT INTO idempotency AS kept (caller, operation, key, digest, expires_at)
VALUES (:caller, :operation, :key, :digest, :expires_at)
ON CONFLICT (caller, operation, key) DO UPDATE
SET digest = excluded.digest, expires_at = excluded.expires_at, status = NULL, reply = NULL
WHERE kept.expires_at < :at
RETURNING key
""")
_KEPT = text("""
SELECT digest, status, reply FROM idempotency
WHERE caller = :caller AND operation = :operation AND key = :key
""")
_ANSWER = text("""
UPDATE idempotency SET status = :status, reply = :reply
WHERE caller = :caller AND operation = :operation AND key = :key
""")


# For a hot path whose effect is one statement: put this CTE among its own and merge `along(…)` into
# its parameters. A key that was taken before makes the whole statement fail, so nothing is kept.
KEEPING = """
once AS (
    INSERT INTO idempotency (caller, operation, key, digest, status, reply, expires_at)
    VALUES (:once_caller, :once_operation, :once_key, :once_digest, :once_status, :once_reply,
        :once_expires_at)
)
"""
# The same for several callers at once; `keeping_all(…)` makes its parameters.
KEEPING_ALL = """
once AS (
    INSERT INTO idempotency (caller, operation, key, digest, status, reply, expires_at)
    SELECT * FROM unnest(
        CAST(:once_caller AS text[]), CAST(:once_operation AS text[]), CAST(:once_key AS text[]),
        CAST(:once_digest AS bytea[]), CAST(:once_status AS smallint[]),
        CAST(:once_reply AS bytea[]), CAST(:once_expires_at AS timestamptz[])
    )
)
"""
_KEPT_ALONG = ("caller", "operation", "key", "digest", "status", "reply", "expires_at")
_FORGET = text("""
DELETE FROM idempotency
WHERE caller = :caller AND operation = :operation AND key = :key AND expires_at < :at
RETURNING key
""")


class ReplayedError(Exception):
    """Not an error of the case: this call was answered before, here is that answer."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__("replayed")
        self.status = status
        self.body = body
        self.headers = dict(headers)


class KeyReusedError(DomainError):
    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "同一个 Idempotency-Key 已用于另一份内容，请换一个",
            "this Idempotency-Key was used with another body",
        )


@dataclass(frozen=True, slots=True)
class Once:
    session: AsyncSession
    caller: str
    operation: str
    key: str | None
    content: bytes
    at: datetime

    @property
    def _context(self) -> str:
        return f"idempotency:{self.caller}:{self.operation}:{self.key}"

    async def begin(self) -> None:
        """Take the key, or raise with the answer given before. A second caller with the same key
        waits here until the first has committed."""
        if self.key is None:
            return
        fresh = {
            "digest": means(self.session).keys.digest(self.content),
            "expires_at": self.at + KEPT,
        }
        if (await self.session.execute(_TAKE, {**self._mine, **fresh, "at": self.at})).first():
            return
        await self._replay()

    async def _replay(self) -> None:
        kept = (await self.session.execute(_KEPT, self._mine)).one_or_none()
        if kept is None:
            return
        keys = means(self.session).keys
        if not keys.matches(kept.digest, self.content):
            raise KeyReusedError
        answer = json.loads(keys.open("fields", kept.reply, context=self._context))
        raise ReplayedError(kept.status, answer["body"].encode(), answer["headers"])

    @property
    def _mine(self) -> dict[str, str | None]:
        return {"caller": self.caller, "operation": self.operation, "key": self.key}

    def along(
        self, status: int, out: BaseModel, headers: Mapping[str, str] | None = None
    ) -> "Along":
        """The answer, to be stored by the very statement that has the effect (see KEEPING)."""
        body = out.model_dump_json()
        response = answered(status, body.encode(), headers or {})
        if self.key is None:
            return Along(response, {})
        return Along(
            response,
            {
                "once_caller": self.caller,
                "once_operation": self.operation,
                "once_key": self.key,
                "once_digest": means(self.session).keys.digest(self.content),
                "once_status": status,
                "once_reply": self._sealed(body, headers),
                "once_expires_at": self.at + KEPT,
            },
        )

    async def effect(self, act: Callable[[], Awaitable[Done]]) -> Done:
        """`act` keeps its answer along with its effect. What was answered before is answered again,
        also where it would no longer be allowed. The session holds no transaction: where the effect
        takes more than one statement, `act` opens one of its own."""
        while True:
            try:
                return await act()
            except DomainError:
                if self.key is not None:
                    await self._replay()
                raise
            except IntegrityError as error:
                if not _was_taken(error):
                    raise
            forgotten = await self.session.execute(_FORGET, {**self._mine, "at": self.at})
            if not forgotten.first():
                await self._replay()

    def _sealed(self, body: str, headers: Mapping[str, str] | None) -> bytes:
        content = json.dumps({"body": body, "headers": dict(headers or {})}).encode()
        return means(self.session).keys.seal("fields", content, context=self._context)

    async def reply(
        self, status: int, out: BaseModel | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer, stored with the effect (sealed: answers may speak of people)."""
        body = out.model_dump_json(exclude_none=False) if out is not None else ""
        if self.key is not None:
            sealed = self._sealed(body, headers)
            await self.session.execute(_ANSWER, {**self._mine, "status": status, "reply": sealed})
        return answered(status, body.encode(), headers or {})


@dataclass(frozen=True, slots=True)
class Along:
    """An answer, and the parameters that keep it."""

    response: Response
    parameters: Mapping[str, Any]


def keeping_all(answers: Sequence[Along]) -> dict[str, list[Any]]:
    """Those without a key have nothing to be kept."""
    kept = [each.parameters for each in answers if each.parameters]
    return {f"once_{name}": [each[f"once_{name}"] for each in kept] for name in _KEPT_ALONG}


def _was_taken(error: IntegrityError) -> bool:
    constraint = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    return constraint == IDEMPOTENCY.primary_key.name


def answered(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    media_type = "application/json" if body else None
    return Response(body, status, dict(headers), media_type)


async def on_replayed(_: Request, error: Exception) -> Response:
    assert isinstance(error, ReplayedError)  # noqa: S101  (registered for this class only)
    return answered(error.status, error.body, {**error.headers, "Idempotency-Replayed": "true"})


_KEY = Header(
    alias="Idempotency-Key",
    min_length=8,
    max_length=100,
    pattern=r"^[\x21-\x7e]+$",
    description="每次新的办理用一个新的键（如 UUID）；重试时用同一个键，不会重复办理",
    examples=["7d9f2a1e-0c1b-4f57-9a52-2f1f5a3f0b11"],
)
Key = Annotated[str | None, _KEY]


async def _once(
    request: Request, session: Transaction, now: Now, idempotency_key: Key = None
) -> Once:
    once = await _made(request, session, now, idempotency_key)
    await once.begin()
    return once


def said_in(path: str, query: str, body: bytes) -> bytes:
    """What a key stands for: the same key with anything else of this is another call."""
    return f"{path}?{query}\n".encode() + body


async def _made(request: Request, session: AsyncSession, at: datetime, key: str | None) -> Once:
    query = request.scope["query_string"].decode("latin-1")
    content = said_in(request.scope["path"], query, await request.body())
    return Once(
        session=session,
        caller=request.state.origin.actor,
        operation=request.state.operation,
        key=key,
        content=content,
        at=at,
    )


async def _required(
    request: Request, session: Transaction, now: Now, idempotency_key: Annotated[str, _KEY]
) -> Once:
    return await _once(request, session, now, idempotency_key)


async def _beside(
    request: Request, session: Single, now: Now, idempotency_key: Annotated[str, _KEY]
) -> Once:
    return await _made(request, session, now, idempotency_key)


async def _beside_per_key(
    request: Request, session: Single, now: Now, idempotency_key: Key = None
) -> Once:
    return await _made(request, session, now, idempotency_key)


# Accepted on every POST …
OncePerKey = Annotated[Once, Depends(_once, scope="function")]
# … and required where a repeat would create a second thing.
OnceRequired = Annotated[Once, Depends(_required, scope="function")]
# … or where all of it is one statement, which takes the key itself.
OnceAlong = Annotated[Once, Depends(_beside, scope="function")]
OnceAlongPerKey = Annotated[Once, Depends(_beside_per_key, scope="function")]


async def purge(session: AsyncSession, *, at: datetime, limit: int = 1000) -> int:
    """Forget expired keys, a batch at a time; says how many went."""
    c = IDEMPOTENCY.c
    batch = (
        IDEMPOTENCY.select()
        .with_only_columns(c.caller, c.operation, c.key)
        .where(c.expires_at < at)
        .limit(limit)
        .subquery()
    )
    gone = await session.execute(
        delete(IDEMPOTENCY)
        .where(c.caller == batch.c.caller, c.operation == batch.c.operation, c.key == batch.c.key)
        .returning(c.key)
    )
    return len(gone.all())
