"""The registry as ops change it: locations, partners, agreements, rules; dated and versioned."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.actions import registering
from services.routing.domain.words import LocationKind, Mode, Power
from services.routing.grants import GRANTS
from services.routing.queries import directory
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1", tags=["登记（运维）"], route_class=granted_route(GRANTS))


class Entry(BaseModel):
    """What every entry has; further fields are kept as they come."""

    model_config = ConfigDict(extra="allow")

    version: int = Field(ge=1, description="版本，逐版增加，不改旧版", examples=[1])
    valid_from: date = Field(description="生效日", examples=["2026-01-01"])
    valid_to: date | None = Field(default=None, description="失效日；空为长期")


class LocationIn(Entry):
    code: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$", examples=["630104-C9"])
    name: str = Field(min_length=1, max_length=200)
    kind: LocationKind
    division: str = Field(pattern=r"^\d{6}(\d{3}(\d{3})?)?$", description="行政区划代码")
    system: str = Field(default="own", description="own、offline 或 partner:<代码>")


class PartnerIn(Entry):
    code: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$")
    name: str = Field(min_length=1, max_length=200)
    division: str = Field(pattern=r"^\d{6}$")


class AgreementIn(Entry):
    id: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$")
    name: str = Field(min_length=1, max_length=200)
    parties: list[str] = Field(min_length=2, max_length=200)
    items: list[str] = Field(default_factory=list, max_length=1000)
    delegated_powers: list[Power] = Field(default_factory=list)
    delegates_to: list[LocationKind] = Field(default_factory=lambda: [LocationKind.CENTRE])


class RuleIn(Entry):
    id: str = Field(pattern=r"^[0-9A-Za-z-]{3,100}$")
    division: str = Field(default="", pattern=r"^(\d{6}(\d{3}(\d{3})?)?)?$")
    location: str | None = Field(default=None, max_length=50)
    kind: LocationKind | None = None
    item_code: str | None = Field(default=None, max_length=50)
    department: str | None = Field(default=None, max_length=100)
    mode: Mode | None = None
    basis: str | None = Field(default=None, max_length=50)
    level: str | None = Field(default=None, pattern=r"^[1-6]$")
    agreement: str | None = Field(default=None, max_length=50)
    received_in: str | None = Field(default=None, max_length=12)


class RegisteredOut(BaseModel):
    registered: int = Field(description="新增的条目数；已有的版本不变")


Kind = Literal["location", "partner", "agreement", "rule"]
_DATES = {"version": 1, "valid_from": "2026-01-01", "example": True}


def _example(value: dict[str, Any]) -> Any:
    return Body(openapi_examples={"示例": {"value": [{**value, **_DATES}]}}, max_length=2000)


@router.post("/locations", summary="登记地点", response_model=RegisteredOut)
async def register_locations(
    body: Annotated[
        list[LocationIn],
        _example(
            {
                "code": "630104-C9",
                "name": "城西区政务服务中心二分厅（示例）",
                "kind": "centre",
                "division": "630104",
            }
        ),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """新增版本，不改旧版；全部写入或全部不写。其他服务随后得到完整内容。"""
    documents = [each.model_dump(mode="json") for each in body]
    added = await registering.register(once.session, "location", documents, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/partners", summary="登记合作方", response_model=RegisteredOut)
async def register_partners(
    body: Annotated[
        list[PartnerIn],
        _example({"code": "P-650000", "name": "示例省平台（示例）", "division": "650000"}),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """外省平台及其对接方式。"""
    documents = [each.model_dump(mode="json") for each in body]
    added = await registering.register(once.session, "partner", documents, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/agreements", summary="登记协议", response_model=RegisteredOut)
async def register_agreements(
    body: Annotated[
        list[AgreementIn],
        _example(
            {
                "id": "A-EXAMPLE",
                "name": "示例协议（示例）",
                "parties": ["620000", "630000"],
                "items": ["RS-002"],
                "delegated_powers": ["notify"],
            }
        ),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """两地之间的协议：哪些事项，委托哪些权力，期限多长。"""
    documents = [each.model_dump(mode="json") for each in body]
    added = await registering.register(once.session, "agreement", documents, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/rules", summary="登记管辖规则", response_model=RegisteredOut)
async def register_rules(
    body: Annotated[
        list[RuleIn],
        _example(
            {
                "id": "R-EXAMPLE",
                "division": "630104",
                "item_code": "XX-001",
                "level": "4",
                "location": "630104-C1",
            }
        ),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """哪个区划的哪类事项归哪里办。等待中的无法分办的办件随后自动重试。"""
    documents = [each.model_dump(mode="json") for each in body]
    added = await registering.register(once.session, "rule", documents, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


class EntriesOut(BaseModel):
    entries: list[dict[str, Any]]
    next: str | None


@router.get("/registry/{kind}", summary="查看登记内容")
async def list_registry(
    kind: Annotated[Kind, Path(description="location、partner、agreement 或 rule")],
    session: Reading,
    after: After = None,
    limit: Limit = 50,
) -> EntriesOut:
    """最新版本，按代码排序。"""
    found, following = await directory.entries(session, kind, after=after, limit=limit)
    return EntriesOut(entries=list(found), next=following)
