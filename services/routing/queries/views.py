"""A handoff as its officer reads it: the application, what was noticed, what may be done next."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import duties, explanations
from services.routing.domain.duties import Allowed
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.words import LocationKind, Mode, Power
from services.routing.models import CaseRow, ContentRow, HandoffRow
from services.routing.queries import handoffs, readings, registry, transfers, words
from services.routing.queries.registry import Item, Known
from shared.audit import trail
from shared.errors import NotFoundError
from shared.means import means, origin
from shared.security.grants import Scope
from shared.security.masks import mask_text
from shared.security.personal import Personal, masked


class Party(BaseModel):
    model_config = ConfigDict(extra="allow")

    kind: str | None = None
    capacity: str | None = None
    id_type: str | None = None
    name: Annotated[str | None, Personal("name")] = None
    id_number: Annotated[str | None, Personal("id_number")] = None
    phone: Annotated[str | None, Personal("phone")] = None
    address: Annotated[str | None, Personal("address")] = None


class Delivery(BaseModel):
    model_config = ConfigDict(extra="allow")

    method: str | None = None
    postcode: str | None = None
    recipient: Annotated[str | None, Personal("name")] = None
    phone: Annotated[str | None, Personal("phone")] = None
    address: Annotated[str | None, Personal("address")] = None


class Material(BaseModel):
    model_config = ConfigDict(extra="allow")

    code: str | None = None
    form: str | None = None
    count: int | None = None
    e_certificate_id: Annotated[str | None, Personal("id_number")] = None


class Application(BaseModel):
    """What of a submission is personal; whatever it does not name is hidden."""

    model_config = ConfigDict(extra="allow")

    item_code: str | None = None
    mode: str | None = None
    channel: str | None = None
    applicant: Party | None = None
    representative: Party | None = None
    basis: dict[str, str] | None = None
    choice: str | None = None
    form: Annotated[dict[str, Any] | None, Personal("form")] = None
    materials: list[Material] | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class NoticeView:
    id: UUID
    number: int
    issued_at: datetime
    supplement_due_on: date | None
    faults: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """What an earlier step made and handed on."""

    id: UUID
    step_name: str
    location: str
    at: datetime
    name: str
    number: str | None
    file: str | None


@dataclass(frozen=True, slots=True)
class HandoffView:
    row: HandoffRow
    case: CaseRow
    application: dict[str, Any]
    materials: list[dict[str, Any]]
    explained: tuple[str, ...]
    allowed: list[str]
    notices: list[NoticeView]
    documents: list[DocumentView]
    assigned_because: str | None


async def view(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, purpose: str | None, at: datetime
) -> HandoffView:
    """Masked, unless a purpose is given; then the reading itself is put on record."""
    row = await handoffs.read_handoff(session, handoff_id, scope)
    case = await session.get(CaseRow, row.case_number)
    item = await registry.item(session, row.item_code, row.item_version)
    if case is None or item is None:
        raise NotFoundError
    known = await registry.known(session)
    if purpose is not None:
        await trail.record(
            session,
            action="application-unmasked",
            case_number=row.case_number,
            resource=f"handoff:{row.id}",
            facts={"purpose": purpose},
            at=at,
        )
    clock = readings.clock_of(row)
    return HandoffView(
        row=row,
        case=case,
        application=_application(session, case, hidden=purpose is None),
        materials=await _materials(session, row, case, item),
        explained=explanations.explain(
            clock, readings.terms_of(row, item), known.workdays_of(row.division)
        ),
        allowed=_allowed(session, row, item, known),
        notices=await _notices(session, row, item, hidden=purpose is None),
        documents=await _documents(session, row, hidden=purpose is None),
        assigned_because=_because(session, case, hidden=purpose is None),
    )


async def _materials(
    session: AsyncSession, row: HandoffRow, case: CaseRow, item: Item
) -> list[dict[str, Any]]:
    """By their names: whoever has only codes opens the catalogue beside each case."""
    files = await transfers.here(session, row)
    given = {each["code"] for each in case.materials}
    beside = [{"code": code} for code in files if code not in given]
    return [
        {
            **each,
            "name": item.materials.get(each["code"]),
            "file": _file(files.get(each["code"])),
        }
        for each in [*case.materials, *beside]
    ]


def _file(row: ContentRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "digest": row.digest,
        "size": row.size,
        "media_type": row.media_type,
        "stored_at": row.stored_at,
    }


def _because(session: AsyncSession, case: CaseRow, *, hidden: bool) -> str | None:
    said = words.assigned_because(session, case)
    return mask_text(said) if said and hidden else said


async def _documents(session: AsyncSession, row: HandoffRow, *, hidden: bool) -> list[DocumentView]:
    """Those of the other steps of the matter; a number is shown with a purpose only."""
    if row.mode != Mode.JOINT_HANDLING:
        return []
    found = []
    for act, giver in await handoffs.answers_beside(session, row):
        for document in words.read_words(session, act).get("documents", ()):
            number = None if hidden else document["number"]
            found.append(
                DocumentView(
                    id=UUID(document["id"]),
                    step_name=giver.step_name,
                    location=giver.location,
                    at=act.at,
                    name=document["name"],
                    number=number,
                    file=document.get("file"),
                )
            )
    return found


def _application(session: AsyncSession, case: CaseRow, *, hidden: bool) -> dict[str, Any]:
    content: dict[str, Any] = from_json(
        means(session).keys.open(
            "fields",
            case.application,
            context=f"routing.routed_case.application:{case.case_number}",
        )
    )
    return masked(content, Application) if hidden else content


async def _notices(
    session: AsyncSession, row: HandoffRow, item: Item, *, hidden: bool
) -> list[NoticeView]:
    found = []
    for notice in await handoffs.notices(session, row.id):
        context = f"routing.notice.faults:{notice.id}"
        gaps = from_json(means(session).keys.open("fields", notice.faults, context=context))
        faults = [
            {
                "material_code": gap["point"],
                "name": item.materials.get(gap["point"]),
                "text": None if hidden else gap["text"],
            }
            for gap in gaps
        ]
        found.append(
            NoticeView(notice.id, notice.number, notice.issued_at, notice.supplement_due_on, faults)
        )
    return found


def _allowed(session: AsyncSession, row: HandoffRow, item: Item, known: Known) -> list[str]:
    """By the duties table, for the part in which the reader would act."""
    side = readings.acting_side(row, origin(session))
    window = known.registry.last_known(row.receiving_location)
    powers = frozenset(Power(each) for each in row.powers)
    may = [
        step
        for step in Step
        if isinstance(
            duties.may(
                Mode(row.mode),
                Status(row.status),
                step,
                side,
                powers=powers,
                location_kind=window.kind if window else LocationKind.CENTRE,
            ),
            Allowed,
        )
    ]
    return [step.value for step in may if readings.fits_item(step, row, item.document)]
