"""One case as it is shown, and one line of it in a list."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.actions import applications, holdings, paying
from services.intake.actions.holdings import Ground
from services.intake.actions.reading import CaseView, Line
from services.intake.domain import deferrals, messages, payments
from services.intake.domain.cases import Actor, Status, What
from services.intake.domain.deferrals import Follows, Kind
from services.intake.domain.words import How, Mode
from services.intake.models import PromiseRow
from shared.clock import local_date


class ItemOut(BaseModel):
    code: str = Field(examples=["CL-001"])
    version: int = Field(examples=[1], description="办件一直按收件时的版本办理")
    name: str = Field(examples=["残疾人证到期换领"])


class DeadlineOut(BaseModel):
    due_on: date = Field(description="办理期限的最后一天（Asia/Shanghai）")
    provisional: bool = Field(description="当年放假安排尚未公布，期限可能调整")
    light: str | None = Field(
        description="灯色：green 正常、yellow 过半、red 将到期、missed 已超期；期限没有在走则为空",
        examples=["green"],
    )


class HandoffOut(BaseModel):
    id: UUID
    location: str = Field(examples=["620102-CL"])
    location_name: str | None
    step: str = Field(examples=["handle"])
    step_name: str
    stage: int = Field(description="同一阶段并行办理")
    lead: bool = Field(description="牵头，对申请人负责")
    status: str = Field(examples=["received"])
    due_on: date | None


class ContentOut(BaseModel):
    digest: str = Field(description="文件的 SHA-256", examples=["sha-256:9f86d0…"])
    size: int
    media_type: str = Field(examples=["application/pdf"])
    stored_at: datetime


class MaterialOut(BaseModel):
    code: str = Field(examples=["M1"])
    name: str
    form: str = Field(examples=["original"])
    count: int
    given_at: datetime
    spared: str | None = Field(
        description="免交的依据：presented 出示电子证照；consented 同意调用电子证照；"
        "earlier_case 同意使用此前办件的材料"
    )
    supplement_id: UUID | None = Field(description="补正时提交的，是哪一次")
    content: ContentOut | None = Field(description="已上传的文件")


class OriginalOut(BaseModel):
    original_id: UUID
    material_code: str
    label: str | None = Field(description="原件标签；装袋之后才知道，打印标签时由材料流转给出")
    holder: str = Field(
        description="现在在谁手里：location 地点、parcel 封装袋、carrier 承运人、applicant 申请人、"
        "lost 下落不明",
        examples=["location:630104-C1"],
    )
    parcel_number: str | None = Field(description="在哪一袋里；不在途则为空")
    moved_at: datetime | None = Field(description="何时到了现在的持有者手里；空为收件以来")


class PromiseOut(BaseModel):
    kind: str = Field(description="deferral 容缺；commitment 告知承诺")
    material_code: str
    due_on: date | None = Field(
        description="容缺：补交的最后一天；告知承诺：事后核查的最后一天，自作出决定之日起算"
    )
    kept_at: datetime | None
    broken_at: datetime | None = Field(description="逾期未补交，或者核查不实")
    follows: Follows | None = Field(description="未履行之后按事项规定怎样处理")
    next_due_on: date | None = Field(description="中止办理后补交的最后一天；不再等待则为空")
    barred_until: date | None = Field(description="这一天之前不能再作同样的承诺")


class VerificationOut(BaseModel):
    """窗口核验。"""

    model_config = ConfigDict(from_attributes=True)

    of: str = Field(
        validation_alias="subject",
        description="applicant 申请人身份；representative 代为办理的人身份；或材料编码",
    )
    how: How = Field(description="怎样核验")
    became: str | None = Field(description="原件：shown 核验后当场退还；handed_in 收存，随办件流转")
    verified_at: datetime
    verified_by: str = Field(description="谁核验")
    location: str


class PaymentOut(BaseModel):
    """已登记的缴费。"""

    model_config = ConfigDict(from_attributes=True)

    payment_id: UUID
    bill_number: str
    amount: Decimal = Field(description="元")
    way: str
    paid_at: datetime
    noted_at: datetime
    noted_by: str
    location: str = Field(description="收费地点")


class FeeOut(BaseModel):
    """事项公布的收费，已缴和未缴。"""

    amount: Decimal
    due: str = Field(description="什么时候缴")
    paid: Decimal
    outstanding: Decimal


class CorrectionOut(BaseModel):
    """笔误更正的痕迹。"""

    correction_id: UUID
    corrected_at: datetime
    corrected_by: str
    fields: list[str] = Field(description="更正了哪些项目")
    reason: str | None = Field(description="原因；查看完整个人信息时给出")
    before: dict[str, Any] | None = Field(description="改前；查看完整个人信息时给出")
    after: dict[str, Any] | None = Field(description="改后；查看完整个人信息时给出")


class NoticeFaultOut(BaseModel):
    material_code: str | None = None
    text: str = Field(description="要补正什么")


class NoticeOut(BaseModel):
    """一次性告知。"""

    notice_id: UUID
    handoff_id: UUID | None = Field(description="为空表示窗口当场告知")
    location: str
    issued_at: datetime
    supplement_due_on: date | None
    answered_at: datetime | None
    faults: list[NoticeFaultOut]


class RequestOut(BaseModel):
    """窗口提出的补正或撤回；由办理地处理。"""

    model_config = ConfigDict(from_attributes=True)

    request_id: UUID
    kind: str = Field(description="supplement 补正；withdrawal 撤回")
    asked_at: datetime
    status: str = Field(description="pending 待处理；applied 已生效；refused 未获同意")
    settled_at: datetime | None
    refusal_code: str | None
    refusal: str | None


class StepOut(BaseModel):
    what: What
    text: str = Field(examples=["受理"])
    at: datetime
    location: str | None
    until: date | None


class DeliveryOut(BaseModel):
    method: str | None = Field(examples=["post"])
    status: str | None = Field(description="送达进展", examples=["on_way"])
    delivered_at: datetime | None


class ConsentOut(BaseModel):
    """申请人的一项同意。"""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(examples=["e_certificates"])
    text: str = Field(description="同意的是哪段文字")
    text_version: int = Field(description="这段文字的版本")
    given_at: datetime


class GroundOut(BaseModel):
    """处理个人信息的依据（个人信息保护法 13）。"""

    ground: str = Field(examples=["statutory_duty"])
    text: str = Field(examples=["为履行法定职责所必需（个人信息保护法 13(3)）"])
    item_code: str | None = Field(description="职责来自哪个事项")
    item_version: int | None
    department: str | None = Field(description="哪个部门的职责")
    consents: list[ConsentOut] = Field(description="超出法定职责的，申请人逐项同意")


class HoldOut(BaseModel):
    """有争议，了结之前不得删除。"""

    model_config = ConfigDict(from_attributes=True)

    hold_id: UUID
    kind: str = Field(description="review 复议；lawsuit 诉讼；supervision 监察、审计、信访；other")
    set_at: datetime
    set_by: str
    lifted_at: datetime | None
    lifted_by: str | None


class CaseOut(BaseModel):
    case_number: str = Field(examples=["63000026000000123"])
    status: Status
    status_text: str = Field(examples=["已转办理地"])
    next_actor: str = Field(description="轮到谁", examples=["handling"])
    asked_of_window: str | None = Field(
        description="现在要窗口做的一件事，可以照着念；没有则为空",
    )
    item: ItemOut
    mode: Mode
    channel: str
    priority: str = Field(description="green 绿色通道；normal 一般")
    receiving_location: str
    received_at: datetime
    basis: dict[str, str]
    chosen_basis: str | None
    handoffs: list[HandoffOut]
    accepted_at: datetime | None = Field(description="受理时间；收件不等于受理")
    deadline: DeadlineOut | None
    asked_until: date | None = Field(description="补正的最后一天")
    decided_at: datetime | None
    result: str | None = Field(description="granted 准予；denied 不予许可；ended 终结")
    outcome: str | None = Field(description="终结的原因，如 withdrawn 撤回")
    delivery: DeliveryOut
    materials: list[MaterialOut]
    originals: list[OriginalOut]
    promises: list[PromiseOut]
    verifications: list[VerificationOut]
    unverified: list[str] = Field(
        description="窗口还没有登记核验的身份和原件；全程网办不在窗口核验"
    )
    fee: FeeOut | None = Field(description="不收费的事项为 null")
    payments: list[PaymentOut]
    corrections: list[CorrectionOut]
    notices: list[NoticeOut]
    requests: list[RequestOut]
    steps: list[StepOut]
    allowed: list[str] = Field(description="窗口现在可以做什么")
    application: dict[str, Any] = Field(description="申请内容；个人信息默认遮盖")
    ground: GroundOut
    holds: list[HoldOut] = Field(description="登记过的争议；未解除的使办件不被删除")
    erased_at: datetime | None = Field(
        description="个人信息何时已删除；此后只有编号、事项、日期和结果"
    )
    changed_at: datetime


class CaseLine(BaseModel):
    case_number: str = Field(examples=["63000026000000123"])
    status: Status
    status_text: str
    next_actor: str
    item: ItemOut
    mode: Mode
    priority: str
    applicant: str = Field(description="申请人，已遮盖", examples=["李**"])
    receiving_location: str
    received_at: datetime
    deadline: DeadlineOut | None
    asked_until: date | None

    @classmethod
    def of(cls, line: Line) -> "CaseLine":
        row: Any = line.row
        status = Status(row.status)
        return cls(
            case_number=row.case_number,
            status=status,
            status_text=status.zh,
            next_actor=row.next_actor,
            item=ItemOut(code=row.item_code, version=row.item_version, name=line.item_name),
            mode=row.mode,
            priority=row.priority,
            applicant=line.applicant,
            receiving_location=row.receiving_location,
            received_at=row.received_at,
            deadline=_deadline(row),
            asked_until=row.asked_until,
        )


def case_out(view: CaseView) -> CaseOut:
    case = view.case
    status = Status(case.status)
    return CaseOut(
        case_number=case.case_number,
        status=status,
        status_text=status.zh,
        next_actor=case.next_actor,
        asked_of_window=_asked_of_window(view),
        item=ItemOut(code=case.item_code, version=case.item_version, name=view.item.name),
        mode=Mode(case.mode),
        channel=case.channel,
        priority=case.priority,
        receiving_location=case.receiving_location,
        received_at=case.received_at,
        basis=case.basis,
        chosen_basis=case.chosen_basis,
        handoffs=_handoffs(view),
        accepted_at=case.accepted_at,
        deadline=_deadline(case),
        asked_until=case.asked_until,
        decided_at=case.decided_at,
        result=case.result,
        outcome=case.outcome,
        delivery=DeliveryOut(
            method=case.delivery_way or case.delivery_method,
            status=case.delivery_status,
            delivered_at=case.delivered_at,
        ),
        **_papers(view),
        **_noted(view),
        notices=[
            NoticeOut(
                notice_id=notice.row.notice_id,
                handoff_id=notice.row.handoff_id,
                location=notice.row.location,
                issued_at=notice.row.issued_at,
                supplement_due_on=notice.row.supplement_due_on,
                answered_at=notice.row.answered_at,
                faults=[NoticeFaultOut.model_validate(fault) for fault in notice.faults],
            )
            for notice in view.notices
        ],
        requests=[RequestOut.model_validate(request) for request in view.requests],
        steps=[
            StepOut(
                what=What(step.what),
                text=What(step.what).zh,
                at=step.at,
                location=step.location,
                until=step.until,
            )
            for step in view.steps
        ],
        allowed=[act.value for act in view.allowed],
        application=dict(view.application),
        ground=ground_out(holdings.ground_of(case.ground)),
        holds=[HoldOut.model_validate(hold) for hold in view.holds],
        erased_at=case.erased_at,
        changed_at=case.changed_at,
    )


def _asked_of_window(view: CaseView) -> str | None:
    if view.case.status == Status.UNROUTABLE and view.case.next_actor == Actor.RECEIVING:
        return messages.GIVE_BACK.zh
    return None


def ground_out(ground: Ground) -> GroundOut:
    return GroundOut(
        ground=ground.ground.value,
        text=ground.ground.zh,
        item_code=ground.source.get("item"),
        item_version=ground.source.get("version"),
        department=ground.source.get("department"),
        consents=[ConsentOut.model_validate(each) for each in ground.consents],
    )


def _deadline(row: Any) -> DeadlineOut | None:
    if row.due_on is None:
        return None
    return DeadlineOut(due_on=row.due_on, provisional=row.due_provisional, light=row.light)


def _handoffs(view: CaseView) -> list[HandoffOut]:
    return [
        HandoffOut(
            id=row.handoff_id,
            location=row.location,
            location_name=view.place_names.get(row.location),
            step=row.step,
            step_name=row.step_name,
            stage=row.stage,
            lead=row.lead,
            status=row.status,
            due_on=row.due_on,
        )
        for row in view.handoffs
    ]


def _papers(view: CaseView) -> dict[str, Any]:
    return {
        "materials": [
            MaterialOut(
                code=row.code,
                name=material.name if (material := view.item.material(row.code)) else row.code,
                form=row.form,
                count=row.count,
                given_at=row.given_at,
                spared=row.spared,
                supplement_id=row.supplement_id,
                content=_content(view, row.code),
            )
            for row in view.materials
        ],
        "originals": [
            OriginalOut(
                original_id=row.original_id,
                material_code=row.material_code,
                label=row.label,
                holder=row.holder or f"location:{view.case.receiving_location}",
                parcel_number=row.parcel_number,
                moved_at=row.moved_at,
            )
            for row in view.originals
        ],
        "promises": [
            PromiseOut(
                kind=row.kind,
                material_code=row.material_code,
                due_on=_due_on(row, view),
                kept_at=row.kept_at,
                broken_at=row.broken_at,
                follows=Follows(row.follows) if row.follows else None,
                next_due_on=row.expires_on if row.broken_at else None,
                barred_until=row.barred_until,
            )
            for row in view.promises
        ],
    }


def _due_on(row: PromiseRow, view: CaseView) -> date | None:
    """A word is checked within a term that begins with the decision made on it."""
    case = view.case
    if row.kind != Kind.COMMITMENT or case.decided_at is None or case.result != "granted":
        return row.due_on
    return deferrals.due_on(
        view.item.commitment, local_date(case.decided_at), applications.workdays()
    )


def _noted(view: CaseView) -> dict[str, Any]:
    fee, paid = view.item.fee, paying.total(view.payments)
    return {
        "verifications": [VerificationOut.model_validate(row) for row in view.verifications],
        "unverified": list(view.unverified),
        "payments": [PaymentOut.model_validate(row) for row in view.payments],
        "fee": FeeOut(amount=fee.amount, due=fee.due, paid=paid, outstanding=fee.amount - paid)
        if payments.is_due(fee)
        else None,
        "corrections": [
            CorrectionOut(
                correction_id=each.row.correction_id,
                corrected_at=each.row.corrected_at,
                corrected_by=each.row.corrected_by,
                fields=each.row.fields,
                reason=each.said.get("reason"),
                before=each.said.get("before"),
                after=each.said.get("after"),
            )
            for each in view.corrections
        ],
    }


def _content(view: CaseView, code: str) -> ContentOut | None:
    row = view.contents.get(code)
    if row is None:
        return None
    return ContentOut(
        digest=f"sha-256:{row.sha256.hex()}",
        size=row.size,
        media_type=row.media_type,
        stored_at=row.stored_at,
    )
