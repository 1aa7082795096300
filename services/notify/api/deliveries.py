"""Result deliveries: looked at from both ends, changed, laid ready, handed over."""

import hashlib
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool

from services.notify.actions import deliveries as actions
from services.notify.actions import printing, showing
from services.notify.actions.showing import Shown
from services.notify.domain.deliveries import Method, Status
from services.notify.domain.proofs import Collector, Proof, ProofKind
from services.notify.grants import GRANTS
from services.notify.models import DeliveryRow
from services.notify.queries.deliveries import Wanted
from services.notify.queries.seals import Envelope
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings, Transaction
from shared.documents import replies
from shared.documents.documents import Printing
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import Once, OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route
from shared.security.personal import Personal

router = APIRouter(prefix="/v1/deliveries", tags=["送达"], route_class=granted_route(GRANTS))

DeliveryId = Annotated[
    UUID, Path(description="送达编号", examples=["01890000-0000-7000-8000-000000000001"])
]
CaseNumber = Annotated[
    str | None,
    Query(max_length=30, description="办件编号，可带空格或连字符", examples=["630000260000001230"]),
]
Purpose = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=200,
        description="查看完整收件人信息的事由，记入审计；不填则遮盖",
        examples=["核对收件地址"],
    ),
]


class LinkOut(BaseModel):
    url: str = Field(description="交给申请人的链接，凭它即可查看结果，请勿转给他人")
    code: str = Field(description="链接中的查询码")
    expires_at: datetime = Field(description="有效期至")
    opened_at: datetime | None = Field(description="首次打开时间")


class DispatchBrief(BaseModel):
    id: UUID
    status: str = Field(description="寄递状态")
    carrier: str | None = Field(description="寄递机构")
    waybill: str | None = Field(description="运单号")


class CertificateOut(BaseModel):
    name: str = Field(description="证照或文书名称")
    number: Annotated[str, Personal("id_number")] = Field(description="证照编号")
    form: str = Field(description="electronic 电子、paper 纸质")


class RecipientOut(BaseModel):
    recipient: Annotated[str | None, Personal("name")] = Field(description="收件人")
    phone: Annotated[str | None, Personal("phone")] = Field(description="电话")
    address: Annotated[str | None, Personal("address")] = Field(description="地址")
    postcode: Annotated[str | None, Personal("address")] = Field(description="邮政编码")


class DeliveryOut(BaseModel):
    id: UUID
    case_number: str = Field(description="办件编号")
    item_code: str = Field(description="事项代码")
    item_name: str = Field(description="事项名称")
    method: Method = Field(
        description=(
            "electronic 电子送达、post 邮政寄递、window_pickup 收件窗口领取、"
            "handling_pickup 办理地领取"
        )
    )
    status: Status = Field(
        description=(
            "held 等容缺材料、pending 待送、booked 已约、on_way 在途、ready 待领（链接已开）、"
            "unclaimed 逾期未领、failed 退件、lost 遗失、returned 已退办理单位、"
            "delivered 已送达、cancelled 已取消"
        )
    )
    result: str = Field(description="granted 准予、denied 不予许可、ended 终结")
    authority: str = Field(description="作出决定的机关")
    decided_at: datetime = Field(description="决定时间")
    deliver_by: date | None = Field(description="应送达的最后日期（行政许可法第44条）")
    delivered_at: datetime | None = Field(description="送达时间")
    proof_kind: str | None = Field(description="送达回证的种类")
    receiving_location: str = Field(description="收件地")
    handling_location: str = Field(description="办理地")
    lies_at: str = Field(description="结果现在（或最后）在哪个地点")
    ready_on: date | None = Field(description="何时起可领")
    outstanding: list[str] = Field(description="尚未补齐的容缺材料")
    changeable: bool = Field(description="是否还能换送达方式或地址")
    allowed_steps: list[str] = Field(description="现在可以进行的步骤")
    link: LinkOut | None = Field(description="电子结果链接；只给收件窗口，用以转交申请人")
    dispatch: DispatchBrief | None = Field(description="寄递")
    version: int

    @classmethod
    def of(cls, shown: Shown) -> "DeliveryOut":
        return cls(**_plain(shown))


class StepOut(BaseModel):
    step: str = Field(description="步骤")
    method: str
    status: str = Field(description="之后的状态")
    at: datetime
    location: str | None = Field(description="在哪个地点做的")
    facts: dict[str, Any]


class DeliveryDetail(DeliveryOut):
    recipient: RecipientOut
    certificate: CertificateOut | None
    steps: list[StepOut] = Field(description="从开始到现在的每一步")


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


def _plain(shown: Shown) -> dict[str, Any]:
    row, link, dispatch = shown.row, shown.link, shown.dispatch
    return {
        **{name: getattr(row, name) for name in DeliveryOut.model_fields if hasattr(row, name)},
        "outstanding": list(shown.outstanding),
        "changeable": shown.changeable,
        "allowed_steps": list(shown.allowed),
        "link": LinkOut(
            url=link.url, code=link.code, expires_at=link.expires_at, opened_at=link.opened_at
        )
        if link
        else None,
        "dispatch": DispatchBrief(
            id=dispatch.id,
            status=dispatch.status,
            carrier=dispatch.carrier,
            waybill=dispatch.waybill,
        )
        if dispatch
        else None,
    }


@router.get(
    "",
    summary="查送达",
    response_model=DeliveryPage,
    responses={304: {"description": "没有变化"}},
)
async def list_deliveries(
    request: Request,
    session: Transaction,
    scope: Granted,
    now: Now,
    case_number: CaseNumber = None,
    status: Annotated[Status | None, Query(description="只看某一状态")] = None,
    method: Annotated[Method | None, Query(description="只看某一送达方式")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """按办件编号查一件，或按状态翻看本地点的送达，新的在前。

    收件窗口按办件编号查时，答复里有电子结果的链接，可以当面交给申请人；取用链接记入审计。
    """
    wanted = Wanted(
        case_number=showing.number_as_stored(case_number),
        status=status and status.value,
        method=method and method.value,
        after=after,
        limit=limit,
    )
    shown, following = await showing.page(session, wanted, scope=scope, at=now)
    out = DeliveryPage(deliveries=[DeliveryOut.of(each) for each in shown], next=following)
    content = out.model_dump_json()
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if etags.matches(etags.if_none_match(request), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@router.get("/{delivery_id}", summary="查看一件送达", response_model=DeliveryDetail)
async def read_delivery(
    delivery_id: DeliveryId,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
) -> Response:
    """经过的每一步、收件人和证照。收件人和证照编号默认遮盖；填写事由后完整显示并记入审计。"""
    found = await showing.one(session, delivery_id, scope=scope, purpose=purpose, at=now)
    row = found.shown.row
    out = DeliveryDetail(
        **_plain(found.shown),
        recipient=RecipientOut(**found.recipient),
        certificate=CertificateOut(**found.certificate) if found.certificate else None,
        steps=[
            StepOut(
                step=each.step,
                method=each.method,
                status=each.status,
                at=each.at,
                location=each.actor_location,
                facts=each.facts,
            )
            for each in found.steps
        ],
    )
    return Response(
        out.model_dump_json(),
        media_type="application/json",
        headers={"ETag": etags.of_version(row.version)},
    )


async def _reply(once: Once, row: DeliveryRow, scope: Granted, now: datetime) -> Response:
    shown = await showing.shown(once.session, row, scope=scope, at=now)
    return await once.reply(
        200, DeliveryOut.of(shown), {"ETag": etags.of_version(shown.row.version)}
    )


class ChangeIn(BaseModel):
    method: Method = Field(description="新的送达方式")
    recipient: Annotated[str | None, Personal("name")] = Field(
        default=None, max_length=200, description="收件人，邮政寄递时必填"
    )
    phone: Annotated[str | None, Personal("phone")] = Field(
        default=None, max_length=30, description="收件人电话，邮政寄递时必填"
    )
    address: Annotated[str | None, Personal("address")] = Field(
        default=None, max_length=200, description="收件地址，邮政寄递时必填，写到门牌号"
    )
    postcode: Annotated[str | None, Personal("address")] = Field(
        default=None, pattern=r"^[0-9]{6}$", description="六位邮政编码，邮政寄递时必填"
    )
    division: str | None = Field(default=None, max_length=12, description="地址所在行政区划")


@router.post("/{delivery_id}/change", summary="换送达方式或地址", response_model=DeliveryOut)
async def change_delivery(
    delivery_id: DeliveryId,
    body: Annotated[
        ChangeIn,
        Body(
            openapi_examples={
                "改为邮寄": {
                    "value": {
                        "method": "post",
                        "recipient": "李示例",
                        "phone": "13900000000",
                        "address": "青海省西宁市城西区示例路3号",
                        "postcode": "810000",
                    }
                },
                "改为窗口领取": {"value": {"method": "window_pickup"}},
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """结果离手之前都可以换。已约的寄递随之取消，已发的链接随之停用。"""
    row = await actions.change_delivery(
        once.session,
        delivery_id,
        method=body.method,
        envelope=Envelope(**body.model_dump(exclude={"method"})),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row, scope, now)


@router.post("/{delivery_id}/link", summary="补发电子结果链接", response_model=DeliveryOut)
async def renew_link(
    delivery_id: DeliveryId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """链接过期、丢失或需要再次查看时补发；原链接立即停用。"""
    row = await actions.renew_link(
        once.session, delivery_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row, scope, now)


@router.post("/{delivery_id}/arrival", summary="结果到柜台", response_model=DeliveryOut)
async def record_arrival(
    delivery_id: DeliveryId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """登记结果已在领取的柜台，申请人随即得到通知；逾期未领的按期提醒、退回。"""
    row = await actions.record_arrival(
        once.session, delivery_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row, scope, now)


class HandoverIn(BaseModel):
    kind: ProofKind = Field(
        description="送达回证：signed_in_person 本人签收、signed_by_agent 代领签收"
    )
    collector: Collector = Field(
        default=Collector.APPLICANT,
        description=(
            "领取人：applicant 本人、guardian 监护人、attorney 受托人、"
            "legal_representative 法定代表人、handler 经办人"
        ),
    )
    collector_name: Annotated[str | None, Personal("name")] = Field(
        default=None, max_length=100, description="代领人姓名"
    )
    identity_checked: StrictBool = Field(description="已核验领取人身份证件")
    authority_seen: StrictBool = Field(
        default=False, description="已查验授权或身份关系证明（代领）"
    )
    reference: str = Field(default="", max_length=200, description="签收单编号或扫描件摘要")
    exchanged: list[Annotated[str, Field(max_length=50)]] = Field(
        default_factory=list, max_length=50, description="当面补交的容缺材料编码"
    )


@router.post("/{delivery_id}/handover", summary="当面交付（送达回证）", response_model=DeliveryOut)
async def hand_over_result(
    delivery_id: DeliveryId,
    body: Annotated[
        HandoverIn,
        Body(
            openapi_examples={
                "本人签收": {"value": {"kind": "signed_in_person", "identity_checked": True}},
                "受托人代领": {
                    "value": {
                        "kind": "signed_by_agent",
                        "collector": "attorney",
                        "collector_name": "王示例",
                        "identity_checked": True,
                        "authority_seen": True,
                        "reference": "示例-签收-0001",
                    }
                },
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """核验领取人身份后交付，即为送达。容缺材料未补齐的，须当面交齐才能领取证照。"""
    row = await actions.hand_over_result(
        once.session,
        delivery_id,
        proof=Proof(
            body.kind,
            collector=body.collector,
            identity_checked=body.identity_checked,
            authority_seen=body.authority_seen,
            reference=body.reference,
        ),
        collector_name=body.collector_name,
        exchanged=body.exchanged,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row, scope, now)


@router.post("/{delivery_id}/repetition", summary="再送一次", response_model=DeliveryOut)
async def repeat_delivery(
    delivery_id: DeliveryId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """退件、遗失补制或退回办理单位之后，按原方式再送一次。"""
    row = await actions.repeat_delivery(
        once.session, delivery_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row, scope, now)


@router.get(
    "/{delivery_id}/proof",
    summary="送达回证（PDF）",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {}}, "description": "送达回证"},
        **problems.responses(409),
    },
)
async def print_proof(
    delivery_id: DeliveryId, opening: Openings, typesetter: Printing, scope: Granted, now: Now
) -> Response:
    """送达之前打印，留空处当面填写、签收；送达之后打印，载明时间、领取人和凭证。取用记入审计。"""
    async with opening() as session:
        proof = await printing.delivery_proof(session, delivery_id, scope=scope, at=now)
    return replies.pdf(await typesetter.render(proof, at=now), name=f"送达回证-{proof.case_number}")
