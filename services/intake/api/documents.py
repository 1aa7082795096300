"""The papers of a case as PDF: what there is now, and one of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.intake.actions import printing, signing
from services.intake.actions.contents import Upload
from services.intake.actions.printing import Prepared, Printable, Wanted
from services.intake.actions.signing import Place
from services.intake.api.contents import ContentStoredOut, ReprDigest, stored
from services.intake.api.counters import ItemCatalogue
from services.intake.api.paths import CaseNumber
from services.intake.domain.papers import Paper
from services.intake.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings, Reading
from shared.documents import replies
from shared.documents.documents import Printing
from shared.files.store import FileStore
from shared.http.etags import IfMatch
from shared.http.files import Files
from shared.http.routes import Granted, granted_route

router = APIRouter(
    prefix="/v1/cases/{case_number}/documents",
    tags=["文书"],
    route_class=granted_route(GRANTS),
)


class DocumentOut(BaseModel):
    kind: Paper = Field(description="文书种类，打印时用", examples=["receipt"])
    title: str = Field(examples=["收件凭证"])
    issued_at: datetime | None = Field(description="出具的时间")
    document_id: UUID | None = Field(description="同类文书有多份时，用它指定一份")
    signed: bool = Field(description="已有盖章或签字的 PDF，打印时即用它")
    url: str = Field(
        description="PDF 地址", examples=["/intake/v1/cases/63000026000000123/documents/receipt"]
    )


class DocumentsOut(BaseModel):
    documents: list[DocumentOut] = Field(description="现在可以打印的文书，先出的在前")


async def _public_url(request: Request) -> str:
    url: str = request.app.state.public_url
    return url


PublicUrl = Annotated[str, Depends(_public_url)]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "PDF，A4"},
    **problems.responses(409),
}
DocumentId = Annotated[UUID | None, Query(description="同类文书有多份时指定一份；不填则为最近一份")]
_SIGNED_BODY = {
    "requestBody": {
        "required": True,
        "description": "PDF 文件，不超过 50 MB",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_KINDS = "；".join(f"{paper.value} {paper.zh}" for paper in Paper)


@router.get("", summary="现在可以打印哪些文书")
async def list_documents(
    case_number: CaseNumber, session: Reading, scope: Granted, catalogue: ItemCatalogue
) -> DocumentsOut:
    """办件走到哪一步，就有哪些文书。视为受理的办件没有受理通知书。"""
    there = await printing.list_papers(session, case_number, scope=scope, catalogue=catalogue)
    return DocumentsOut(documents=[_out(case_number, each) for each in there])


def _out(number: str, each: Printable) -> DocumentOut:
    url = f"/intake/v1/cases/{number}/documents/{each.paper.value}"
    return DocumentOut(
        kind=each.paper,
        title=each.title,
        issued_at=each.issued_at,
        document_id=each.id,
        signed=each.signed is not None,
        url=f"{url}?document_id={each.id}" if each.id else url,
    )


@router.get("/{kind}", summary="打印文书（PDF）", response_class=Response, responses=_PDF)
async def print_document(
    case_number: CaseNumber,
    kind: Annotated[Paper, Path(description=_KINDS, examples=["receipt"])],
    opening: Openings,
    typesetter: Printing,
    scope: Granted,
    catalogue: ItemCatalogue,
    public_url: PublicUrl,
    now: Now,
    files: Files,
    document_id: DocumentId = None,
    unsigned: Annotated[
        bool, Query(description="即使已有盖章的 PDF，仍打印系统排版、盖章处留白的一份")
    ] = False,
) -> Response:
    """机关上传了自己盖章（电子签章）的 PDF 的，原样给出；没有的，由系统排版。

    盖章处留白，只写机关名称；收件凭证不代表受理。还没有这种文书时答复 409，说明现在有哪些。

    字库里没有的字答复 422，逐字指出，不会印成空框。谁打印了什么都记入审计。
    """
    async with opening() as session:
        prepared = await printing.prepare(
            session,
            case_number,
            Wanted(kind, document_id, unsigned),
            scope=scope,
            catalogue=catalogue,
            public_url=public_url,
            at=now,
        )
    if prepared.made is None:
        return _streamed(prepared, files, case_number)
    pdf = await typesetter.render(prepared.made, at=now)
    return replies.pdf(pdf, name=f"{prepared.title}-{case_number}")


def _streamed(prepared: Prepared, files: FileStore, number: str) -> Response:
    assert prepared.signed is not None, "either made or signed"  # noqa: S101
    record = signing.record_of(prepared.signed)
    told = replies.headers(name=f"{prepared.title}-{number}")
    length = {"Content-Length": str(record.size), "Repr-Digest": record.repr_digest}
    return StreamingResponse(files.read(record), 200, told | length, replies.MEDIA_TYPE)


@router.put(
    "/{kind}/signed",
    status_code=201,
    response_model=ContentStoredOut,
    summary="上传盖章或签字的文书（PDF）",
    responses=problems.responses(409, 413, 415),
    openapi_extra=_SIGNED_BODY,
)
async def put_signed_document(
    case_number: CaseNumber,
    kind: Annotated[Paper, Path(description=_KINDS, examples=["acceptance"])],
    request: Request,
    opening: Openings,
    files: Files,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    document_id: DocumentId = None,
    repr_digest: ReprDigest = None,
    if_match: IfMatch = None,
) -> Response:
    """机关自己签章的 PDF，或申请人签字的承诺书扫描件。此后打印即用它；再次上传替换前一份（留档）。

    只接收内容确为 PDF 的文件。办件还没有这种文书时答复 409。
    """
    upload = Upload(
        stream=request.stream(),
        declared=request.headers.get("content-type"),
        repr_digest=repr_digest,
        if_match=if_match,
    )
    place = Place(case_number, Wanted(kind, document_id), scope, catalogue)
    return stored(await signing.put_signed(opening, files, place, upload, at=now))
