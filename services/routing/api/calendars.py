"""Which days are worked: looked at by everybody, loaded by ops."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from services.routing.actions import calendars
from services.routing.grants import GRANTS
from services.routing.queries import years
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.routes import granted_route
from shared.workdays.calendar import DayKind
from shared.workdays.notices import LocalDay

router = APIRouter(prefix="/v1/calendars", tags=["工作日历"], route_class=granted_route(GRANTS))


class SpanIn(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(default="", max_length=50, description="节日名称", examples=["元旦"])
    day: date | None = Field(default=None, description="只有一天的")
    from_: date | None = Field(default=None, alias="from", description="从哪天")
    to: date | None = Field(default=None, description="到哪天")


class YearNoticeIn(BaseModel):
    year: int = Field(ge=2000, le=2200, examples=[2027])
    source: str = Field(max_length=200, description="文号或出处")
    off: list[SpanIn] = Field(default_factory=list, max_length=60, description="放假")
    worked: list[SpanIn] = Field(default_factory=list, max_length=60, description="调休上班")


class NoticesIn(BaseModel):
    notice: list[YearNoticeIn] = Field(min_length=1, max_length=20)


class NoticesOut(BaseModel):
    years: list[int] = Field(description="已公布的年度；在办的期限随后重新计算")


_NOTICE: dict[str, Any] = {
    "2027 年（示例）": {
        "value": {
            "notice": [
                {
                    "year": 2027,
                    "source": "国务院办公厅关于2027年部分节假日安排的通知（示例）",
                    "off": [{"name": "元旦", "from": "2027-01-01", "to": "2027-01-03"}],
                    "worked": [{"name": "元旦调休", "day": "2026-12-27"}],
                }
            ]
        }
    }
}


@router.post("/notices", status_code=201, summary="录入放假通知", response_model=NoticesOut)
async def load_notices(
    body: Annotated[NoticesIn, Body(openapi_examples=_NOTICE)], once: OncePerKey, now: Now
) -> Response:
    """录入后该年度不再是暂定的，所有在办的期限自动重新计算。同一年度再次录入，补充前一次。"""
    entries = [
        each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in body.notice
    ]
    years = await calendars.load_notices(once.session, entries, at=now)
    return await once.reply(201, NoticesOut(years=years))


class LocalDayIn(BaseModel):
    division: str = Field(
        pattern=r"^\d{6}(\d{3}(\d{3})?)?$", description="行政区划代码", examples=["632800"]
    )
    day: date = Field(examples=["2026-08-25"])
    works: StrictBool = Field(default=False, description="true 上班、false 放假")
    name: str = Field(max_length=50, description="节日名称", examples=["那达慕"])
    source: str = Field(min_length=1, max_length=200, description="文号或出处")


class LocalDaysOut(BaseModel):
    days: int = Field(description="录入了几天")


@router.post("/local-days", status_code=201, summary="录入地方假日", response_model=LocalDaysOut)
async def set_local_days(
    body: Annotated[
        list[LocalDayIn],
        Body(
            min_length=1,
            max_length=400,
            openapi_examples={
                "示例": {
                    "value": [
                        {
                            "division": "632800",
                            "day": "2026-08-25",
                            "works": False,
                            "name": "那达慕（示例）",
                            "source": "州政府办公室通知（示例）",
                        }
                    ]
                }
            },
        ),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """适用于该区划及其下级（放假办法第4条）；在办的期限随后重新计算。"""
    days = [LocalDay(each.day, each.works, each.name, each.source, each.division) for each in body]
    return await once.reply(
        201, LocalDaysOut(days=await calendars.set_local_days(once.session, days, at=now))
    )


class DayOut(BaseModel):
    day: date
    works: bool = Field(description="是否工作日")
    kind: DayKind = Field(
        description="workday 工作日、weekend 周末、holiday 节假日、worked_weekend 调休上班、"
        "local_holiday 地方假日、local_workday 地方上班日"
    )
    name: str
    source: str = Field(description="依据")
    provisional: bool = Field(description="放假通知尚未公布，为推算")


class YearOut(BaseModel):
    division: str
    year: int
    published: bool = Field(description="该年度放假通知是否已公布")
    provisional: bool = Field(description="是否暂按周一至周五推算")
    workdays: int = Field(description="全年工作日数")
    days: list[DayOut]


@router.get("/{division}/{year}", summary="查看一个区划全年的工作日")
async def read_calendar(
    division: Annotated[
        str,
        Path(pattern=r"^\d{6}(\d{3}(\d{3})?)?$", description="行政区划代码", examples=["630104"]),
    ],
    year: Annotated[int, Path(ge=2004, le=2100, examples=[2026])],
    session: Reading,
) -> YearOut:
    """每一天是什么日子、依据什么、是否暂定；包含上级区划所设的地方假日。"""
    view = await years.of_division(session, division, year)
    return YearOut(
        division=division,
        year=year,
        published=view.published,
        provisional=view.provisional,
        workdays=view.workdays,
        days=[DayOut.model_validate(each, from_attributes=True) for each in view.days],
    )
