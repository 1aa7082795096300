"""Progress for the applicant, by the code on the receipt: steps and dates, no name."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.intake.actions import reading
from services.intake.actions.reading import Progress
from services.intake.api.counters import ItemCatalogue
from services.intake.domain.cases import Delivery, Status
from services.intake.grants import GRANTS
from shared.db.transactions import Reading
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/progress", tags=["进度"], route_class=granted_route(GRANTS))


class ProgressStep(BaseModel):
    title: str = Field(examples=["受理"])
    title_en: str = Field(examples=["accepted"])
    at: datetime
    place: str | None = Field(description="在哪里")
    until: date | None = Field(description="到哪天为止")


class AskedOfYou(BaseModel):
    text: str = Field(description="请您做什么", examples=["请到收件窗口提交补正材料"])
    text_en: str
    until: date | None = Field(description="最后一天")


class ProgressOut(BaseModel):
    """办理进度；不含姓名等个人信息。"""

    item: str = Field(description="事项名称", examples=["残疾人证到期换领"])
    status: Status
    status_text: str = Field(examples=["已转办理地"])
    received_at: datetime
    steps: list[ProgressStep]
    asked: AskedOfYou | None = Field(description="现在需要您做的事；没有则为 null")
    due_on: date | None = Field(description="办理期限的最后一天")
    result: str | None = Field(description="granted 准予；denied 不予许可；ended 终结")
    delivery_method: str | None
    delivery_status: str | None
    delivery_text: str | None = Field(examples=["寄递途中"])


@router.get("/{tracking_code}", summary="凭查询码查进度")
async def read_progress(
    tracking_code: Annotated[
        str,
        Path(
            max_length=40,
            description="收件凭证上的查询码；连字符、大小写不限",
            examples=["7K3PQ-0ZV4M-XT8RA-52CDE"],
        ),
    ],
    session: Reading,
    catalogue: ItemCatalogue,
) -> ProgressOut:
    """无需登录。查询码不可猜测，请勿转给他人。"""
    return _out(await reading.read_progress(session, tracking_code, catalogue))


def _out(progress: Progress) -> ProgressOut:
    case, asked = progress.case, progress.request
    status = Status(case.status)
    return ProgressOut(
        item=progress.item.name,
        status=status,
        status_text=status.zh,
        received_at=case.received_at,
        steps=[
            ProgressStep(
                title=step.title.zh,
                title_en=step.title.en,
                at=step.at,
                place=step.place,
                until=step.until,
            )
            for step in progress.steps
        ],
        asked=AskedOfYou(text=asked.text.zh, text_en=asked.text.en, until=asked.until)
        if asked
        else None,
        due_on=case.due_on,
        result=case.result,
        delivery_method=case.delivery_way or case.delivery_method,
        delivery_status=case.delivery_status,
        delivery_text=Delivery(case.delivery_status).zh if case.delivery_status else None,
    )
