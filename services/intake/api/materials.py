"""The files of materials: streamed up, streamed down."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from services.intake.actions import contents
from services.intake.actions.contents import Upload
from services.intake.api.contents import ContentStoredOut, ReprDigest, stored
from services.intake.api.counters import ItemCatalogue
from services.intake.api.paths import CaseNumber, MaterialCode
from services.intake.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings
from shared.files import headers
from shared.files.media import ACCEPTED
from shared.http.etags import IfMatch
from shared.http.files import FILE_BODY, Files
from shared.http.routes import Granted, granted_route

router = APIRouter(
    prefix="/v1/cases/{case_number}/materials/{material_code}/content",
    tags=["材料"],
    route_class=granted_route(GRANTS),
)


@router.put(
    "",
    status_code=201,
    response_model=ContentStoredOut,
    summary="上传材料文件",
    responses=problems.responses(413, 415),
    openapi_extra=FILE_BODY,
)
async def put_content(
    case_number: CaseNumber,
    material_code: MaterialCode,
    request: Request,
    opening: Openings,
    files: Files,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    repr_digest: ReprDigest = None,
    if_match: IfMatch = None,
) -> Response:
    """边收边加密存放，中途断开则什么也不留。同一材料再次上传，替换前一份（前一份留档）。"""
    upload = Upload(
        stream=request.stream(),
        declared=request.headers.get("content-type"),
        repr_digest=repr_digest,
        if_match=if_match,
    )
    kept = await contents.put_content(
        opening,
        files,
        case_number,
        material_code,
        upload,
        scope=scope,
        catalogue=catalogue,
        at=now,
    )
    return stored(kept)


@router.get(
    "",
    summary="取回材料文件",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "文件本身",
            "content": {each: {} for each in sorted(ACCEPTED)},
        },
        206: {"description": "文件的一段（Range）"},
        **problems.responses(416),
    },
)
async def read_content(
    case_number: CaseNumber,
    material_code: MaterialCode,
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
    range_: Annotated[
        str | None, Header(alias="Range", max_length=100, description="只取一段，如 bytes=0-1023")
    ] = None,
) -> Response:
    """与上传的内容逐字节相同；每次取回都记入审计。支持 `Range`。"""
    async with opening() as session:
        record = await contents.find_content(
            session, case_number, material_code, scope=scope, at=now
        )
    span = headers.read_range(range_, record.size)
    start, end = span or (0, record.size)
    told = {
        "Content-Length": str(end - start),
        "Repr-Digest": record.repr_digest,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{case_number}-{material_code}"',
    }
    if span is not None:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{record.size}"
    return StreamingResponse(
        files.read(record, start, end),
        206 if span else 200,
        told,
        record.media_type,
    )
