"""Who holds which original: by case, by place, by label; over the counter and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.routing.actions import custody as actions
from services.routing.domain.destinations import Destination
from services.routing.grants import GRANTS
from services.routing.models import CustodyEntryRow, ParcelRow
from services.routing.queries import custody, lookups
from services.routing.queries import places as own_places
from services.routing.queries.lookups import Belongs
from services.routing.queries.registry import Known
from shared import problems
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["原件去向"], route_class=granted_route(GRANTS))

CaseNumber = Annotated[
    str, Path(max_length=20, description="办件编号", examples=["63000026000000123"])
]


class EntryOut(BaseModel):
    seq: int
    act: str = Field(description="take_in 收取、fill 装袋、hand_over 交寄、scan_in 扫描接收 …")
    from_holder: str = Field(description="交出方，如 location:630104-C1")
    to_holder: str = Field(description="接收方")
    at: datetime

    @classmethod
    def of(cls, row: CustodyEntryRow) -> "EntryOut":
        return cls(
            seq=row.seq,
            act=row.act,
            from_holder=row.from_holder,
            to_holder=row.to_holder,
            at=row.at,
        )


class DestinationOut(BaseModel):
    what: str = Field(
        description="stay 留在此处、send 寄往、give 交给申请人、on_its_way 在途、nothing 无须处理、"
        "search 下落不明"
    )
    location: str | None = Field(description="去哪里")
    location_name: str | None
    why: str

    @classmethod
    def of(cls, found: Destination, known: Known) -> "DestinationOut":
        place = known.registry.last_known(found.place) if found.place else None
        return cls(
            what=found.what.value,
            location=found.place,
            location_name=place.name if place else None,
            why=found.why_zh,
        )


class OriginalOut(BaseModel):
    original_id: UUID
    label: str = Field(description="原件标签", examples=["63000026000000123-01"])
    case_number: str
    kind: str = Field(description="material 申请材料、result 结果文书")
    material_code: str
    name: str
    holder: str = Field(description="现由谁持有", examples=["location:630104-C1"])
    holder_name: str
    since: datetime = Field(description="自何时起持有")
    destination: DestinationOut = Field(description="应当去哪里")

    @classmethod
    def of(cls, found: Belongs, known: Known) -> "OriginalOut":
        return cls(**_plain(found, known))


class LedgerOut(OriginalOut):
    ledger: list[EntryOut] = Field(description="全部流转记录，只增不改")


def _plain(found: Belongs, known: Known) -> dict[str, object]:
    paper = found.paper
    return {
        "original_id": paper.id,
        "label": paper.label,
        "case_number": paper.case_number,
        "kind": paper.kind.value,
        "material_code": paper.material_code,
        "name": paper.name,
        "holder": str(paper.holder),
        "holder_name": lookups.name_of(known, paper.holder),
        "since": paper.since,
        "destination": DestinationOut.of(found.destination, known),
    }


class CustodyOut(BaseModel):
    case_number: str
    originals: list[LedgerOut]


@router.get("/cases/{case_number}/custody", summary="一件办件的原件在谁手里")
async def read_custody(case_number: CaseNumber, session: Reading, scope: Granted) -> CustodyOut:
    """每份原件现由谁持有、应去哪里，以及从申请人交出起的全部流转记录。"""
    await custody.require_case(session, case_number, scope)
    papers = await custody.of_case(session, case_number)
    return CustodyOut(case_number=case_number, originals=await with_ledgers(session, papers))


async def with_ledgers(session: Reading, papers: Sequence[custody.Paper]) -> list[LedgerOut]:
    known = await lookups.known(session)
    ledgers = await custody.ledgers(session, [paper.id for paper in papers])
    return [
        LedgerOut(
            **_plain(each, known), ledger=[EntryOut.of(row) for row in ledgers[each.paper.id]]
        )
        for each in await lookups.belonging(session, papers)
    ]


class HeldOut(BaseModel):
    originals: list[OriginalOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("/custody", summary="本地点手里有哪些原件", responses=problems.responses(404))
async def list_held(
    location: Annotated[str, Query(max_length=50, description="地点", examples=["630104-C1"])],
    session: Reading,
    scope: Granted,
    after: After = None,
    limit: Limit = 50,
) -> HeldOut:
    """自何时起、为谁的办件持有、应去哪里；持有最久的在前。"""
    await own_places.require(session, location, scope)
    papers, following = await custody.held_at(session, location, after=after, limit=limit)
    known = await lookups.known(session)
    found = await lookups.belonging(session, papers)
    return HeldOut(originals=[OriginalOut.of(each, known) for each in found], next=following)


class BagOut(BaseModel):
    parcel_id: UUID
    number: str
    state: str
    from_location: str
    to_location: str
    waybill: str | None
    destination: DestinationOut

    @classmethod
    def of(cls, row: ParcelRow, destination: Destination, known: Known) -> "BagOut":
        return cls(
            parcel_id=row.id,
            number=row.number,
            state=row.state,
            from_location=row.from_location,
            to_location=row.to_location,
            waybill=row.waybill,
            destination=DestinationOut.of(destination, known),
        )


class LookupOut(BaseModel):
    kind: str = Field(description="original 原件、parcel 封装袋")
    original: OriginalOut | None = None
    parcels: list[BagOut] = Field(default_factory=list, description="一张运单可能有多袋")


@router.get("/labels/{label}", summary="扫到的是什么、该去哪里")
async def look_up_label(
    label: Annotated[
        str,
        Path(
            max_length=100,
            description="原件标签、封装袋编号、运单号或系统编号",
            examples=["63000026000000123-01"],
        ),
    ],
    session: Reading,
) -> LookupOut:
    """不含任何个人信息；捡到或拆出不认识的原件时，扫一下就知道交到哪里。"""
    found = await lookups.look_up(session, label)
    known = await lookups.known(session)
    if found.paper is not None:
        return LookupOut(kind="original", original=OriginalOut.of(found.paper, known))
    bags = [BagOut.of(row, destination, known) for row, destination in found.bags]
    return LookupOut(kind="parcel", parcels=bags)


class CounterIn(BaseModel):
    location: str = Field(max_length=50, description="窗口所在地点", examples=["630104-C1"])
    originals: list[Annotated[str, Field(max_length=100)]] = Field(
        min_length=1,
        max_length=100,
        description="原件标签或编号",
        examples=[["63000026000000123-01"]],
    )


class CounterOut(BaseModel):
    originals: list[OriginalOut]


@router.post("/custody/give-back", summary="退还申请人", response_model=CounterOut)
async def give_back_originals(
    body: CounterIn, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """当面核对身份后，把原件或结果文书交还申请人。"""
    papers = await actions.give_back(
        once.session, body.location, body.originals, scope=scope, at=now
    )
    return await once.reply(200, await _counter(once.session, papers))


@router.post("/custody/take-in", summary="再次收取原件", response_model=CounterOut)
async def take_in_originals(
    body: CounterIn, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """曾经退还的原件，申请人再次交来。"""
    papers = await actions.take_back(
        once.session, body.location, body.originals, scope=scope, at=now
    )
    return await once.reply(200, await _counter(once.session, papers))


async def _counter(session: Reading, papers: Sequence[custody.Paper]) -> CounterOut:
    known = await lookups.known(session)
    found = await lookups.belonging(session, papers)
    return CounterOut(originals=[OriginalOut.of(each, known) for each in found])
