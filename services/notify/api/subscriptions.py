"""Webhooks out: who is told what, at which address, and what came of every attempt."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from services.notify.actions import recovery
from services.notify.actions import subscriptions as actions
from services.notify.actions.looking import Seen, Tried, one, page, tried, webhooks
from services.notify.actions.recovery import Again
from services.notify.actions.subscriptions import Wanted
from services.notify.domain.subscriptions import Status
from services.notify.grants import GRANTS
from services.notify.models import SubscriptionRow, WebhookRow
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import Once, OncePerKey, OnceRequired
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route
from shared.security.personal import Personal

router = APIRouter(prefix="/v1/subscriptions", tags=["事件推送"], route_class=granted_route(GRANTS))

SubscriptionId = Annotated[
    UUID, Path(description="订阅编号", examples=["01890000-0000-7000-8000-000000000004"])
]
Code = Annotated[str, Field(min_length=1, max_length=100)]
Types = Annotated[list[Code], Field(max_length=100, description="要接收的事件；空为能看到的全部")]
Locations = Annotated[
    list[Code], Field(max_length=500, description="只要这些地点参与的办件；空为不限")
]
Items = Annotated[list[Code], Field(max_length=500, description="只要这些事项；空为不限")]
Url = Annotated[
    str,
    Field(
        max_length=1000,
        description="接收地址，须为 https；内部地址须由本系统运维列明",
        examples=["https://hooks.example.gov.cn/tongban"],
    ),
]
Phone = Annotated[str | None, Personal("phone")]


class SubscriptionIn(BaseModel):
    name: str = Field(
        min_length=1, max_length=60, description="接收系统的名称", examples=["甘肃省平台生产环境"]
    )
    url: Url
    types: Types = []
    locations: Locations = []
    items: Items = []
    partner: str | None = Field(
        default=None, max_length=50, description="运维代合作方订阅时填其代码；合作方自己订阅时不填"
    )
    contact_phone: Phone = Field(
        default=None, max_length=30, description="负责人手机；推送不畅时发短信告知"
    )


class SubscriptionChangeIn(BaseModel):
    """Whatever is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=60)
    url: Url | None = None
    types: Types | None = None
    locations: Locations | None = None
    items: Items | None = None
    contact_phone: Phone = Field(default=None, max_length=30)


class HealthOut(BaseModel):
    state: str = Field(
        description="closed 正常、open 连续失败暂停推送、half_open 试探中、disabled 已停用"
    )
    failing_since: datetime | None = Field(description="从何时起一直失败")
    resumes_at: datetime | None = Field(description="最早何时再推送")
    waiting_since: datetime | None = Field(description="尚未送达的消息中最早一条的发生时间")


class SubscriptionOut(BaseModel):
    id: UUID
    partner: str | None = Field(description="合作方代码；空为本系统内部的订阅")
    name: str
    url: str
    status: Status = Field(
        description=(
            "unproven 待证明接收地址（消息先存着）、active 推送中、disabled 已停用（消息仍存着）、"
            "removed 已退订"
        )
    )
    disabled_for: str | None = Field(description="停用原因：gone 答复410、failing 长时间失败")
    types: list[str]
    locations: list[str]
    items: list[str]
    contact_phone: Phone = Field(description="负责人手机（已遮盖）")
    proven_at: datetime | None = Field(description="何时证明了接收地址")
    previous_secret_until: datetime | None = Field(description="旧密钥签名到何时为止")
    health: HealthOut
    created_at: datetime
    version: int

    @classmethod
    def of(cls, seen: Seen) -> Self:
        return cls(**_plain(seen))


class SecretOut(SubscriptionOut):
    secret: str = Field(description="签名密钥（whsec_…），只显示这一次，请妥善保存")

    @classmethod
    def told(cls, seen: Seen, secret: str) -> "SecretOut":
        return cls(**_plain(seen), secret=secret)


class SubscriptionPage(BaseModel):
    subscriptions: list[SubscriptionOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class RecoveredOut(SubscriptionOut):
    count: int = Field(description="放回队列的条数")


class WebhookOut(BaseModel):
    id: UUID
    webhook_id: UUID = Field(
        description="推送时的 webhook-id，重推不变", validation_alias="message_id"
    )
    type: str = Field(description="事件")
    subject: str = Field(description="办件编号，或 parcel:… 等")
    sequence: int = Field(description="对本订阅、本办件的第几条")
    status: str = Field(description="waiting 待推、delivered 已送达、failed 多次未成，待恢复")
    attempts: int = Field(description="已推几次")
    next_attempt_at: datetime | None = Field(description="下次推送；空为在等同一办件的前一条")
    happened_at: datetime
    settled_at: datetime | None = Field(description="送达时间")


class WebhookPage(BaseModel):
    webhooks: list[WebhookOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class AttemptOut(BaseModel):
    id: UUID
    webhook: UUID = Field(description="哪一条推送")
    webhook_id: UUID = Field(description="推送时的 webhook-id")
    type: str
    subject: str
    number: int = Field(description="第几次")
    at: datetime
    milliseconds: int = Field(description="用时（毫秒）")
    status: int | None = Field(description="HTTP 状态；没有答复则为空")
    error: str | None = Field(
        description="没有答复的原因，如 timeout、ConnectError、AddressRefusedError"
    )
    outcome: str = Field(description="taken 送达、failed 未成、slow_down 请求放慢、gone 不再接收")
    answer: str = Field(description="答复的前 4 kB")


class AttemptPage(BaseModel):
    attempts: list[AttemptOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class RotationIn(BaseModel):
    overlap_hours: StrictInt = Field(
        default=24, ge=0, le=168, description="新旧密钥同时签名多少小时；0 为旧的立即作废"
    )


class RecoveryIn(BaseModel):
    """三者填一项。"""

    webhook_id: UUID | None = Field(default=None, description="只重推这一条（推送编号 id）")
    since: datetime | None = Field(default=None, description="重推此时以来发生的全部，含已送达的")
    failed: StrictBool = Field(default=False, description="重推多次未成的全部")


def _plain(seen: Seen) -> dict[str, object]:
    row = seen.row
    return {
        **{name: getattr(row, name) for name in SubscriptionOut.model_fields if hasattr(row, name)},
        "contact_phone": seen.contact,
        "previous_secret_until": row.previous_until,
        "health": HealthOut(
            state=row.breaker,
            failing_since=row.failing_since,
            resumes_at=seen.resumes_at,
            waiting_since=seen.waiting_since,
        ),
    }


async def _reply(once: Once, row: SubscriptionRow) -> Response:
    seen = await one(once.session, row)
    return await once.reply(200, SubscriptionOut.of(seen), _tag(row))


def _tag(row: SubscriptionRow) -> dict[str, str]:
    return {"ETag": etags.of_version(row.version)}


@router.post("", summary="订阅事件推送", status_code=201, response_model=SecretOut)
async def create_subscription(
    body: Annotated[
        SubscriptionIn,
        Body(
            openapi_examples={
                "全部能看到的事件": {
                    "value": {
                        "name": "示例平台生产环境",
                        "url": "https://hooks.example.gov.cn/tongban",
                    }
                },
                "只要办结和送达": {
                    "value": {
                        "name": "示例平台统计系统",
                        "url": "https://hooks.example.gov.cn/statistics",
                        "types": ["routing.case-decided.v1", "notify.result-delivered.v1"],
                        "locations": ["620102-RS"],
                        "items": ["RS-002"],
                        "contact_phone": "13900000000",
                    }
                },
            }
        ),
    ],
    once: OnceRequired,
    scope: Granted,
    now: Now,
) -> Response:
    """按 Standard Webhooks v1 签名推送。答复里的密钥只显示这一次。

    订阅之后的事件立即开始保存；接收地址答对证明（原样返回 challenge）之后按办件的先后顺序推送。
    合作方只收到其地点参与的办件；推送不含个人信息，内容凭本方令牌另取。
    """
    row, secret = await actions.subscribe(
        once.session,
        Wanted(**body.model_dump(exclude={"partner"})),
        partner=body.partner,
        scope=scope,
        at=now,
    )
    seen = await one(once.session, row)
    return await once.reply(201, SecretOut.told(seen, secret), _tag(row))


@router.get("", summary="查订阅", response_model=SubscriptionPage)
async def list_subscriptions(
    session: Reading, scope: Granted, after: After = None, limit: Limit = 50
) -> SubscriptionPage:
    """本方的订阅，新的在前。"""
    seen, following = await page(session, scope, after=after, limit=limit)
    return SubscriptionPage(
        subscriptions=[SubscriptionOut.of(each) for each in seen], next=following
    )


@router.get("/{subscription_id}", summary="查看一个订阅", response_model=SubscriptionOut)
async def read_subscription(
    subscription_id: SubscriptionId, session: Reading, scope: Granted
) -> Response:
    """状态、推送状况，以及尚未送达的从何时起。"""
    seen = await one(session, subscription_id, scope=scope)
    out = SubscriptionOut.of(seen)
    return Response(out.model_dump_json(), media_type="application/json", headers=_tag(seen.row))


@router.post("/{subscription_id}/change", summary="变更订阅", response_model=SubscriptionOut)
async def change_subscription(
    subscription_id: SubscriptionId,
    body: Annotated[
        SubscriptionChangeIn,
        Body(
            openapi_examples={
                "换地址": {"value": {"url": "https://hooks.example.gov.cn/tongban/v2"}},
                "只要办结": {"value": {"types": ["routing.case-decided.v1"]}},
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """只改填了的。换了地址须重新证明，证明之前消息先存着。"""
    row = await actions.change(
        once.session,
        subscription_id,
        Wanted(**body.model_dump()),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{subscription_id}/proof", summary="再次证明接收地址", response_model=SubscriptionOut)
async def prove_subscription(
    subscription_id: SubscriptionId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """立即推送一条 notify.endpoint-proof.v1；接收地址以 2xx 答复 {"challenge": "…"} 即为证明。"""
    row = await actions.prove(once.session, subscription_id, scope=scope, if_match=if_match, at=now)
    return await _reply(once, row)


@router.post("/{subscription_id}/rotation", summary="更换密钥", response_model=SecretOut)
async def rotate_secret(
    subscription_id: SubscriptionId,
    body: Annotated[
        RotationIn, Body(openapi_examples={"重叠一天": {"value": {"overlap_hours": 24}}})
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """新密钥只显示这一次；重叠期内每条推送同时带新旧两个签名。"""
    row, secret = await actions.rotate(
        once.session,
        subscription_id,
        overlap=timedelta(hours=body.overlap_hours),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    seen = await one(once.session, row)
    return await once.reply(200, SecretOut.told(seen, secret), _tag(row))


@router.post("/{subscription_id}/recovery", summary="重推", response_model=RecoveredOut)
async def recover_webhooks(
    subscription_id: SubscriptionId,
    body: Annotated[
        RecoveryIn,
        Body(
            openapi_examples={
                "多次未成的全部": {"value": {"failed": True}},
                "某时以来的全部": {"value": {"since": "2026-01-01T00:00:00Z"}},
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """重推一条、某时以来的全部或多次未成的全部；webhook-id 不变，接收方据此去重。

    已停用的订阅随之恢复：先重新证明接收地址，再按顺序推送。已送达的保存三十天。
    """
    row, count = await recovery.recover(
        once.session,
        subscription_id,
        Again(body.webhook_id, body.since, body.failed),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    seen = await one(once.session, row)
    return await once.reply(200, RecoveredOut(**_plain(seen), count=count), _tag(row))


@router.get("/{subscription_id}/webhooks", summary="查推送", response_model=WebhookPage)
async def list_webhooks(
    subscription_id: SubscriptionId,
    session: Reading,
    scope: Granted,
    status: Annotated[
        str | None,
        Query(pattern="^(waiting|delivered|failed)$", description="只看某一状态"),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> WebhookPage:
    """要推送和已推送的，新的在前。"""
    rows, following = await webhooks(
        session, subscription_id, scope, status=status, after=after, limit=limit
    )
    return WebhookPage(webhooks=[_webhook(row) for row in rows], next=following)


@router.get("/{subscription_id}/attempts", summary="查推送的每次尝试", response_model=AttemptPage)
async def list_attempts(
    subscription_id: SubscriptionId,
    session: Reading,
    scope: Granted,
    webhook: Annotated[UUID | None, Query(description="只看这一条推送（推送编号 id）")] = None,
    after: After = None,
    limit: Limit = 50,
) -> AttemptPage:
    """每次尝试的时间、状态、用时和答复的前 4 kB，新的在前。"""
    rows, following = await tried(
        session, subscription_id, scope, webhook_id=webhook, after=after, limit=limit
    )
    return AttemptPage(attempts=[_attempt(each) for each in rows], next=following)


@router.delete(
    "/{subscription_id}",
    summary="退订",
    status_code=204,
    response_class=Response,
)
async def remove_subscription(
    subscription_id: SubscriptionId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """不再推送，也不再保存新的消息；已有的推送记录仍可查。"""
    await actions.remove(once.session, subscription_id, scope=scope, if_match=if_match, at=now)
    return await once.reply(204, None)


def _webhook(row: WebhookRow) -> WebhookOut:
    return WebhookOut.model_validate(row, from_attributes=True)


def _attempt(seen: Tried) -> AttemptOut:
    row, webhook = seen.row, seen.webhook
    return AttemptOut(
        id=row.id,
        webhook=webhook.id,
        webhook_id=webhook.message_id,
        type=webhook.type,
        subject=webhook.subject,
        number=row.number,
        at=row.at,
        milliseconds=row.milliseconds,
        status=row.status,
        error=row.error,
        outcome=row.outcome,
        answer=seen.answer,
    )
