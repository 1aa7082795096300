"""Text messages and their templates, for operations: masked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from services.notify.actions import outgoing
from services.notify.actions.messages import Sending
from services.notify.actions.outgoing import Wanted
from services.notify.actions.showing import number_as_stored
from services.notify.domain.messages import Event
from services.notify.grants import GRANTS
from services.notify.models import MessageRow
from shared.db.transactions import Reading
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["短信"], route_class=granted_route(GRANTS))


class MessageOut(BaseModel):
    id: UUID
    case_number: str | None = Field(description="办件编号；发给接收系统负责人的没有")
    event: Event = Field(description="为什么事发的")
    template: str = Field(description="所用模板和版本")
    parts: int = Field(description="按几条计费")
    status: Sending = Field(
        description=(
            "waiting 待发、sent 已发、kept 未接短信网关只留存、unreachable 没有手机号、"
            "unwritten 模板缺词、overtaken 已被后事取代、refused 网关拒收、given_up 多次未成"
        )
    )
    attempts: int = Field(description="已试几次")
    next_attempt_at: datetime | None
    settled_at: datetime | None
    last_error: str | None
    fate: str | None = Field(description="网关回执：arrived 收到、failed 未收到、unknown 不明")
    created_at: datetime

    @classmethod
    def of(cls, row: MessageRow) -> "MessageOut":
        return cls.model_validate(row, from_attributes=True)


class MessageDetail(MessageOut):
    phone: str | None = Field(description="手机号（已遮盖）")
    text: str = Field(description="短信内容；链接已遮盖")


class MessagePage(BaseModel):
    messages: list[MessageOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class TemplateOut(BaseModel):
    name: str = Field(description="事件:事项@版本")
    event: Event
    version: int
    preview: str = Field(description="填入示例后的样子")
    parts: int = Field(description="按几条计费")


class TemplatesOut(BaseModel):
    templates: list[TemplateOut]


@router.get("/messages", summary="查短信", response_model=MessagePage)
async def list_messages(
    session: Reading,
    scope: Granted,
    case_number: Annotated[str | None, Query(max_length=30, description="办件编号")] = None,
    status: Annotated[Sending | None, Query(description="只看某一状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> MessagePage:
    """新的在前；不含手机号和内容。"""
    wanted = Wanted(
        case_number=number_as_stored(case_number),
        status=status and status.value,
        after=after,
        limit=limit,
    )
    rows, following = await outgoing.page(session, wanted, scope=scope)
    return MessagePage(messages=[MessageOut.of(row) for row in rows], next=following)


@router.get("/messages/{message_id}", summary="看一条短信（已遮盖）", response_model=MessageDetail)
async def read_message(
    message_id: Annotated[
        UUID, Path(description="短信编号", examples=["01890000-0000-7000-8000-000000000003"])
    ],
    session: Reading,
    scope: Granted,
) -> MessageDetail:
    """手机号和能打开结果的链接都已遮盖。"""
    row, content = await outgoing.one(session, message_id, scope=scope)
    return MessageDetail(**MessageOut.of(row).model_dump(), phone=content.phone, text=content.text)


@router.get("/templates", summary="预览短信模板", response_model=TemplatesOut)
async def preview_templates(session: Reading) -> TemplatesOut:
    """全部模板填入示例后的样子，供审核用词。"""
    return TemplatesOut(
        templates=[
            TemplateOut(
                name=template.name,
                event=template.event,
                version=template.version,
                preview=rendered.text,
                parts=rendered.parts,
            )
            for template, rendered in outgoing.previews(session)
        ]
    )
