"""What travelled without paper: who sent what to whom, and the files themselves."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.routing.actions import fetching, partner_accesses
from services.routing.actions.fetching import Fetched, Written
from services.routing.api.custody import CaseNumber
from services.routing.api.handoffs import HandoffId, Purpose
from services.routing.grants import GRANTS
from services.routing.queries import custody, transfers
from shared.clock import Now
from shared.db.transactions import Openings, Reading
from shared.files import headers
from shared.files.store import FileStore
from shared.http.files import Files
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["电子材料流转"], route_class=granted_route(GRANTS))


RangeHeader = Annotated[
    str | None, Header(alias="Range", max_length=100, description="只取一段，如 bytes=0-1023")
]


class TransferOut(BaseModel):
    id: UUID
    subject_id: UUID = Field(description="哪一份：材料文件或文书的系统编号")
    handoff_id: UUID
    what: str = Field(description="content 材料文件、document 步骤之间移交的文书")
    material_code: str | None
    digest: str = Field(description="发送时的摘要")
    from_location: str
    to_location: str
    sent_at: datetime = Field(description="发送时间")
    received_at: datetime = Field(description="进入办理地系统的时间（电子签名法第11条）")
    verified_at: datetime | None = Field(description="办理地核对摘要一致的时间")


class TransfersOut(BaseModel):
    transfers: list[TransferOut]


@router.get("/cases/{case_number}/transfers", summary="电子材料何时发出、收到、核对")
async def list_transfers(case_number: CaseNumber, session: Reading, scope: Granted) -> TransfersOut:
    """每份文件和文书：摘要、从哪里到哪里、发出、收到和核对的时间。"""
    await custody.require_case(session, case_number, scope)
    rows = await transfers.of_case(session, case_number)
    return TransfersOut(
        transfers=[TransferOut.model_validate(row, from_attributes=True) for row in rows]
    )


@router.get(
    "/handoffs/{handoff_id}/materials/{material_code}/content",
    summary="取材料文件",
    response_class=StreamingResponse,
    responses={206: {"description": "文件的一段（Range）"}},
)
async def read_material_content(
    handoff_id: HandoffId,
    material_code: Annotated[str, Path(max_length=100, description="材料编码", examples=["M1"])],
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
    range_: RangeHeader = None,
) -> Response:
    """与窗口上传的逐字节相同：首次取用时核对摘要并记下。每次取用都记入审计。"""
    found = await fetching.fetch_content(
        opening, files, handoff_id, material_code, purpose=purpose, scope=scope, at=now
    )
    return _streamed(files, found, range_)


@router.get(
    "/handoffs/{handoff_id}/documents/{document_id}/content",
    summary="取其他步骤移交的文书",
    response_class=StreamingResponse,
    responses={206: {"description": "文件的一段（Range）"}},
)
async def read_handed_document(
    handoff_id: HandoffId,
    document_id: Annotated[
        UUID,
        Path(description="文书编号（系统）", examples=["01990000-0000-7000-8000-000000000001"]),
    ],
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
    range_: RangeHeader = None,
) -> Response:
    """多地联办：移交的文书文件，首次取用时核对摘要并记下；没有文件的，给出登记的内容（JSON）。"""
    found = await fetching.fetch_document(
        opening, files, handoff_id, document_id, purpose=purpose, scope=scope, at=now
    )
    if isinstance(found, Written):
        told = {"Repr-Digest": headers.write_digest(found.sha256), "Cache-Control": "no-store"}
        return Response(found.content, headers=told, media_type="application/json")
    return _streamed(files, found, range_)


@router.get(
    "/partner-messages/{told_id}/file",
    summary="合作方取回告知的文件",
    response_class=StreamingResponse,
    responses={206: {"description": "文件的一段（Range），断线后由此续取"}},
)
async def read_told_file(
    told_id: Annotated[
        UUID,
        Path(description="告知编号", examples=["01990000-0000-7000-8000-000000000001"]),
    ],
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
    range_: RangeHeader = None,
) -> Response:
    """材料文件，或随一步办理的附件：只给被告知的合作方，每次取回记入审计。
    长度和摘要见告知的内容，取回后须自行核对。"""
    async with opening() as session:
        found = await partner_accesses.read_told_file(session, told_id, scope=scope, at=now)
    return _streamed(files, found, range_)


def _streamed(files: FileStore, found: Fetched, range_: str | None) -> Response:
    record = found.record
    span = headers.read_range(range_, record.size)
    start, end = span or (0, record.size)
    told = {
        "Content-Length": str(end - start),
        "Repr-Digest": record.repr_digest,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{found.name}"',
    }
    if span is not None:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{record.size}"
    return StreamingResponse(
        files.read(record, start, end), 206 if span else 200, told, record.media_type
    )
