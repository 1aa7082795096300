"""The directory: which places there are."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from services.routing.domain.words import LocationKind
from services.routing.grants import GRANTS
from services.routing.queries import directory
from shared.clock import Now, local_date
from shared.db.transactions import Reading
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/locations", tags=["名录"], route_class=granted_route(GRANTS))


class LocationOut(BaseModel):
    code: str = Field(description="地点代码", examples=["630104-C1"])
    kind: LocationKind = Field(description="centre 中心、station 站、office 部门、agent 代办点")
    name: str = Field(description="名称")
    division: str = Field(description="行政区划代码", examples=["630104"])
    version: int = Field(description="名录条目的版本")
    valid_from: date
    valid_to: date | None = None
    address: str | None = Field(default=None, description="地址")
    opening: str | None = Field(default=None, description="办公时间")
    contacts: list[dict[str, Any]] = Field(default_factory=list, description="联络方式")


class LocationsOut(BaseModel):
    locations: list[LocationOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("", summary="查询地点名录")
async def list_locations(
    session: Reading,
    now: Now,
    kind: Annotated[LocationKind | None, Query(description="只看某一类地点")] = None,
    division: Annotated[
        str | None,
        Query(max_length=12, description="只看某一区划及其下级", examples=["6301"]),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> LocationsOut:
    """今天有效的地点，按代码排序；各角色都可查询。"""
    found, following = await directory.locations(
        session, on=local_date(now), kind=kind, division=division, after=after, limit=limit
    )
    return LocationsOut(
        locations=[LocationOut.model_validate(each) for each in found], next=following
    )


@router.get("/{code}", summary="查看一个地点")
async def read_location(
    code: Annotated[str, Path(max_length=50, description="地点代码", examples=["630104-C1"])],
    session: Reading,
    now: Now,
) -> LocationOut:
    """地点的地址、办公时间和联络方式。"""
    return LocationOut.model_validate(await directory.location(session, code, on=local_date(now)))
