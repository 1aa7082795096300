"""Files for acts and messages: streamed up, streamed down."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.routing.actions import attachments
from services.routing.actions.attachments import Upload
from services.routing.grants import GRANTS
from shared.clock import Now
from shared.db.transactions import Openings
from shared.files import headers
from shared.files.media import ACCEPTED
from shared.http.files import FILE_BODY, Files
from shared.http.routes import Granted, granted_route

router = APIRouter(
    prefix="/v1/cases/{case_number}/attachments",
    tags=["附件"],
    route_class=granted_route(GRANTS),
)

CaseNumber = Annotated[
    str, Path(max_length=50, description="办件编号", examples=["63000026000000123"])
]


class AttachmentOut(BaseModel):
    digest: str = Field(
        description="文件的 SHA-256，Repr-Digest 的写法；办理时填入 attachments",
        examples=["sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"],
    )
    size: int = Field(description="字节数", examples=[204800])
    media_type: str = Field(description="按内容判定的类型", examples=["application/pdf"])


@router.post(
    "",
    status_code=201,
    response_model=AttachmentOut,
    summary="上传附件",
    openapi_extra=FILE_BODY,
)
async def attach_file(
    case_number: CaseNumber,
    request: Request,
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
    repr_digest: Annotated[
        str | None,
        Header(
            alias="Repr-Digest",
            max_length=500,
            description="文件的摘要（RFC 9530），与收到的内容不符则拒收",
        ),
    ] = None,
) -> Response:
    """边收边加密存放。同一文件再次上传，是同一个附件。"""
    upload = Upload(request.stream(), request.headers.get("content-type"), repr_digest)
    record = await attachments.attach(opening, files, case_number, upload, scope=scope, at=now)
    out = AttachmentOut(digest=record.repr_digest, size=record.size, media_type=record.media_type)
    told = {"Repr-Digest": record.repr_digest}
    return Response(out.model_dump_json(), 201, told, "application/json")


@router.get(
    "/{sha256}",
    summary="取回附件",
    response_class=StreamingResponse,
    responses={200: {"description": "文件本身", "content": {each: {} for each in ACCEPTED}}},
)
async def read_attachment(
    case_number: CaseNumber,
    sha256: Annotated[
        str,
        Path(
            pattern="^[0-9a-f]{64}$",
            description="文件的 SHA-256（十六进制）",
            examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        ),
    ],
    opening: Openings,
    files: Files,
    scope: Granted,
    now: Now,
) -> Response:
    """与上传的内容逐字节相同；每次取回都记入审计。"""
    async with opening() as session:
        digest = headers.write_digest(bytes.fromhex(sha256))
        record = await attachments.find(session, case_number, digest, scope=scope, at=now)
    told = {"Content-Length": str(record.size), "Repr-Digest": record.repr_digest}
    return StreamingResponse(files.read(record), 200, told, record.media_type)
