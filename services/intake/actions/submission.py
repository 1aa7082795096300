"""Check, and submit: everything that is wrong at once, or a case on file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import blinding, filing
from services.intake.actions.circumstances import Counter, find_faults
from services.intake.actions.filing import Original, Paper, Papers, Promised
from services.intake.actions.numbers import Slip
from services.intake.actions.seals import seal_application, seal_certificate, seal_tracking
from services.intake.domain import deficiencies, places
from services.intake.domain.items import ItemVersion, Term
from services.intake.domain.submissions import MaterialIn, SubmissionIn
from services.intake.domain.words import Custody, MaterialForm, Unit
from services.intake.queries.catalogue import Catalogue
from services.intake.queries.places import Place
from shared.audit import trail
from shared.chance import new_id, new_tracking_code
from shared.clock import local_date
from shared.errors import Fault, InvalidError
from shared.means import means, origin
from shared.messaging.outbox import Announcement
from shared.workdays.calendar import Workdays

RECEIVED = "received"
INCOMPLETE = "received_incomplete"


@dataclass(frozen=True, slots=True)
class Taken:
    """What the window gives back to the applicant."""

    case_number: str
    tracking_code: str
    status: str
    received_at: datetime
    item_code: str
    item_version: int
    originals: Sequence[Original]
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A submission in which nothing is left to guess, at a place that may take it."""

    submission: SubmissionIn
    item: ItemVersion
    place: Place
    at: datetime


async def check_case(
    session: AsyncSession, counter: Counter, catalogue: Catalogue
) -> Sequence[Fault]:
    return await find_faults(session, counter, catalogue)


async def submit_case(
    session: AsyncSession, counter: Counter, slip: Slip, catalogue: Catalogue
) -> Taken:
    faults = await find_faults(session, counter, catalogue)
    if faults and not _may_be_kept(counter, faults):
        raise InvalidError(faults)
    return await _file(session, _whole(counter), slip.use(), faults)


def _whole(counter: Counter) -> _Whole:
    if counter.item is None or counter.place is None:
        raise TypeError("a submission without item or place has faults")
    return _Whole(counter.reading.whole(), counter.item, counter.place, counter.at)


def _may_be_kept(counter: Counter, faults: Sequence[Fault]) -> bool:
    """The clerk asked to register the visit, and only papers are missing (首问负责)."""
    wanted = counter.reading.submission.keep_incomplete is True
    return wanted and deficiencies.only_materials_missing(faults)


async def _file(
    session: AsyncSession, whole: _Whole, number: str, faults: Sequence[Fault]
) -> Taken:
    tracking_code = new_tracking_code()
    status = INCOMPLETE if faults else RECEIVED
    papers = lay_out(session, whole.submission, whole.item, on=local_date(whole.at))
    columns = _columns(session, whole, number, tracking_code) | {
        "status": status,
        "next_actor": "receiving" if faults else "handling",
    }
    announcements = []
    if not faults:
        event = case_received(session, whole, number, tracking_code, papers)
        announcements.append(Announcement(event, subject=number, at=whole.at))
    audit = trail.entry(
        origin(session),
        keys=means(session).keys,
        action="case-received",
        at=whole.at,
        case_number=number,
        facts={
            "item": whole.item.code,
            "version": whole.item.version,
            "mode": whole.submission.mode.value,
            "status": status,
            "originals": len(papers.originals),
        },
    )
    await filing.file_case(session, columns, papers, announcements=announcements, audit=audit)
    return Taken(
        case_number=number,
        tracking_code=tracking_code,
        status=status,
        received_at=whole.at,
        item_code=whole.item.code,
        item_version=whole.item.version,
        originals=papers.originals,
        faults=faults,
    )


def _columns(
    session: AsyncSession, whole: _Whole, number: str, tracking_code: str
) -> dict[str, object]:
    submission, keys = whole.submission, means(session).keys
    applicant, delivery = submission.applicant, submission.delivery
    chosen = places.chosen_basis(submission, whole.item)
    acting = submission.representative
    phone = applicant.phone or (acting.phone if acting else None)
    return {
        "case_number": number,
        "tracking_index": keys.blind(blinding.TRACKING, tracking_code),
        "tracking_sealed": seal_tracking(keys, number, tracking_code),
        "item_code": whole.item.code,
        "item_version": whole.item.version,
        "mode": submission.mode.value,
        "channel": submission.channel.value,
        "receiving_location": whole.place.code,
        "receiving_division": whole.place.division,
        "received_by": origin(session).actor,
        "received_at": whole.at,
        "priority": "green" if submission.is_green else "normal",
        "basis": dict(submission.basis),
        "chosen_basis": chosen.value if chosen else None,
        "delivery_method": delivery.method.value if delivery else None,
        "applicant_kind": applicant.kind.value,
        "name_index": blinding.name_index(keys, applicant.name),
        "id_number_index": blinding.number_index(keys, applicant.id_number),
        "phone_index": blinding.phone_index(keys, phone),
        "application_sealed": seal_application(
            keys, number, submission, received_by=origin(session).name
        ),
        "changed_at": whole.at,
    }


def case_received(
    session: AsyncSession, whole: _Whole, number: str, tracking_code: str, papers: Papers
) -> events.CaseReceived:
    submission, delivery = whole.submission, whole.submission.delivery
    chosen = places.chosen_basis(submission, whole.item)
    return events.CaseReceived(
        case_number=number,
        item_code=whole.item.code,
        item_version=whole.item.version,
        mode=submission.mode.value,
        channel=submission.channel.value,
        receiving_location=whole.place.code,
        basis=dict(submission.basis),
        chosen_basis=chosen.value if chosen else None,
        received_at=whole.at,
        priority="green" if submission.is_green else "normal",
        delivery_method=delivery.method.value if delivery else None,
        deferral=_promise(papers, "deferral"),
        commitment=_promise(papers, "commitment"),
        materials=given(papers),
        originals=handed_over(papers),
        application=written(submission),
        tracking_code=tracking_code,
        received_by=origin(session).name,
    )


def written(submission: SubmissionIn) -> dict[str, JsonValue]:
    """The application as it travels and is kept: what was said, without what was left out."""
    return submission.model_dump(mode="json", exclude_none=True)


def given(papers: Papers) -> tuple[events.MaterialGiven, ...]:
    return tuple(
        events.MaterialGiven(code=each.code, form=each.form, count=each.count)
        for each in papers.papers
    )


def handed_over(papers: Papers) -> tuple[events.OriginalGiven, ...]:
    return tuple(
        events.OriginalGiven(original_id=each.original_id, material_code=each.material_code)
        for each in papers.originals
    )


def _promise(papers: Papers, kind: str) -> events.Promise | None:
    kept = [each for each in papers.promises if each.kind == kind]
    if not kept:
        return None
    return events.Promise(
        materials=tuple(each.material_code for each in kept), due_on=kept[0].due_on
    )


def lay_out(
    session: AsyncSession, submission: SubmissionIn, item: ItemVersion, *, on: date
) -> Papers:
    """The submission's materials as rows of their own."""
    return Papers(
        papers=[_paper(session, each) for each in submission.materials],
        originals=list(originals_of(submission.materials, item)),
        promises=list(_promised(submission, item, on)),
    )


def _paper(session: AsyncSession, entered: MaterialIn) -> Paper:
    material_id = new_id()
    return Paper(
        material_id=material_id,
        code=entered.code,
        form=entered.form.value,
        count=entered.count,
        e_certificate_sealed=seal_certificate(
            means(session).keys, material_id, entered.e_certificate_id
        ),
        earlier_case=entered.earlier_case,
    )


def originals_of(materials: Sequence[MaterialIn], item: ItemVersion) -> Iterator[Original]:
    """Each original that stays at the counter; what is only shown goes home with its owner."""
    for entered in materials:
        material = item.material(entered.code)
        stays = material is not None and material.custody is Custody.HANDED_IN
        if stays and entered.form is MaterialForm.ORIGINAL:
            for _ in range(entered.count):
                yield Original(new_id(), entered.code)


def _promised(submission: SubmissionIn, item: ItemVersion, on: date) -> Iterator[Promised]:
    if submission.deferral is not None:
        due = _after(item.deferral.term, on)
        for code in submission.deferral.materials:
            yield Promised("deferral", code, due)
    if submission.commitment is not None:
        due = _after(item.commitment.later_check_within, on)
        for code in submission.commitment.materials:
            yield Promised("commitment", code, due)


def _after(term: Term | None, on: date) -> date | None:
    if term is None or term.value is None:
        return None
    if term.unit is Unit.NATURAL_DAY:
        return _calendar().add_natural(on, term.value).due
    return _calendar().add(on, term.value).due


@cache
def _calendar() -> Workdays:
    return Workdays.national()
