"""What the window notes of a case: errors put right, verification at the counter, payments."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from services.intake.actions import corrections, paying, verifying
from services.intake.actions.paying import Paid
from services.intake.actions.supplements import Desk
from services.intake.api.counters import ItemCatalogue
from services.intake.api.examples import CORRECTIONS, PAYMENTS, VERIFICATIONS
from services.intake.api.paths import CaseNumber
from services.intake.api.views import PaymentOut, VerificationOut
from services.intake.domain.payments import Payment, Way
from services.intake.domain.submissions import CheckIn
from services.intake.grants import GRANTS
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route
from shared.security.personal import Personal

router = APIRouter(
    prefix="/v1/cases/{case_number}", tags=["办件"], route_class=granted_route(GRANTS)
)

Personals = Annotated[dict[str, Any] | None, Personal("form")]


class CorrectionIn(BaseModel):
    """只填要更正的项目；填 null 表示清空。"""

    applicant: Personals = Field(
        default=None, description="姓名、证件类型和号码、电话、地址、出生日期、法定代表人"
    )
    representative: Personals = Field(
        default=None, description="代为办理的人：姓名、证件类型和号码、电话、地址、出生日期"
    )
    delivery: Personals = Field(
        default=None, description="收件人、电话、地址、邮政编码、行政区划；送达方式不在此更改"
    )
    form: Personals = Field(default=None, description="申请表中更正的项目")
    reason: Annotated[str, Personal("text")] = Field(
        min_length=1, max_length=500, description="为什么更正", examples=["录入时误写"]
    )


class _Unread:
    """Documented as a CorrectionIn; read as part of the whole application, with all its faults."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda raw, _: raw, handler.generate_schema(CorrectionIn)
        )


Correction = Annotated[object, _Unread(), Body(openapi_examples=CORRECTIONS)]


class CorrectedOut(BaseModel):
    correction_id: UUID
    case_number: str
    fields: list[str] = Field(description="更正了哪些项目", examples=[["/applicant/name"]])
    corrected_at: datetime


@router.post(
    "/corrections", status_code=201, response_model=CorrectedOut, summary="更正笔误（留痕）"
)
async def correct_case(
    case_number: CaseNumber,
    correction: Correction,
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """受理之前，窗口可以更正录入的笔误；改前、改后、原因、何人何时都留存，办理地随即看到更正后的内容。

    事项、模式、办理地依据、材料不是笔误，须补正或重新提交。受理之后答复 409。
    """
    done = await corrections.correct_case(
        session,
        case_number,
        correction,
        desk=Desk(catalogue, now),
        scope=scope,
        if_match=if_match,
    )
    out = CorrectedOut(
        correction_id=done.correction_id,
        case_number=done.case_number,
        fields=list(done.fields),
        corrected_at=done.corrected_at,
    )
    return await once.reply(201, out, {"ETag": etags.of_version(done.version)})


class VerificationsIn(BaseModel):
    verifications: list[CheckIn] = Field(max_length=100, description="核验了谁的身份、哪份原件")


class VerificationsOut(BaseModel):
    verifications: list[VerificationOut]


@router.post(
    "/verifications",
    status_code=201,
    response_model=VerificationsOut,
    summary="登记窗口核验：身份和原件",
)
async def note_verifications(
    case_number: CaseNumber,
    noted: Annotated[VerificationsIn, Body(openapi_examples=VERIFICATIONS)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """记下谁、何时、怎样核验；原件是当场退还（shown）还是收存流转（handed_in）。

    收件时没有随申请一并填写的，在此补记；办理地随即可见。
    """
    rows = await verifying.note_verifications(
        session,
        case_number,
        noted.verifications,
        scope=scope,
        if_match=if_match,
        catalogue=catalogue,
        at=now,
    )
    out = VerificationsOut(
        verifications=[VerificationOut.model_validate(row, from_attributes=True) for row in rows]
    )
    return await once.reply(201, out)


class PaymentIn(BaseModel):
    """GB/T 39046 支付信息。"""

    bill_number: str = Field(max_length=100, description="缴款单号", examples=["63000026000017"])
    amount: Decimal = Field(description="收费金额（元），两位小数", examples=["40.00"])
    way: Way = Field(description="cash 现金；online 网上支付；card 刷卡；bank 银行缴款")
    paid_at: datetime | None = Field(default=None, description="收费时间；不填为现在")
    payer: Annotated[str | None, Personal("name")] = Field(
        default=None, max_length=200, description="缴款人；不填为申请人"
    )


@router.post("/payments", status_code=201, response_model=PaymentOut, summary="登记缴费")
async def note_payment(
    case_number: CaseNumber,
    payment: Annotated[PaymentIn, Body(openapi_examples=PAYMENTS)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """按事项公布的收费核对：不收费的不得登记，不得超过应收金额，同一缴款单号只登记一次。"""
    row = await paying.note_payment(
        session,
        case_number,
        Paid(
            Payment(payment.bill_number, payment.amount, payment.way),
            payment.paid_at or now,
            payment.payer,
        ),
        scope=scope,
        if_match=if_match,
        catalogue=catalogue,
        at=now,
    )
    return await once.reply(201, PaymentOut.model_validate(row, from_attributes=True))
