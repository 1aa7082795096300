"""What the papers desk prints: the manifest of a bag, its label, the labels of its papers.

Nothing of a person stands on any of them, so that who carries a bag learns nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.destinations import Next
from services.routing.domain.parcels import State
from services.routing.models import ParcelRow
from services.routing.queries import custody, lookups, parcels, registry
from services.routing.queries.lookups import Belongs
from services.routing.queries.registry import Known
from shared.audit import trail
from shared.documents.labels import OriginalLabel, OriginalLabels, ParcelLabel
from shared.documents.lists import Manifest, Original
from shared.documents.parts import Office
from shared.errors import ConflictError
from shared.security.grants import Scope

MESSENGER = "messenger"


class ManifestOpenError(ConflictError):
    code = "manifest-open"

    def __init__(self, state: State) -> None:
        super().__init__(
            "这一袋还没有封装，清单尚未确定；封装之后再打印",
            "the bag is not sealed yet, so its manifest may still change",
            status=state.value,
        )


class NoOriginalsError(ConflictError):
    code = "no-originals"

    def __init__(self) -> None:
        super().__init__("这件办件没有留下原件，无须标签", "the case has no originals to label")


async def manifest(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, at: datetime
) -> Manifest:
    row = await parcels.read(session, parcel_id, scope)
    if row.sealed_at is None or row.state == State.OPEN:
        raise ManifestOpenError(State(row.state))
    lines = await parcels.manifest(session, parcel_id)
    known = await registry.known(session)
    await _note(session, row, "manifest-printed", at=at)
    return Manifest(
        parcel=row.number,
        seal_number=row.seal_number or "",
        sender=_office(known, row.from_location),
        receiver=_office(known, row.to_location),
        sealed_at=row.sealed_at,
        carrier=_carrier(row),
        waybill=row.waybill or "",
        originals=tuple(Original(line.label, line.case_number, line.name) for line in lines),
    )


async def parcel_label(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, at: datetime
) -> ParcelLabel:
    row = await parcels.read(session, parcel_id, scope)
    known = await registry.known(session)
    items = await parcels.items(session, parcel_id)
    await _note(session, row, "parcel-label-printed", at=at)
    return ParcelLabel(
        parcel=row.number,
        seal_number=row.seal_number or "",
        sender=_office(known, row.from_location),
        receiver=_office(known, row.to_location),
        count=len(items),
        sealed_at=row.sealed_at,
        waybill=row.waybill or "",
    )


async def original_labels(
    session: AsyncSession, case_number: str, *, skip: int, scope: Scope, at: datetime
) -> OriginalLabels:
    """One for each paper of the case, wherever it is now: a lost label can be made again."""
    await custody.require_case(session, case_number, scope)
    papers = await custody.of_case(session, case_number)
    if not papers:
        raise NoOriginalsError
    known = await registry.known(session)
    found = await lookups.belonging(session, papers)
    await trail.record(
        session,
        action="original-labels-printed",
        at=at,
        case_number=case_number,
        resource=f"case:{case_number}",
        facts={"count": len(papers)},
    )
    return OriginalLabels(labels=tuple(_label(known, each) for each in found), skip=skip)


def _label(known: Known, found: Belongs) -> OriginalLabel:
    paper, destination = found.paper, found.destination
    going = destination.place if destination.what in (Next.SEND, Next.ON_ITS_WAY) else None
    return OriginalLabel(
        paper.label,
        paper.case_number,
        paper.name,
        going_to=_office(known, going).name if going else "",
    )


def _carrier(row: ParcelRow) -> str:
    if row.carrier == MESSENGER:
        return "专人递送"
    return row.carrier or ""


def _office(known: Known, code: str) -> Office:
    document = known.documents.get(("location", code))
    if document is None:
        return Office(code)
    return Office(document["name"], address=document.get("address") or "", phone=_phone(document))


def _phone(document: Mapping[str, Any]) -> str:
    """Of whoever sees to papers there: the window's, else the named contact's."""
    phones = {each.get("role"): each.get("phone") or "" for each in document.get("contacts") or ()}
    return phones.get("window") or phones.get("point_to_point") or ""


async def _note(session: AsyncSession, row: ParcelRow, action: str, *, at: datetime) -> None:
    await trail.record(
        session, action=action, at=at, resource=f"parcel:{row.id}", outcome=row.state
    )
