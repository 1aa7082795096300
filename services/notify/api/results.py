"""The electronic result, as the applicant sees it; public, by an unguessable link."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.notify.actions import results
from services.notify.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/results", tags=["电子结果"], route_class=granted_route(GRANTS))


class CertificateOut(BaseModel):
    name: str = Field(description="证照或文书名称")
    number: str = Field(description="证照编号或电子证照标识")
    form: str = Field(description="electronic 电子、paper 纸质")


class ResultOut(BaseModel):
    """不显示申请人姓名和证件号码。"""

    case_number: str = Field(description="办件编号")
    item_name: str = Field(description="事项名称")
    result: str = Field(description="granted 准予、denied 不予许可、ended 终结")
    result_zh: str = Field(description="结果的中文说法")
    authority: str = Field(description="作出决定的机关")
    decided_on: date = Field(description="决定日期")
    certificate: CertificateOut | None = Field(description="结果证照或文书")
    opinion: str | None = Field(description="不予许可或终结的理由；准予时不显示")
    remedies: str | None = Field(description="救济途径（不予许可时）")
    available_until: date = Field(description="此链接可查看到哪一天")


@router.get(
    "/{code}",
    summary="凭链接查看电子结果",
    response_model=ResultOut,
    responses=problems.responses(410),
)
async def read_result(
    code: Annotated[
        str,
        Path(
            max_length=200,
            description="链接中的查询码",
            examples=["AAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
        ),
    ],
    session: Transaction,
    now: Now,
) -> ResultOut:
    """首次打开即为送达，记下时间并留存凭证。链接过期或已换新的，答复 410 并说明怎么办。"""
    seen = await results.open_result(session, code, at=now)
    return ResultOut.model_validate(seen, from_attributes=True)
