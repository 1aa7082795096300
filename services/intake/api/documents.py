"""The papers of a case as PDF: what there is now, and one of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake.actions import printing
from services.intake.actions.printing import Printable, Wanted
from services.intake.api.counters import ItemCatalogue
from services.intake.api.paths import CaseNumber
from services.intake.domain.papers import Paper
from services.intake.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings, Reading
from shared.documents import replies
from shared.documents.documents import Printing
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
    document_id: Annotated[
        UUID | None, Query(description="同类文书有多份时指定一份；不填则为最近一份")
    ] = None,
) -> Response:
    """盖章处留白，只写机关名称；收件凭证不代表受理。还没有这种文书时答复 409，说明现在有哪些。

    字库里没有的字答复 422，逐字指出，不会印成空框。谁打印了什么都记入审计。
    """
    async with opening() as session:
        document, title = await printing.prepare(
            session,
            case_number,
            Wanted(kind, document_id),
            scope=scope,
            catalogue=catalogue,
            public_url=public_url,
            at=now,
        )
    pdf = await typesetter.render(document, at=now)
    return replies.pdf(pdf, name=f"{title}-{case_number}")
