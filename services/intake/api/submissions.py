"""Taking a case: check first, then submit."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import submission
from services.intake.actions.circumstances import Counter
from services.intake.actions.numbers import Slip
from services.intake.actions.submission import Taken
from services.intake.api.counters import AtCounter, DrawnNumber, ItemCatalogue
from services.intake.api.faults import faults_out
from services.intake.grants import GRANTS
from services.intake.queries.catalogue import Catalogue
from shared.db.transactions import Reading, Single
from shared.http import etags
from shared.http.idempotency import Along, Once, OnceAlong
from shared.http.routes import granted_route
from shared.identity import tracking_codes
from shared.problems import FaultOut

router = APIRouter(prefix="/v1/cases", tags=["办件"], route_class=granted_route(GRANTS))


class CheckOut(BaseModel):
    """预审结果；不产生任何办件。"""

    complete: bool = Field(description="没有问题，可以提交")
    faults: list[FaultOut] = Field(description="全部问题，一次列出；pointer 指向填写的位置")


class TakenItem(BaseModel):
    code: str = Field(examples=["CL-001"])
    version: int = Field(examples=[1])


class TakenOriginal(BaseModel):
    original_id: UUID = Field(description="原件标识，装袋、交接时使用")
    material_code: str = Field(examples=["M3"])


class CaseTakenOut(BaseModel):
    """收件结果。收件不等于受理。"""

    case_number: str = Field(description="办件编号，17 位", examples=["63000026000000123"])
    tracking_code: str = Field(
        description="查询码，凭此公开查询进度；只在此时给出", examples=["7K3PQ-0ZV4M-XT8RA-52CDE"]
    )
    status: str = Field(
        description="received 已收件；received_incomplete 已登记，材料待补齐",
        examples=["received"],
    )
    received_at: datetime = Field(description="收件时间")
    item: TakenItem
    originals: list[TakenOriginal] = Field(
        description="留在窗口的每一份原件；只是登记的，一份也不留"
    )
    receipt_url: str = Field(description="收件凭证（PDF）")
    faults: list[FaultOut] = Field(description="登记为 received_incomplete 时，还缺什么")


@router.post("/check", summary="预审：一次列出全部问题，不产生办件")
async def check_case(counter: AtCounter, catalogue: ItemCatalogue, session: Reading) -> CheckOut:
    """收取原件之前先预审。内容与提交相同；格式问题与业务问题一并列出，便于一次性告知。"""
    faults = await submission.check_case(session, counter, catalogue)
    return CheckOut(complete=not faults, faults=faults_out(faults))


@router.post("", status_code=201, response_model=CaseTakenOut, summary="提交：收件并给出办件编号")
async def submit_case(
    counter: AtCounter,
    slip: DrawnNumber,
    catalogue: ItemCatalogue,
    session: Single,
    once: OnceAlong,
) -> Response:
    """收件地以令牌为准。有任何问题时答复 422 并一次列出全部问题，不保存任何内容。

    同一 `Idempotency-Key` 重发得到同一答复；换一个键再次提交就是另一个办件。
    """
    along = await once.effect(lambda: submit(session, counter, slip, catalogue, once))
    return along.response


async def submit(
    session: AsyncSession, counter: Counter, slip: Slip, catalogue: Catalogue, once: Once
) -> Along:
    def answer(taken: Taken) -> Along:
        location = f"/intake/v1/cases/{taken.case_number}"
        return once.along(201, _taken(taken), {"Location": location, "ETag": etags.of_version(1)})

    return await submission.submit_case(session, counter, slip, catalogue, answer)


def _taken(taken: Taken) -> CaseTakenOut:
    return CaseTakenOut(
        case_number=taken.case_number,
        tracking_code=tracking_codes.grouped(taken.tracking_code),
        status=taken.status,
        received_at=taken.received_at,
        item=TakenItem(code=taken.item_code, version=taken.item_version),
        originals=[
            TakenOriginal(original_id=each.original_id, material_code=each.material_code)
            for each in taken.originals
        ],
        receipt_url=f"/intake/v1/cases/{taken.case_number}/documents/receipt",
        faults=faults_out(taken.faults),
    )
