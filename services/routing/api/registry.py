"""The registry as ops change it: locations, partners, agreements, rules; dated and versioned."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, WithJsonSchema

from services.routing.actions import registering
from services.routing.domain.entries import SHAPES, Kind
from services.routing.grants import GRANTS
from services.routing.queries import directory
from shared.clock import Now
from shared.db.transactions import Reading
from shared.errors import InvalidError
from shared.http import bodies
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import granted_route


async def _names_once(request: Request) -> None:
    """An entry may be about to hold for years: nothing of it goes in silence."""
    body = await request.body()
    faults = bodies.read_once(body)[1] if body.strip() else []
    if faults:
        raise InvalidError(faults)


router = APIRouter(
    prefix="/v1",
    tags=["登记（运维）"],
    route_class=granted_route(GRANTS),
    dependencies=[Depends(_names_once)],
)


def _schema(kind: Kind) -> dict[str, Any]:
    """Shown on the page; what is wrong with an entry is found together with what contradicts the
    registry, so that everything is told at once."""
    schema = SHAPES[kind].model_json_schema()
    named = schema.pop("$defs", {})
    return {**schema, "properties": {k: _open(v, named) for k, v in schema["properties"].items()}}


def _open(part: Any, named: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_open(each, named) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return {**named[part["$ref"].rpartition("/")[2]], **rest}
    return {key: _open(value, named) for key, value in part.items()}


Location = Annotated[dict[str, Any], WithJsonSchema(_schema(Kind.LOCATION))]
Partner = Annotated[dict[str, Any], WithJsonSchema(_schema(Kind.PARTNER))]
Agreement = Annotated[dict[str, Any], WithJsonSchema(_schema(Kind.AGREEMENT))]
Rule = Annotated[dict[str, Any], WithJsonSchema(_schema(Kind.RULE))]


class RegisteredOut(BaseModel):
    registered: int = Field(description="新增的条目数；已有的版本不变")


_DATES = {"version": 1, "valid_from": "2026-01-01", "example": True}


def _example(value: dict[str, Any]) -> Any:
    return Body(openapi_examples={"示例": {"value": [{**value, **_DATES}]}}, max_length=2000)


@router.post("/locations", summary="登记地点", response_model=RegisteredOut)
async def register_locations(
    body: Annotated[
        list[Location],
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
    """新增版本，不改旧版；全部写入或全部不写，问题一次列出。其他服务随后得到完整内容。

    停用：登记新的一版，写明最后有效日；只影响此后的办件。
    """
    added = await registering.register(once.session, Kind.LOCATION, body, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/partners", summary="登记合作方", response_model=RegisteredOut)
async def register_partners(
    body: Annotated[
        list[Partner],
        _example({"code": "P-650000", "name": "示例省平台（示例）", "division": "650000"}),
    ],
    once: OncePerKey,
    now: Now,
) -> Response:
    """外省平台及其对接方式。"""
    added = await registering.register(once.session, Kind.PARTNER, body, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/agreements", summary="登记协议", response_model=RegisteredOut)
async def register_agreements(
    body: Annotated[
        list[Agreement],
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
    added = await registering.register(once.session, Kind.AGREEMENT, body, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


@router.post("/rules", summary="登记管辖规则", response_model=RegisteredOut)
async def register_rules(
    body: Annotated[
        list[Rule],
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
    added = await registering.register(once.session, Kind.RULE, body, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


class EntriesOut(BaseModel):
    entries: list[dict[str, Any]]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("/registry/export", summary="导出全部登记内容")
async def export_registry(session: Reading) -> dict[str, Any]:
    """全部条目的全部版本，可以原样导入。"""
    return await directory.export(session)


@router.post("/registry/import", summary="导入登记文件", response_model=RegisteredOut)
async def import_registry(
    body: Annotated[
        dict[str, Any],
        Body(
            openapi_examples={
                "示例": {
                    "value": {
                        "format": "tongban.directory/1",
                        "locations": [],
                        "partners": [],
                        "agreements": [],
                        "rules": [],
                    }
                }
            }
        ),
    ],
    once: OncePerKey,
    now: Now,
    dry: Annotated[bool, Query(description="true 只检查，不写入")] = False,
) -> Response:
    """整个文件全部写入或全部不写；所有问题按行、按字段一次列出。"""
    added = await registering.import_directory(once.session, body, dry=dry, at=now)
    return await once.reply(200, RegisteredOut(registered=added))


class RepublishedOut(BaseModel):
    republished: int = Field(description="重新发布的地点数")


@router.post("/registry/republication", summary="重新发布全部地点", response_model=RepublishedOut)
async def republish_registry(once: OncePerKey, now: Now) -> Response:
    """把每个地点的完整内容再告知其他服务一次；用于重建其副本。"""
    told = await registering.republish(once.session, at=now)
    return await once.reply(200, RepublishedOut(republished=told))


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
