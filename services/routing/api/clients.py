"""Service accounts (RFC 6749, client credentials): opened by ops, tokens for their systems."""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, unquote

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, StrictInt

from services.routing.actions import clients
from services.routing.actions.clients import Account, ClientRefusedError
from services.routing.grants import GRANTS
from services.routing.models import ClientRow
from services.routing.queries import partners as queries
from shared import problems
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.errors import Fault, InvalidError
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import granted_route
from shared.security.callers import Role
from shared.security.issuer import ALGORITHM

router = APIRouter(tags=["系统账号"], route_class=granted_route(GRANTS))

ClientId = Annotated[
    str,
    Path(
        max_length=60,
        description="客户端编号",
        examples=["c-01990000000070008000000000000001"],
    ),
]


class ClientOut(BaseModel):
    id: str = Field(description="客户端编号")
    name: str
    role: Role
    partner: str | None
    location: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None

    @classmethod
    def of(cls, row: ClientRow) -> "ClientOut":
        return cls.model_validate(row, from_attributes=True)


class OpenedOut(ClientOut):
    client_secret: str = Field(description="密钥，只在此时给出")


class ClientIn(BaseModel):
    name: str = Field(
        min_length=1, max_length=100, description="哪个系统", examples=["甘肃省平台（示例）"]
    )
    role: Role = Field(description="角色；合作方为 partner", examples=["partner"])
    partner: str | None = Field(
        default=None, max_length=50, description="合作方代码", examples=["P-620000"]
    )
    location: str | None = Field(default=None, max_length=50, description="固定在哪个地点")


@router.post("/v1/clients", status_code=201, summary="开立系统账号", response_model=OpenedOut)
async def open_client(body: ClientIn, once: OncePerKey, now: Now) -> Response:
    """密钥只显示这一次，本系统只存摘要。合作方的账号只能看到其地点的办件。"""
    account = Account(body.name, body.role, body.partner, body.location)
    opened = await clients.open_client(once.session, account, at=now)
    plain = ClientOut.of(opened.row).model_dump()
    return await once.reply(201, OpenedOut(**plain, client_secret=opened.secret))


class ClientsPage(BaseModel):
    clients: list[ClientOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("/v1/clients", summary="系统账号一览")
async def list_clients(session: Reading, after: After = None, limit: Limit = 50) -> ClientsPage:
    """不含密钥。"""
    rows, following = await queries.clients(session, after=after, limit=limit)
    return ClientsPage(clients=[ClientOut.of(row) for row in rows], next=following)


class RotationIn(BaseModel):
    overlap_hours: StrictInt = Field(
        default=24, ge=0, le=720, description="旧密钥再有效几小时", examples=[24]
    )


@router.post("/v1/clients/{client_id}/rotation", summary="换发密钥", response_model=OpenedOut)
async def rotate_client_secret(
    client_id: ClientId, body: RotationIn, once: OncePerKey, now: Now
) -> Response:
    """新密钥立即有效，旧密钥在重叠期内仍然有效。"""
    opened = await clients.rotate(
        once.session, client_id, overlap=timedelta(hours=body.overlap_hours), at=now
    )
    plain = ClientOut.of(opened.row).model_dump()
    return await once.reply(200, OpenedOut(**plain, client_secret=opened.secret))


@router.post("/v1/clients/{client_id}/disabling", summary="停用系统账号", response_model=ClientOut)
async def disable_client(client_id: ClientId, once: OncePerKey, now: Now) -> Response:
    """不再发给令牌；已发的至多再用一刻钟。"""
    return await once.reply(
        200, ClientOut.of(await clients.disable(once.session, client_id, at=now))
    )


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="几秒后失效")
    scope: str


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "scope": {
                            "type": "string",
                            "description": "location:<地点代码>：只代表这一地点",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/oauth/token",
    summary="系统账号取令牌",
    responses=problems.responses(401),
    openapi_extra=_FORM,
)
async def grant_token(
    request: Request, response: Response, session: Transaction, now: Now
) -> TokenOut:
    """OAuth 2.0 客户端凭证（RFC 6749 第4.4节）：编号与密钥放在 Basic 请求头或表单中。"""
    form = _form(await request.body())
    if form.get("grant_type") != "client_credentials":
        zh = "只支持 client_credentials"
        fault = Fault("/grant_type", "unsupported-grant-type", zh, "client_credentials only")
        raise InvalidError([fault], error="unsupported_grant_type")
    client_id, secret = _basic(request) or (form.get("client_id"), form.get("client_secret"))
    if not client_id or not secret:
        raise ClientRefusedError
    granted = await clients.grant(
        session,
        request.app.state.issuer,
        client_id=client_id,
        secret=secret,
        scope=form.get("scope", ""),
        at=now,
    )
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(
        access_token=granted.token,
        token_type="Bearer",  # noqa: S106  (the scheme, no secret)
        expires_in=int(granted.lives.total_seconds()),
        scope=granted.scope,
    )


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20, strict_parsing=True)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote(client_id), unquote(secret)) if colon else None


@router.get("/oauth/jwks.json", summary="签发令牌的公钥")
async def read_jwks(request: Request) -> dict[str, Any]:
    """JWK Set；没有设置签发密钥时为空。"""
    issuer = request.app.state.issuer
    keys: dict[str, Any] = issuer.jwks() if issuer is not None else {"keys": []}
    return keys


@router.get("/oauth/.well-known/openid-configuration", summary="签发者的发现文档")
async def read_issuer_metadata(request: Request) -> dict[str, Any]:
    """供其他服务按发现方式取得公钥。"""
    base = f"{request.app.state.public_url}/routing/oauth"
    issuer = request.app.state.issuer
    return {
        "issuer": issuer.url if issuer is not None else base,
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
    }
