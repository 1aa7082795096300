"""Cases that nobody is competent for: they wait here with the reasons, never guessed."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field

from services.routing.actions import unrouted
from services.routing.grants import GRANTS
from services.routing.queries import cases
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import pages
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(
    prefix="/v1/unroutable", tags=["无法分办（运维）"], route_class=granted_route(GRANTS)
)

CaseNumber = Annotated[
    str, Path(max_length=50, description="办件编号", examples=["63000026000000123"])
]


class UnroutableCase(BaseModel):
    case_number: str
    item_code: str
    mode: str
    receiving_location: str
    basis: dict[str, str]
    received_at: datetime
    reasons: list[dict[str, Any]] = Field(description="查过什么、为什么没有结果")


class UnroutablePage(BaseModel):
    cases: list[UnroutableCase]
    next: str | None


class OutcomeOut(BaseModel):
    case_number: str
    status: str = Field(description="open 已分办，unroutable 仍无法分办")


@router.get("", summary="无法分办的办件")
async def list_unroutable(
    session: Reading, after: After = None, limit: Limit = 50
) -> UnroutablePage:
    """按收件时间排序；不含个人信息。"""
    rows, following = await cases.unroutable(session, after=after, limit=limit)
    return UnroutablePage(
        cases=[
            UnroutableCase(
                case_number=row.case_number,
                item_code=row.item_code,
                mode=row.mode,
                receiving_location=row.receiving_location,
                basis=row.basis,
                received_at=row.received_at,
                reasons=(row.why or {}).get("reasons", []),
            )
            for row in rows
        ],
        next=pages.cursor(*following) if following else None,
    )


@router.post("/{case_number}/retry", summary="重新分办", response_model=OutcomeOut)
async def retry_unroutable(case_number: CaseNumber, once: OncePerKey, now: Now) -> Response:
    """规则补齐后会自动重试；这里可以立即重试一件。"""
    case = await unrouted.retry(once.session, case_number, at=now)
    return await once.reply(200, OutcomeOut(case_number=case.case_number, status=case.status))


class AssignIn(BaseModel):
    location: str = Field(max_length=50, description="指定的办理地", examples=["620102-RS"])
    reason: str = Field(min_length=1, max_length=500, description="理由，随办件加密保存")


@router.post("/{case_number}/assignment", summary="人工指定办理地", response_model=OutcomeOut)
async def assign_unroutable(
    case_number: CaseNumber,
    body: Annotated[
        AssignIn,
        Body(
            openapi_examples={
                "指定": {"value": {"location": "620102-RS", "reason": "与对方联络员核实"}}
            }
        ),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """没有规则可用时由运维指定，必须写明理由。"""
    case = await unrouted.assign(
        once.session, case_number, location=body.location, reason=body.reason, at=now
    )
    return await once.reply(200, OutcomeOut(case_number=case.case_number, status=case.status))
