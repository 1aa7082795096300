"""Between the two places of a case: messages, reminders, appointments, and who answers where."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.routing.actions import contact, crossing
from services.routing.api.deeds import Digest
from services.routing.api.handoffs import Purpose
from services.routing.domain.reminders import Meeting
from services.routing.grants import GRANTS
from services.routing.models import AppointmentRow, MessageRow, ReminderRow
from services.routing.queries import contact as reads
from services.routing.queries.contact import Said
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.http.idempotency import Once, OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["点对点联络"], route_class=granted_route(GRANTS))

CaseNumber = Annotated[
    str, Path(max_length=50, description="办件编号", examples=["63000026000000123"])
]
To = Annotated[
    str | None,
    Field(
        max_length=50,
        description="给哪个地点；不填则窗口给牵头办理地，办理地给窗口",
        examples=["620102-RS"],
    ),
]


class MessageIn(BaseModel):
    text: str = Field(min_length=1, max_length=2000, description="内容")
    to: To = None
    attachments: list[Digest] = Field(default_factory=list, max_length=20, description="附件")


class MessageOut(BaseModel):
    id: UUID
    from_location: str
    to_location: str
    written_by: str = Field(description="经办人账号")
    at: datetime
    attachments: list[str]


class MessageRead(MessageOut):
    text: str = Field(description="内容；未说明事由时已遮盖")


class MessagesOut(BaseModel):
    messages: list[MessageRead]
    next: str | None = Field(description="下一页的 after；没有更多时为 null")


def _message(row: MessageRow) -> MessageOut:
    return MessageOut.model_validate(row, from_attributes=True)


@router.post(
    "/cases/{case_number}/messages",
    status_code=201,
    summary="给对方留言",
    response_model=MessageOut,
)
async def write_message(
    case_number: CaseNumber,
    body: Annotated[
        MessageIn,
        Body(openapi_examples={"核实": {"value": {"text": "请核实申请人户籍所在派出所"}}}),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """收件地与办理地之间就本件留言，可以附文件。"""
    row = await contact.write_message(
        once.session,
        case_number,
        words=body.text,
        to=body.to,
        files=body.attachments,
        scope=scope,
        at=now,
    )
    await _tell_there(once, "case.message", row)
    return await once.reply(201, _message(row))


async def _tell_there(
    once: Once, kind: str, row: MessageRow | ReminderRow | AppointmentRow
) -> None:
    """Where the other end works in an installation of its own, it is said there too."""
    await crossing.mirror_talk(
        once.session, kind, row.case_number, [row.to_location], once.content, at=once.at
    )


@router.get("/cases/{case_number}/messages", summary="往来留言")
async def list_case_messages(
    case_number: CaseNumber,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
    after: After = None,
    limit: Limit = 200,
) -> MessagesOut:
    """按时间排序。内容默认遮盖；填写事由后完整显示并记入审计。"""
    found, following = await reads.messages(
        session, case_number, scope=scope, purpose=purpose, after=after, limit=limit, at=now
    )
    return MessagesOut(
        messages=[
            MessageRead(**_message(each.row).model_dump(), text=each.words.get("text", ""))
            for each in found
        ],
        next=following,
    )


class ContactOut(BaseModel):
    part: str = Field(description="receiving 收件地、handling 办理地")
    code: str
    name: str
    address: str | None = None
    opening: str | None = Field(default=None, description="办公时间")
    contacts: list[dict[str, Any]] = Field(
        default_factory=list, description="窗口、点对点联络员、科长的联系方式"
    )


class ContactsOut(BaseModel):
    contacts: list[ContactOut]


@router.get("/cases/{case_number}/contacts", summary="两地联络人")
async def list_contacts(case_number: CaseNumber, session: Reading, scope: Granted) -> ContactsOut:
    """本件的收件地和每个办理地由谁答复。"""
    found = await reads.contacts(session, case_number, scope=scope)
    return ContactsOut(
        contacts=[ContactOut.model_validate({"part": each.part, **each.place}) for each in found]
    )


class ReminderIn(BaseModel):
    text: str = Field(min_length=1, max_length=1000, description="催办内容")


class ReminderOut(BaseModel):
    id: UUID
    case_number: str
    handoff_id: UUID
    number: int = Field(description="第几次催办")
    from_location: str
    to_location: str
    sent_at: datetime
    answer_by: date = Field(description="在此之前答复，否则报两地科长")
    answered_at: datetime | None
    raised_at: datetime | None = Field(description="报两地科长的时间")

    @classmethod
    def of(cls, row: ReminderRow) -> "ReminderOut":
        return cls.model_validate(row, from_attributes=True)


class RemindersOut(BaseModel):
    reminders: list[ReminderOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.post(
    "/cases/{case_number}/reminders",
    status_code=201,
    summary="催办",
    response_model=ReminderOut,
)
async def send_reminder(
    case_number: CaseNumber,
    body: Annotated[
        ReminderIn, Body(openapi_examples={"催办": {"value": {"text": "申请人来电询问进度"}}})
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """先催办理地；一个工作日内没有答复，或未答复又再次催办，报两地科长。"""
    row = await contact.remind(once.session, case_number, words=body.text, scope=scope, at=now)
    await _tell_there(once, "case.reminder", row)
    return await once.reply(201, ReminderOut.of(row))


@router.get("/reminders", summary="催办一览")
async def list_reminders(
    session: Reading,
    scope: Granted,
    raised: Annotated[bool | None, Query(description="true 只看已报科长的")] = None,
    after: After = None,
    limit: Limit = 50,
) -> RemindersOut:
    """本地点发出或收到的，以及所辖范围的。"""
    rows, following = await reads.reminders(
        session, scope=scope, raised=raised, after=after, limit=limit
    )
    return RemindersOut(reminders=[ReminderOut.of(each) for each in rows], next=following)


class AppointmentIn(BaseModel):
    starts_at: AwareDatetime = Field(description="开始时间", examples=["2026-09-08T02:00:00Z"])
    minutes: int = Field(default=30, ge=5, le=480, description="预计多少分钟")
    subject: str = Field(min_length=1, max_length=500, description="商议什么")
    link: str | None = Field(default=None, max_length=500, description="视频会议号或地址")
    to: To = None


class AppointmentOut(BaseModel):
    id: UUID
    from_location: str
    to_location: str
    starts_at: datetime
    minutes: int
    state: Meeting = Field(
        description="planned 已约定、held 已举行、missed 未能举行、cancelled 已取消"
    )
    made_by: str
    settled_by: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, row: AppointmentRow) -> "AppointmentOut":
        return cls.model_validate(row, from_attributes=True)


class AppointmentRead(AppointmentOut):
    words: dict[str, Any] = Field(description="商议事项与记录；未说明事由时已遮盖")


class AppointmentsOut(BaseModel):
    appointments: list[AppointmentRead]


@router.post(
    "/cases/{case_number}/appointments",
    status_code=201,
    summary="约定视频会商",
    response_model=AppointmentOut,
)
async def make_appointment(
    case_number: CaseNumber,
    body: Annotated[
        AppointmentIn,
        Body(
            openapi_examples={
                "会商": {
                    "value": {
                        "starts_at": "2030-01-02T02:00:00Z",
                        "minutes": 30,
                        "subject": "远程核验申请人身份",
                    }
                }
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """收件地与办理地（必要时有申请人在场）视频会商，事后记录结果。"""
    row = await contact.make_appointment(
        once.session,
        case_number,
        starts_at=body.starts_at,
        minutes=body.minutes,
        words={"subject": body.subject, "link": body.link},
        to=body.to,
        scope=scope,
        at=now,
    )
    await _tell_there(once, "case.appointment", row)
    return await once.reply(201, AppointmentOut.of(row))


@router.get("/cases/{case_number}/appointments", summary="视频会商")
async def list_appointments(
    case_number: CaseNumber,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
) -> AppointmentsOut:
    """按时间排序。内容默认遮盖；填写事由后完整显示并记入审计。"""
    found = await reads.appointments(session, case_number, scope=scope, purpose=purpose, at=now)
    return AppointmentsOut(appointments=[_appointment(each) for each in found])


def _appointment(said: Said) -> AppointmentRead:
    return AppointmentRead(**AppointmentOut.of(said.row).model_dump(), words=said.words)


class OutcomeIn(BaseModel):
    outcome: Literal["held", "missed", "cancelled"] = Field(
        description="held 已举行、missed 未能举行、cancelled 已取消"
    )
    record: str = Field(min_length=1, max_length=2000, description="会商结果或原因")
    attachments: list[Digest] = Field(default_factory=list, max_length=20, description="附件")


@router.post(
    "/appointments/{appointment_id}/outcome",
    summary="记录会商结果",
    response_model=AppointmentOut,
)
async def settle_appointment(
    appointment_id: Annotated[
        UUID, Path(description="会商编号", examples=["01990000-0000-7000-8000-000000000001"])
    ],
    body: Annotated[
        OutcomeIn,
        Body(
            openapi_examples={
                "已举行": {"value": {"outcome": "held", "record": "已核对本人，身份一致"}}
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """结果只记录一次。"""
    row = await contact.settle_appointment(
        once.session,
        appointment_id,
        outcome=Meeting(body.outcome),
        record=body.record,
        files=body.attachments,
        scope=scope,
        at=now,
    )
    await crossing.mirror_talk(
        once.session,
        "case.appointment-outcome",
        row.case_number,
        [row.from_location, row.to_location],
        once.content,
        # Each installation numbers its own: both know it by when it was to begin.
        about={"starts_at": row.starts_at},
        at=once.at,
    )
    return await once.reply(200, AppointmentOut.of(row))
