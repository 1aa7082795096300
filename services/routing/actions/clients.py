"""Service accounts: a system proves itself with a secret and gets a short-lived token."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import ClientRow, ClientSecretRow
from services.routing.queries import partners as queries
from services.routing.queries import registry
from shared.audit import trail
from shared.chance import new_id, new_secret
from shared.errors import (
    ConflictError,
    DomainError,
    Fault,
    InvalidError,
    UnprovenError,
    told_back,
)
from shared.means import origin
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

TOKEN_LIVES = timedelta(minutes=15)
_LOCATION = "location:"


class ClientRefusedError(UnprovenError):
    """Says no more to whoever may be guessing; `error` as RFC 6749 has it."""

    code = "client-refused"

    def __init__(self) -> None:
        super().__init__(
            "客户端编号或密钥不符，或已停用",
            "unknown client, wrong secret, or disabled",
            error="invalid_client",
        )


class ScopeRefusedError(DomainError):
    code = "scope-refused"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"不能取得“{told_back(scope, '所填')}”的令牌：不是该客户端的地点",
            f"the client has no place {told_back(scope, 'like that')}",
            error="invalid_scope",
        )


class NoIssuerError(ConflictError):
    code = "no-issuer"

    def __init__(self) -> None:
        super().__init__(
            "本安装没有设置签发密钥（ROUTING_ISSUER_KEY_FILE），不能签发令牌",
            "this installation has no key to issue tokens with",
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What a client may be: a role, and for which partner or place."""

    name: str
    role: Role
    partner: str | None
    location: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    row: ClientRow
    secret: str


@dataclass(frozen=True, slots=True)
class Granted:
    token: str
    lives: timedelta
    scope: str


async def open_client(session: AsyncSession, account: Account, *, at: datetime) -> Opened:
    await _check(session, account)
    row = ClientRow(
        id=f"c-{new_id().hex}",
        name=account.name,
        role=account.role.value,
        partner=account.partner,
        location=account.location,
        created_at=at,
        created_by=origin(session).actor,
        disabled_at=None,
    )
    session.add(row)
    secret = _new_secret(session, row, at=at)
    await session.flush()
    await _note(session, row, "client-opened", at=at)
    return Opened(row, secret)


async def _check(session: AsyncSession, account: Account) -> None:
    known, faults = await registry.known(session), []
    if account.role is Role.PARTNER and ("partner", account.partner or "") not in known.documents:
        zh = "合作方的客户端须写明已登记的合作方"
        faults.append(Fault("/partner", "unknown-partner", zh, "a registered partner is required"))
    if account.location and known.registry.last_known(account.location) is None:
        zh = f"没有登记地点“{account.location}”"
        faults.append(Fault("/location", "unknown-location", zh, "no such location"))
    if faults:
        raise InvalidError(faults)


async def rotate(
    session: AsyncSession, client_id: str, *, overlap: timedelta, at: datetime
) -> Opened:
    """The old secret holds for `overlap` more."""
    row = await queries.client(session, client_id)
    for older in await queries.client_secrets(session, client_id, at=at):
        older.expires_at = min(older.expires_at or at + overlap, at + overlap)
    secret = _new_secret(session, row, at=at)
    await session.flush()
    await _note(session, row, "client-secret-rotated", at=at)
    return Opened(row, secret)


async def disable(session: AsyncSession, client_id: str, *, at: datetime) -> ClientRow:
    """No further token; the last one ends within a quarter of an hour."""
    row = await queries.client(session, client_id)
    row.disabled_at = row.disabled_at or at
    await session.flush()
    await _note(session, row, "client-disabled", at=at)
    return row


async def grant(
    session: AsyncSession,
    issuer: LocalIssuer | None,
    *,
    client_id: str,
    secret: str,
    scope: str,
    at: datetime,
) -> Granted:
    """A token for the client, for one of its partner's places where `scope` asks for it."""
    if issuer is None:
        raise NoIssuerError
    row = await session.get(ClientRow, client_id)
    if row is None or row.disabled_at is not None:
        raise ClientRefusedError
    held = await queries.client_secrets(session, client_id, at=at)
    given = _digest(client_id, secret)
    # All of them are held against it, so the time taken tells nothing.
    if not sum(hmac.compare_digest(each.digest, given) for each in held):
        raise ClientRefusedError
    location = await _place(session, row, scope)
    await _note(session, row, "token-granted", at=at)
    known = (await registry.known(session)).registry
    place = known.last_known(location) if location else None
    token = issuer.issue(
        subject=f"client:{row.id}",
        name=row.name,
        role=Role(row.role),
        location=location,
        division=place.division if place else None,
        partner=row.partner,
        at=at,
        ttl=TOKEN_LIVES,
    )
    return Granted(token, TOKEN_LIVES, f"{_LOCATION}{location}" if location else "")


async def _place(session: AsyncSession, row: ClientRow, scope: str) -> str | None:
    if not scope:
        return row.location
    code = scope.removeprefix(_LOCATION)
    known = await registry.known(session)
    theirs = row.partner and queries.place_of(known, row.partner, code) is not None
    if not scope.startswith(_LOCATION) or not (theirs or code == row.location):
        raise ScopeRefusedError(scope)
    return code


def _new_secret(session: AsyncSession, row: ClientRow, *, at: datetime) -> str:
    secret = new_secret()
    session.add(
        ClientSecretRow(
            id=new_id(),
            client_id=row.id,
            digest=_digest(row.id, secret),
            created_at=at,
            expires_at=None,
        )
    )
    return secret


def _digest(client_id: str, secret: str) -> bytes:
    """Of 256 random bits: nobody guesses them, so a slow hash would only slow us down."""
    return hashlib.sha256(f"{client_id}\n{secret}".encode()).digest()


async def _note(session: AsyncSession, row: ClientRow, action: str, *, at: datetime) -> None:
    facts = {"role": row.role, "partner": row.partner or "", "location": row.location or ""}
    await trail.record(
        session, action=action, resource=f"client:{row.id}", outcome="done", facts=facts, at=at
    )
