"""Check, and submit: everything that is wrong at once, or a case on file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import applications, blinding, filing, seals
from services.intake.actions.applications import Whole
from services.intake.actions.circumstances import Counter, find_faults
from services.intake.actions.filing import Notice, Original
from services.intake.actions.numbers import Slip
from services.intake.domain import cases, deficiencies, grounds, places
from services.intake.domain.cases import What
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.chance import new_id, new_tracking_code
from shared.clock import local_date
from shared.errors import Fault, InvalidError
from shared.http.idempotency import Along
from shared.means import acted_at, means, origin
from shared.messaging.outbox import Announcement


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


async def check_case(
    session: AsyncSession, counter: Counter, catalogue: Catalogue
) -> Sequence[Fault]:
    return await find_faults(session, counter, catalogue)


# A partner's word of when its window took a case is believed as far back as this.
_OLDEST = timedelta(days=60)

# What is answered to the caller, kept along with the case.
Answer = Callable[[Taken], Along]


async def submit_case(
    session: AsyncSession, counter: Counter, slip: Slip, catalogue: Catalogue, answer: Answer
) -> Along:
    """One statement does all of it, so the session needs no transaction around it."""
    faults = await find_faults(session, counter, catalogue)
    if faults and not _may_be_kept(counter, faults):
        raise InvalidError(faults)
    until = counter.registered_until if faults else None
    taken_at = acted_at(session, since=counter.at - _OLDEST, at=counter.at)
    whole = replace(whole_of(counter), at=taken_at)
    return await _file(session, whole, slip.use(), faults, until, answer, at=counter.at)


def whole_of(counter: Counter) -> Whole:
    if counter.item is None or counter.place is None:
        raise TypeError("a submission without item or place has faults")
    return Whole(counter.reading.whole(), counter.item, counter.place, counter.at)


def _may_be_kept(counter: Counter, faults: Sequence[Fault]) -> bool:
    """The clerk asked to register the visit, and only papers are missing (首问负责)."""
    wanted = counter.reading.submission.keep_incomplete is True
    return wanted and deficiencies.only_materials_missing(faults)


async def _file(
    session: AsyncSession,
    whole: Whole,
    number: str,
    faults: Sequence[Fault],
    until: date | None,
    answer: Answer,
    *,
    at: datetime,
) -> Along:
    """`until` is how long a visit stays registered at which papers were missing; `at`, when it is
    written down: what a partner's window took, it took before."""
    tracking_code = new_tracking_code()
    picture = cases.received(complete=not faults, until=until)
    papers = applications.lay_out(session, whole.submission, whole.item, on=local_date(whole.at))
    if faults:
        papers = papers.only_registered()
    columns = _columns(session, whole, number, tracking_code) | {
        "status": picture.status.value,
        "next_actor": picture.next_actor.value,
        "asked_until": picture.asked_until,
        "changed_at": at,
    }
    announcements: list[Announcement] = []
    if not faults:
        name = origin(session).name
        announcements = [
            applications.received(whole, number, tracking_code, papers, received_by=name)
        ]
    audit = trail.entry(
        origin(session),
        keys=means(session).keys,
        action="case-received",
        at=at,
        case_number=number,
        facts={
            **({"received_at": whole.at.isoformat()} if whole.at != at else {}),
            "item": whole.item.code,
            "version": whole.item.version,
            "mode": whole.submission.mode.value,
            "status": picture.status.value,
            "originals": len(papers.originals),
            # Which papers were spared, and on what the applicant's agreement rests.
            "spared": {each.code: each.spared for each in papers.papers if each.spared},
        },
    )
    what = What.REGISTERED if faults else What.RECEIVED
    along = answer(
        Taken(
            case_number=number,
            tracking_code=tracking_code,
            status=picture.status.value,
            received_at=whole.at,
            item_code=whole.item.code,
            item_version=whole.item.version,
            originals=papers.originals,
            faults=faults,
        )
    )
    await filing.file_case(
        session,
        columns,
        papers,
        what=what,
        announcements=announcements,
        audit=audit,
        notices=[_notice(session, faults)] if faults else (),
        once=along.parameters,
    )
    return along


def _columns(
    session: AsyncSession, whole: Whole, number: str, tracking_code: str
) -> dict[str, object]:
    submission, keys = whole.submission, means(session).keys
    applicant, delivery = submission.applicant, submission.delivery
    chosen = places.chosen_basis(submission, whole.item)
    return {
        "case_number": number,
        "tracking_index": keys.blind(blinding.TRACKING, tracking_code),
        "tracking_sealed": seals.seal_tracking(keys, number, tracking_code),
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
        **blinding.of_people(keys, submission),
        "application_sealed": seals.seal_application(
            keys, number, submission, received_by=origin(session).name
        ),
        "ground": grounds.stated(whole.item, submission.consent, whole.at),
    }


def _notice(session: AsyncSession, faults: Sequence[Fault]) -> Notice:
    """The window's own one-time notice (一次性告知书): what is still missing, as it was said."""
    notice_id = new_id()
    said: list[JsonValue] = [{"material_code": None, "text": fault.message_zh} for fault in faults]
    return Notice(notice_id, seals.seal_faults(means(session).keys, notice_id, said))
