"""The catalogue as a whole: imported, all of a file or nothing of it, and exported."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake.actions import catalogue as actions
from services.intake.api.examples import CATALOGUES
from services.intake.domain import catalogue_files
from services.intake.domain.catalogue_files import FileKind
from services.intake.domain.catalogues import Catalogue
from services.intake.grants import GRANTS
from services.intake.queries import catalogue as reads
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/catalogue", tags=["事项"], route_class=granted_route(GRANTS))

CSV = "text/csv"


class ImportedOut(BaseModel):
    added: int = Field(description="新增的版本")
    changed: int = Field(description="改变的版本：草稿，或已发布版本的状态和失效日期")
    unchanged: int = Field(description="与现有相同的版本")
    dry: bool = Field(description="只检查，没有保存")


async def _file(request: Request) -> Catalogue:
    """Read before a transaction begins, and beside the loop: a file may hold thousands of items."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind = FileKind.CSV if declared == CSV else FileKind.JSON
    return await asyncio.to_thread(catalogue_files.read, await request.body(), kind)


CatalogueFile = Annotated[Catalogue, Depends(_file)]

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "事项目录：JSON（`items` 列表）或 CSV 表格，UTF-8 或 GB18030，不超过 20 MB",
        "content": {
            "application/json": {"schema": {"type": "object"}, "examples": CATALOGUES},
            CSV: {"schema": {"type": "string"}},
        },
    }
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, CSV: {}}, "description": "事项目录文件"}
}


@router.post(
    "", summary="导入事项目录（JSON 或 CSV）", response_model=ImportedOut, openapi_extra=_BODY
)
async def import_catalogue(
    file: CatalogueFile,
    once: OncePerKey,
    now: Now,
    dry: Annotated[bool, Query(description="只检查，不保存")] = False,
) -> Response:
    """整份文件全部导入，或者全部不导入：有任何问题时答复 422，逐行逐项一次列出。

    已发布的版本只能改变状态和失效日期；其他更改须发布新版本，办件一直按收件时的版本办理。
    CSV 的格式与导出相同：一个事项一行，步骤、材料、特别程序、问答各占一行。
    """
    imported = await actions.import_catalogue(once.session, file, at=now, dry=dry)
    out = ImportedOut(
        added=imported.added, changed=imported.changed, unchanged=imported.unchanged, dry=dry
    )
    return await once.reply(200, out)


class RepublishedOut(BaseModel):
    republished: int = Field(description="重新发布的事项版本数")


@router.post("/republication", summary="重新发布全部事项", response_model=RepublishedOut)
async def republish_catalogue(once: OncePerKey, now: Now) -> Response:
    """把每个事项的每个已发布版本再告知其他服务一次；用于重建其副本。"""
    told = await actions.republish(once.session, at=now)
    return await once.reply(200, RepublishedOut(republished=told))


@router.get("", summary="导出事项目录（JSON 或 CSV）", response_class=Response, responses=_FILES)
async def export_catalogue(
    session: Reading,
    format: Annotated[  # noqa: A002  (the parameter's public name)
        FileKind, Query(description="json；csv 可用表格软件打开")
    ] = FileKind.JSON,
    code: Annotated[list[str] | None, Query(max_length=200, description="只导出这些事项")] = None,
) -> Response:
    """全部事项的全部版本（包括草稿），修改后可以原样导入。

    CSV 中以公式符号开头的文字前加一个单引号，表格软件不会把它当作公式；导入时自动去掉。
    """
    items = await reads.every_version(session, code)
    content = await asyncio.to_thread(catalogue_files.write, items, format)
    return Response(
        content,
        media_type=f"{CSV}; charset=utf-8" if format is FileKind.CSV else "application/json",
        headers={"Content-Disposition": f'attachment; filename="catalogue.{format}"'},
    )
