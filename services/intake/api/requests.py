"""After submission: supplements and withdrawals, which the handling place applies or refuses."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from services.intake.actions import supplements, withdrawals
from services.intake.actions.asking import Asked
from services.intake.actions.supplements import Desk
from services.intake.api.counters import ItemCatalogue
from services.intake.api.examples import SUPPLEMENTS, WITHDRAWALS
from services.intake.api.paths import CaseNumber
from services.intake.domain.submissions import ConsentIn, MaterialIn
from services.intake.grants import GRANTS
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route
from shared.security.personal import Personal

router = APIRouter(
    prefix="/v1/cases/{case_number}", tags=["办件"], route_class=granted_route(GRANTS)
)


class SupplementIn(BaseModel):
    """补正的内容：只填补交的材料和更改的申请表项目。"""

    materials: list[MaterialIn] = Field(default_factory=list, description="补交的材料")
    form: Annotated[dict[str, Any] | None, Personal("form")] = Field(
        default=None, description="申请表中更改的项目"
    )
    consent: ConsentIn | None = Field(default=None, description="申请人的同意")


class _Unread:
    """Documented as a SupplementIn; read as part of the whole application, with all its faults."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda raw, _: raw, handler.generate_schema(SupplementIn)
        )


Supplement = Annotated[object, _Unread(), Body(openapi_examples=SUPPLEMENTS)]


class WithdrawalIn(BaseModel):
    reason: Annotated[str, Personal("text")] = Field(
        min_length=1, max_length=500, description="申请人撤回的原因", examples=["申请人不再需要"]
    )


class AskedOriginal(BaseModel):
    original_id: UUID
    material_code: str


class AskedOut(BaseModel):
    """已登记；是否生效由办理地决定，结果见办件的 requests。"""

    request_id: UUID
    case_number: str
    kind: str = Field(description="supplement 补正；completion 补齐；withdrawal 撤回")
    status: str = Field(description="pending 待办理地处理；applied 已生效")
    originals: list[AskedOriginal] = Field(description="这次留在窗口的原件")


@router.post("/supplements", status_code=202, response_model=AskedOut, summary="提交补正材料")
async def give_supplement(
    case_number: CaseNumber,
    supplement: Supplement,
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """按办件收件时的事项版本核对，全部问题一次列出。回到发出告知的同一位经办人。

    对 `received_incomplete` 的办件，即为补齐材料、正式收件，不必重新填写。
    """
    asked = await supplements.give_supplement(
        session,
        case_number,
        supplement,
        desk=Desk(catalogue, now),
        scope=scope,
        if_match=if_match,
    )
    return await once.reply(202, _out(asked))


@router.post("/withdrawal", status_code=202, response_model=AskedOut, summary="申请撤回")
async def request_withdrawal(
    case_number: CaseNumber,
    withdrawal: Annotated[WithdrawalIn, Body(openapi_examples=WITHDRAWALS)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """决定作出之前可以撤回；已作出决定的，办理地会拒绝并说明原因。"""
    asked = await withdrawals.request_withdrawal(
        session, case_number, withdrawal.reason, scope=scope, if_match=if_match, at=now
    )
    return await once.reply(202, _out(asked))


def _out(asked: Asked) -> AskedOut:
    return AskedOut(
        request_id=asked.request_id,
        case_number=asked.case_number,
        kind=asked.kind,
        status=asked.status,
        originals=[
            AskedOriginal(original_id=each.original_id, material_code=each.material_code)
            for each in asked.originals
        ],
    )
