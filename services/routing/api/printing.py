"""Paper for the papers desk, as PDF: manifest, label of a bag, labels of originals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.routing.actions import printing
from services.routing.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings
from shared.documents import replies
from shared.documents.documents import Printing
from shared.documents.labels import PER_SHEET
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["材料流转"], route_class=granted_route(GRANTS))

ParcelId = Annotated[
    UUID,
    Path(description="封装袋的系统编号", examples=["01890000-0000-7000-8000-000000000001"]),
]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "PDF"},
    **problems.responses(409),
}


@router.get(
    "/parcels/{parcel_id}/manifest",
    summary="材料交接清单（PDF）",
    response_class=Response,
    responses=_PDF,
)
async def print_manifest(
    parcel_id: ParcelId, opening: Openings, typesetter: Printing, scope: Granted, now: Now
) -> Response:
    """A4，带封装袋条码和每件材料的标签，供拆封时逐件勾对；封装之后才能打印。不含个人信息。"""
    async with opening() as session:
        found = await printing.manifest(session, parcel_id, scope=scope, at=now)
    return replies.pdf(await typesetter.render(found, at=now), name=f"交接清单-{found.parcel}")


@router.get(
    "/parcels/{parcel_id}/label",
    summary="封装袋标签（PDF）",
    response_class=Response,
    responses=_PDF,
)
async def print_parcel_label(
    parcel_id: ParcelId, opening: Openings, typesetter: Printing, scope: Granted, now: Now
) -> Response:
    """100×150 毫米，贴在袋上；条码是封装袋编号，扫一下就知道送往哪里。不含个人信息。"""
    async with opening() as session:
        found = await printing.parcel_label(session, parcel_id, scope=scope, at=now)
    return replies.pdf(await typesetter.render(found, at=now), name=f"袋标签-{found.parcel}")


@router.get(
    "/cases/{case_number}/labels",
    summary="一件办件的原件标签（PDF）",
    response_class=Response,
    responses=_PDF,
)
async def print_original_labels(
    case_number: Annotated[
        str, Path(max_length=20, description="办件编号", examples=["63000026000000123"])
    ],
    opening: Openings,
    typesetter: Printing,
    scope: Granted,
    now: Now,
    skip: Annotated[
        int,
        Query(
            ge=0,
            lt=PER_SHEET,
            description="这张标签纸上已经用掉的格数，从左到右、从上到下数",
            examples=[0],
        ),
    ] = 0,
) -> Response:
    """A4 标签纸 3×8，每枚 70×37 毫米；每份原件一枚，条码是原件标签。不含个人信息。"""
    async with opening() as session:
        found = await printing.original_labels(session, case_number, skip=skip, scope=scope, at=now)
    return replies.pdf(await typesetter.render(found, at=now), name=f"原件标签-{case_number}")
