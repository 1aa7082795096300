"""Everything of one case that its papers are printed from, read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import seals
from services.intake.actions.asking import COMPLETION
from services.intake.domain import papers
from services.intake.domain.items import ItemVersion
from services.intake.domain.papers import Letter, Said
from services.intake.domain.submissions import MaterialIn, PartialParty, SubmissionIn
from services.intake.domain.words import Capacity, IdType, MaterialForm
from services.intake.models import (
    CaseRow,
    HandoffRow,
    LocationRow,
    MaterialRow,
    NoticeRow,
    PromiseRow,
    SignedPaperRow,
    VerificationRow,
)
from services.intake.queries import cases as reads
from services.intake.queries import places, promises
from services.intake.queries.catalogue import Catalogue
from shared.clock import local_date
from shared.documents.parts import Matter, Office, Person
from shared.means import means
from shared.security.masks import mask_id_number


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter of an office, opened; `place` counts those of its kind."""

    id: UUID
    kind: Letter
    location: str
    issued_at: datetime
    said: Said
    place: int


@dataclass(frozen=True, slots=True)
class Told:
    """A one-time notice, opened; `place` counts those of the case."""

    row: NoticeRow
    faults: Sequence[Mapping[str, Any]]
    place: int


@dataclass(frozen=True, slots=True)
class Dossier:
    case: CaseRow
    item: ItemVersion
    submission: SubmissionIn
    received_by: str
    tracking_code: str
    handoffs: Sequence[HandoffRow]
    materials: Sequence[MaterialRow]
    completions: frozenset[UUID]
    promises: Sequence[PromiseRow]
    notices: Sequence[Told]
    letters: Sequence[Sent]
    places: Mapping[str, LocationRow]
    signed: Sequence[SignedPaperRow] = ()
    verifications: Sequence[VerificationRow] = ()

    @property
    def matter(self) -> Matter:
        return Matter(
            self.item.name,
            code=self.item.implementation_code or self.item.code,
            licence=papers.is_licence(self.item),
        )

    @property
    def window(self) -> Office:
        return self.office(self.case.receiving_location)

    @property
    def received_on(self) -> date:
        return local_date(self.case.received_at)

    @property
    def accepted_on(self) -> date:
        return local_date(self.case.accepted_at or self.case.received_at)

    @property
    def handling(self) -> Office | None:
        """Who speaks to the applicant; nothing while that is still being found."""
        lead = next((row for row in self.handoffs if row.lead), None)
        return self.office((lead or self.handoffs[0]).location) if self.handoffs else None

    @property
    def authority(self) -> Office:
        """The same, by its kind where the place is not known yet."""
        return self.handling or Office(self.item.handling_body or self.item.department)

    def office(self, code: str) -> Office:
        row = self.places.get(code)
        if row is None:
            return Office(code)
        return Office(
            row.name, address=row.address or "", phone=row.phone or "", hours=row.opening or ""
        )

    def applicant(self, *, whole: bool) -> Person:
        """`whole`: with the full number, for what the applicant signs."""
        applicant = self.submission.applicant
        return Person(applicant.name, identity=_identity(applicant, whole=whole))

    def representative(self, *, whole: bool) -> Person | None:
        acting = self.submission.representative
        if acting is None or acting.capacity is Capacity.HELPER:
            return None
        identity = _identity(acting, whole=whole)
        return Person(acting.name, identity=identity, capacity=acting.capacity.zh)

    def brought(self) -> tuple[MaterialIn, ...]:
        """What lay on the counter when the case was received or completed, not what came later."""
        return tuple(
            entered(row)
            for row in self.materials
            if row.supplement_id is None or row.supplement_id in self.completions
        )

    def name_of(self, material_code: str) -> str:
        material = self.item.material(material_code)
        return material.name if material else material_code

    def of_kind(self, *kinds: Letter) -> list[Sent]:
        return [each for each in self.letters if each.kind in kinds]


def entered(row: MaterialRow) -> MaterialIn:
    return MaterialIn(code=row.code, form=MaterialForm(row.form), count=row.count)


def _identity(party: PartialParty, *, whole: bool) -> str:
    paper = party.id_type
    if paper is None:
        return ""
    if paper is IdType.BEING_FOUNDED or not party.id_number:
        return paper.zh
    # A credit code is public; a person's number is shown whole only where they sign beside it.
    open_ = whole or paper is IdType.USCC
    shown = party.id_number if open_ else mask_id_number(party.id_number)
    return f"{paper.zh} {shown}"


async def fetch(session: AsyncSession, case: CaseRow, catalogue: Catalogue) -> Dossier:
    number, keys = case.case_number, means(session).keys
    filed = seals.open_application(keys, number, case.application_sealed)
    handoffs = await reads.handoffs_of(session, number)
    letters = await _letters(session, number)
    named = {case.receiving_location, *(row.location for row in handoffs)}
    named |= {each.location for each in letters}
    named |= {each.said.by_location for each in letters if each.said.by_location}
    notices = await reads.notices_of(session, number)
    named |= {row.location for row in notices}
    requests = await reads.requests_of(session, number)
    return Dossier(
        case=case,
        item=await catalogue.version(session, case.item_code, case.item_version),
        submission=filed.submission,
        received_by=filed.received_by or case.received_by,
        tracking_code=seals.open_tracking(keys, number, case.tracking_sealed),
        handoffs=handoffs,
        materials=await reads.materials_of(session, number),
        completions=frozenset(row.request_id for row in requests if row.kind == COMPLETION),
        promises=await promises.of_case(session, number),
        notices=[
            Told(row, seals.open_faults(keys, row.notice_id, row.faults_sealed), place)
            for place, row in enumerate(notices, 1)
        ],
        letters=letters,
        places=await places.known_as(session, sorted(named)),
        signed=await reads.signed_of(session, number),
        verifications=await reads.verifications_of(session, number),
    )


async def _letters(session: AsyncSession, number: str) -> list[Sent]:
    keys, found = means(session).keys, []
    counts: dict[str, int] = {}
    for row in await reads.letters_of(session, number):
        counts[row.kind] = counts.get(row.kind, 0) + 1
        said = seals.open_letter(keys, row.letter_id, row.said_sealed)
        kind, place = Letter(row.kind), counts[row.kind]
        found.append(Sent(row.letter_id, kind, row.location, row.issued_at, said, place))
    return found
