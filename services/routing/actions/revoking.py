"""A token in wrong hands counts no more: here at once, in the other houses in seconds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.events import TokenRevoked
from shared.audit import trail
from shared.chance import new_id
from shared.errors import Fault, InvalidError
from shared.means import origin
from shared.messaging import outbox
from shared.security import revocations


@dataclass(frozen=True, slots=True)
class Revoking:
    """`token_id` (jti) for one token, `account` (sub) for all that it was given until now."""

    issuer: str | None
    token_id: str | None
    account: str | None
    reason: str


async def revoke(session: AsyncSession, wanted: Revoking, *, at: datetime) -> UUID:
    if (wanted.token_id is None) == (wanted.account is None):
        raise InvalidError(
            [
                Fault(
                    pointer,
                    "one-of-two",
                    "令牌编号（token_id）和账号（account）填且只填一项",
                    "exactly one of token_id and account",
                )
                for pointer in ("/token_id", "/account")
            ]
        )
    event = TokenRevoked(
        id=new_id(),
        issuer=wanted.issuer,
        token_id=wanted.token_id,
        account=wanted.account,
        revoked_at=at,
        reason=wanted.reason,
        revoked_by=origin(session).actor,
    )
    await revocations.keep(
        session,
        id_=event.id,
        issuer=event.issuer,
        token_id=event.token_id,
        subject=event.account,
        revoked_at=at,
        reason=event.reason,
        revoked_by=event.revoked_by,
    )
    await outbox.record(session, event, subject=f"revocation:{event.id}", at=at)
    await trail.record(
        session,
        action="token-revoked",
        resource=f"revocation:{event.id}",
        facts={
            "token_id": event.token_id,
            "account": event.account,
            "issuer": event.issuer,
            "reason": event.reason,
        },
        at=at,
    )
    return event.id
