"""The catalogue as everybody may read it: what can be applied for, how, and what to bring."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from services.intake.api.counters import ItemCatalogue
from services.intake.domain import checklists, exemptions
from services.intake.domain.checklists import Entry, Situation
from services.intake.domain.items import ItemVersion
from services.intake.domain.words import Capacity, Kind, MaterialForm, Mode
from services.intake.grants import GRANTS
from services.intake.queries import catalogue as reads
from services.intake.queries.catalogue import Catalogue
from shared.clock import Now, local_date
from shared.db.transactions import Reading
from shared.errors import NotFoundError
from shared.http import pages
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/items", tags=["事项"], route_class=granted_route(GRANTS))

Code = Annotated[str, Path(max_length=50, description="事项编码", examples=["CL-001"])]


class ItemLine(BaseModel):
    code: str = Field(examples=["CL-001"])
    version: int = Field(examples=[1])
    name: str = Field(examples=["残疾人证到期换领"])
    department: str = Field(examples=["中国残联"])
    modes: list[Mode] = Field(description="可选的通办模式")
    service_objects: list[str] = Field(description="服务对象（GB/T 39046 A.4）")


class ItemsOut(BaseModel):
    items: list[ItemLine]
    next: str | None = Field(description="下一页的 after；没有更多时为 null")


class ChecklistLine(BaseModel):
    code: str = Field(examples=["M1"])
    name: str
    needed: bool = Field(description="这位申请人、这种方式是否要交")
    why: str = Field(description="为什么要交（附条件的材料）")
    forms: list[MaterialForm] = Field(description="可以怎样提交")
    originals: int
    copies: int
    custody: str = Field(description="原件上交、交验，或不收")
    main: bool = Field(description="主要材料，不能容缺")
    deferrable: bool = Field(description="可以容缺")
    stand_ins: list[str] = Field(description="可免交纸质材料的电子证照")
    instead: str = Field(description="怎样可以免交纸质材料：电子证照、数据共享；不能免交则为空")
    issuer: str
    sample: str = Field(description="样本")
    filling_note: str
    review_points: list[str]


class ChecklistOut(BaseModel):
    """材料清单。"""

    code: str
    version: int
    name: str
    mode: Mode
    materials: list[ChecklistLine]


@router.get("", summary="查找事项")
async def list_items(
    session: Reading,
    now: Now,
    name: Annotated[
        str | None, Query(max_length=100, description="名称中的文字", examples=["残疾人证"])
    ] = None,
    department: Annotated[
        str | None, Query(max_length=100, description="主管部门", examples=["中国残联"])
    ] = None,
    mode: Annotated[Mode | None, Query(description="通办模式")] = None,
    object: Annotated[  # noqa: A002  (the parameter's public name)
        Literal["1", "2", "3", "4", "5", "6"] | None,
        Query(description="服务对象（GB/T 39046 A.4）：1 自然人，其余为法人和其他组织"),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> ItemsOut:
    """今天可以办理的事项，每个事项列出现行版本。"""
    rows = await reads.list_items(
        session,
        on=local_date(now),
        name=name,
        department=department,
        mode=mode,
        service_object=object,
        after=pages.position(after, str),
        limit=limit,
    )
    page, more = pages.cut(rows, limit)
    return ItemsOut(
        items=[ItemLine.model_validate(row, from_attributes=True) for row in page],
        next=pages.cursor(page[-1].code) if more else None,
    )


@router.get("/{code}", summary="办事指南：一个事项的全部内容")
async def read_item(
    code: Code,
    catalogue: ItemCatalogue,
    now: Now,
    version: Annotated[int | None, Query(ge=1, description="指定版本；不填则为现行版本")] = None,
) -> ItemVersion:
    """现行版本的办事指南；办件一直按收件时的版本办理，可用 `version` 查看。"""
    return await _find(catalogue, code, version, now)


@router.get("/{code}/checklist", summary="材料清单：这位申请人要带什么")
async def read_checklist(
    code: Code,
    request: Request,
    catalogue: ItemCatalogue,
    now: Now,
    mode: Annotated[Mode | None, Query(description="通办模式；不填则取事项的第一种")] = None,
    kind: Annotated[Kind | None, Query(description="申请人类别")] = None,
    age: Annotated[int | None, Query(ge=0, le=150, description="申请人年龄")] = None,
    capacity: Annotated[
        Capacity | None, Query(description="代为办理的人的身份；本人办理不填")
    ] = None,
    incapacitated: Annotated[bool, Query(description="无民事行为能力或限制民事行为能力")] = False,
    e_certificate: Annotated[
        list[str] | None, Query(max_length=20, description="申请人已有的电子证照名称")
    ] = None,
) -> ChecklistOut:
    """按申请人的情况列出材料。申请表的内容用 `form.<字段>=<值>` 给出，如
    `form.disability_kind=mental`。"""
    item = await _find(catalogue, code, None, now)
    situation = Situation(
        mode=mode or item.modes[0],
        kind=kind,
        age=age,
        incapacitated=incapacitated,
        capacity=capacity,
        form=_form(request, item),
    )
    entries = checklists.checklist(item, situation, e_certificates=e_certificate or ())
    return ChecklistOut(
        code=item.code,
        version=item.version,
        name=item.name,
        mode=mode or item.modes[0],
        materials=[_line(entry) for entry in entries],
    )


async def _find(catalogue: Catalogue, code: str, version: int | None, now: Any) -> ItemVersion:
    versions = await catalogue.versions(code)
    item = (
        versions.get(version)
        if version is not None
        else await catalogue.current(code, local_date(now))
    )
    if item is None:
        raise NotFoundError
    return item


def _form(request: Request, item: ItemVersion) -> dict[str, Any]:
    """Query values are text; the item's own schema says what they are."""
    properties: Any = item.form_schema.get("properties") or {}
    form: dict[str, Any] = {}
    for key, value in request.query_params.items():
        name = key.removeprefix("form.")
        if name != key:
            form[name] = _typed(value, (properties.get(name) or {}).get("type"))
    return form


def _typed(value: str, kind: str | None) -> Any:
    if kind == "boolean":
        return value.lower() == "true"
    if kind in {"integer", "number"} and value.isascii() and value.isdecimal():
        return int(value)
    return value


def _line(entry: Entry) -> ChecklistLine:
    material = entry.material
    return ChecklistLine(
        code=material.code,
        name=material.name,
        needed=entry.needed,
        why=entry.why.zh,
        forms=list(entry.forms),
        originals=material.originals,
        copies=material.copies,
        custody=material.custody.value,
        main=material.main,
        deferrable=material.deferrable is not None,
        stand_ins=list(entry.stand_ins),
        instead=words.zh if (words := exemptions.offered(entry)) else "",
        issuer=material.issuer,
        sample=material.sample,
        filling_note=material.filling_note,
        review_points=[point.text for point in material.review_points],
    )
