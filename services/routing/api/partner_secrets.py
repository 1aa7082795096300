"""The secrets that partners sign with: issued or taken over, shown once, rotated with overlap."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field, StrictInt

from services.routing.actions import partner_secrets
from services.routing.api.partner_webhooks import Partner
from services.routing.grants import GRANTS
from services.routing.models import PartnerSecretRow
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.routes import granted_route

router = APIRouter(
    prefix="/v1/partners/{partner}/secrets",
    tags=["合作方接入"],
    route_class=granted_route(GRANTS),
)


class SecretOut(BaseModel):
    id: UUID
    created_at: datetime
    created_by: str
    expires_at: datetime | None = Field(description="到此时失效；空为现用")

    @classmethod
    def of(cls, row: PartnerSecretRow) -> "SecretOut":
        return cls.model_validate(row, from_attributes=True)


class IssuedOut(SecretOut):
    secret: str = Field(description="密钥，只在此时给出，请妥善交给对方")


class SecretsOut(BaseModel):
    secrets: list[SecretOut] = Field(description="现在有效的，新的在前；不含密钥本身")


class SecretIn(BaseModel):
    secret: str | None = Field(
        default=None,
        max_length=120,
        description="对方系统生成的密钥（whsec_…）；不填则由本系统生成",
    )
    overlap_hours: StrictInt = Field(
        default=24, ge=0, le=720, description="旧密钥再有效几小时", examples=[24]
    )


@router.post("", status_code=201, summary="给合作方换发签名密钥", response_model=IssuedOut)
async def issue_partner_secret(
    partner: Partner, body: SecretIn, once: OncePerKey, now: Now
) -> Response:
    """新密钥立即有效，旧密钥在重叠期内仍然有效，双方不必同时更换。密钥只显示这一次。"""
    issued = await partner_secrets.issue(
        once.session,
        partner,
        brought=body.secret,
        overlap=timedelta(hours=body.overlap_hours),
        at=now,
    )
    plain = SecretOut.of(issued.row).model_dump()
    return await once.reply(201, IssuedOut(**plain, secret=issued.secret))


@router.get("", summary="合作方现有的签名密钥")
async def list_partner_secrets(partner: Partner, session: Reading, now: Now) -> SecretsOut:
    """只列编号与期限；密钥本身不再给出。"""
    rows = await partner_secrets.held(session, partner, at=now)
    return SecretsOut(secrets=[SecretOut.of(row) for row in rows])


@router.post("/{secret_id}/revocation", summary="立即废止一个密钥", response_model=SecretOut)
async def revoke_partner_secret(
    partner: Partner,
    secret_id: Annotated[
        UUID,
        Path(description="密钥编号", examples=["01990000-0000-7000-8000-000000000001"]),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """密钥外泄时使用：从此刻起，用它签的一律拒收。"""
    row = await partner_secrets.revoke(once.session, partner, secret_id, at=now)
    return await once.reply(200, SecretOut.of(row))
