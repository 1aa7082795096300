"""The terms of every item, for operations to look at."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.routing.grants import GRANTS
from services.routing.queries import limits
from services.routing.queries.limits import Limits
from shared.db.transactions import Reading
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/limits", tags=["期限"], route_class=granted_route(GRANTS))


class FigureOut(BaseModel):
    name: str = Field(examples=["承诺时限"])
    what: str = Field(description="多长，或如何处理", examples=["20个工作日"])
    basis: str = Field(description="依据", examples=["事项实施清单"])
    confidence: str = Field(
        description="目录的标注：stored 公开来源、seed 政策文件、memory 凭记忆未核实、"
        "inferred 推断、chosen 自定；空为事项未写明，按法律规定"
    )
    source: str = Field(description="出处")


class LimitsOut(BaseModel):
    item_code: str
    version: int
    name: str
    figures: list[FigureOut]

    @classmethod
    def of(cls, found: Limits) -> "LimitsOut":
        basis = found.item.basis
        return cls(
            item_code=basis.code,
            version=basis.version,
            name=basis.name,
            figures=[FigureOut.model_validate(f, from_attributes=True) for f in found.figures],
        )


class LimitsPage(BaseModel):
    items: list[LimitsOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("", summary="各事项的期限与出处")
async def list_limits(session: Reading, after: After = None, limit: Limit = 50) -> LimitsPage:
    """每个事项最新版本的各项期限、依据、出处，以及哪些尚未核实。"""
    found, following = await limits.page(session, after=after, limit=limit)
    return LimitsPage(items=[LimitsOut.of(each) for each in found], next=following)
