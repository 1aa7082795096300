"""What notify holds about people in given cases."""

from typing import Annotated

from fastapi import APIRouter, Body

from services.notify.actions.erasing import ERASABLE
from services.notify.grants import GRANTS
from services.notify.queries import cases
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.routes import granted_route
from shared.retention import holdings
from shared.retention.holdings import HoldingsIn, HoldingsOut

router = APIRouter(prefix="/v1", tags=["个人信息"], route_class=granted_route(GRANTS))

_EXAMPLES = {"办件": {"value": {"case_numbers": ["63000026000000123"], "purpose": "个人查阅申请"}}}


@router.post("/holdings", summary="送达通知保存了这些办件的哪些个人信息")
async def show_notify_holdings(
    asked: Annotated[HoldingsIn, Body(openapi_examples=_EXAMPLES)],
    session: Transaction,
    now: Now,
) -> HoldingsOut:
    """个人信息保护法 45：只列种类和条数，不显示内容。

    办件编号先在收件窗口按证件号码查得；不认识的编号略过。每次查询都记入审计。
    """
    known = await cases.erased_of(session, asked.case_numbers)
    return await holdings.answer(
        session, asked, ERASABLE, known, house="notify", name="送达通知", at=now
    )
