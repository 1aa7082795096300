"""A whole submission as rows and as the event that carries it to the handling place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import seals
from services.intake.actions.filing import Checked, Original, Paper, Papers, Promised
from services.intake.actions.seals import Filed
from services.intake.domain import deferrals, exemptions, places, receipts, verifications
from services.intake.domain.deferrals import Kind
from services.intake.domain.items import ItemVersion
from services.intake.domain.submissions import CheckIn, MaterialIn, SubmissionIn
from services.intake.domain.words import MaterialForm
from services.intake.models import CaseRow
from services.intake.queries import cases as reads
from services.intake.queries.places import Place
from shared.chance import new_id
from shared.clock import local_date
from shared.means import means
from shared.messaging.outbox import Announcement
from shared.workdays.calendar import Workdays


@dataclass(frozen=True, slots=True)
class Whole:
    """A submission in which nothing is left to guess, at a place that may take it."""

    submission: SubmissionIn
    item: ItemVersion
    place: Place
    at: datetime


def lay_out(
    session: AsyncSession, submission: SubmissionIn, item: ItemVersion, *, on: date
) -> Papers:
    """The submission's materials as rows of their own."""
    return Papers(
        papers=[_paper(session, each, submission) for each in submission.materials],
        originals=[
            Original(new_id(), code)
            for code in receipts.originals(submission.materials, item, submission.mode)
        ],
        promises=list(promised(submission, item, on)),
        checks=checked(submission, item, submission.verifications),
    )


def checked(
    submission: SubmissionIn, item: ItemVersion, checks: Sequence[CheckIn]
) -> list[Checked]:
    """`submission` holds the papers that the checks speak of."""
    notes = {
        entry.code: receipts.note(entry, item, submission.mode)
        for entry in submission.materials
        if entry.form is MaterialForm.ORIGINAL
    }
    return [
        Checked(
            verification_id=new_id(),
            subject=check.of,
            how=check.how.value,
            became=verifications.BECAME.get(notes[check.of]) if check.of in notes else None,
        )
        for check in checks
    ]


def _paper(session: AsyncSession, entered: MaterialIn, submission: SubmissionIn) -> Paper:
    material_id, ground = new_id(), exemptions.ground(entered, submission.consent)
    return Paper(
        material_id=material_id,
        code=entered.code,
        form=entered.form.value,
        count=entered.count,
        e_certificate_sealed=seals.seal_certificate(
            means(session).keys, material_id, entered.e_certificate_id
        ),
        earlier_case=entered.earlier_case,
        spared=ground.value if ground else None,
    )


def promised(submission: SubmissionIn, item: ItemVersion, on: date) -> Iterator[Promised]:
    """A deferred paper has its last day; what is committed to is checked by the office, within a
    term that begins with its decision."""
    for kind, promise, terms in (
        (Kind.DEFERRAL, submission.deferral, item.deferral),
        (Kind.COMMITMENT, submission.commitment, item.commitment),
    ):
        by_paper = promise is not None and kind is Kind.DEFERRAL
        due = deferrals.due_on(terms, on, workdays()) if by_paper else None
        for code in promise.materials if promise else ():
            yield Promised(kind.value, code, due, due)


@cache
def workdays() -> Workdays:
    return Workdays.national()


def received(
    whole: Whole, number: str, tracking_code: str, papers: Papers, *, received_by: str | None
) -> Announcement:
    submission, delivery = whole.submission, whole.submission.delivery
    chosen = places.chosen_basis(submission, whole.item)
    event = events.CaseReceived(
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
        deferral=_promise(papers, Kind.DEFERRAL),
        commitment=_promise(papers, Kind.COMMITMENT),
        materials=given(papers),
        originals=handed_over(papers),
        application=written(submission),
        tracking_code=tracking_code,
        received_by=received_by,
    )
    return Announcement(event, subject=number, at=whole.at)


async def announce_completed(
    session: AsyncSession, case: CaseRow, filed: Filed, whole: Whole
) -> Announcement:
    """Of a case that was registered incomplete: only now does anybody else hear of it."""
    number = case.case_number
    tracking_code = seals.open_tracking(means(session).keys, number, case.tracking_sealed)
    papers = Papers(
        papers=[
            Paper(
                row.material_id, row.code, row.form, row.count, None, row.earlier_case, row.spared
            )
            for row in await reads.materials_of(session, number)
        ],
        originals=[
            Original(row.original_id, row.material_code)
            for row in await reads.originals_of(session, number)
        ],
        promises=list(promised(whole.submission, whole.item, local_date(whole.at))),
    )
    return received(whole, number, tracking_code, papers, received_by=filed.received_by)


def written(submission: SubmissionIn) -> dict[str, JsonValue]:
    """The application as it travels and is kept: what was said, without what was left out."""
    return submission.model_dump(mode="json", exclude_none=True)


# What a window may still put right; the rest of the application stays as it was handed in.
_AMENDABLE = ("applicant", "representative", "delivery", "form", "verifications")


def amended(
    number: str, submission: SubmissionIn, *, cause: str, fields: Sequence[str], at: datetime
) -> Announcement:
    """The parts as they are now, for those who keep copies."""
    whole = written(submission)
    event = events.ApplicationAmended(
        case_number=number,
        cause=cause,
        fields=tuple(fields),
        at=at,
        application={name: whole[name] for name in _AMENDABLE if name in whole},
    )
    return Announcement(event, subject=number, at=at)


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


def _promise(papers: Papers, kind: Kind) -> events.Promise | None:
    kept = [each for each in papers.promises if each.kind == kind.value]
    if not kept:
        return None
    return events.Promise(
        materials=tuple(each.material_code for each in kept), due_on=kept[0].due_on
    )
