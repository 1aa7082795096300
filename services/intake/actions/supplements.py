"""Supplements: what a notice asked for, or what a registered case still lacked.

Routing, which knows what else is happening, applies or refuses a supplement; a case that was only
registered never left the window, so the window completes it itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import (
    applications,
    asking,
    circumstances,
    contents,
    news,
    promising,
    seals,
    submission,
)
from services.intake.actions.asking import APPLIED, COMPLETION, PENDING, SUPPLEMENT, Asked
from services.intake.actions.circumstances import Counter
from services.intake.actions.filing import Original, Papers
from services.intake.actions.seals import Filed
from services.intake.domain import (
    cases,
    deficiencies,
    grounds,
    messages,
    readings,
    receipts,
)
from services.intake.domain.cases import Act, News, Status, What
from services.intake.domain.items import ItemVersion
from services.intake.domain.readings import Reading
from services.intake.domain.submissions import SubmissionIn
from services.intake.domain.words import Mode
from services.intake.models import CaseRow, MaterialRow, OriginalRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue, versions_of
from services.intake.queries.places import find_place
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import Fault, InvalidError
from shared.http import etags
from shared.means import acted_at, means
from shared.messaging import outbox
from shared.security.grants import Scope

_FIELDS = ("materials", "form")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a supplement is judged with."""

    catalogue: Catalogue
    at: datetime


async def give_supplement(
    session: AsyncSession,
    number: str,
    raw: object,
    *,
    desk: Desk,
    scope: Scope,
    if_match: str | None,
) -> Asked:
    """Of a case that was only registered it is the completion: then everything must be right."""
    case = await reads.lock_case(session, number, scope)
    etags.require(if_match, case.version)
    if case.status == Status.RECEIVED_INCOMPLETE:
        return await _complete(session, case, raw, desk)
    cases.must_allow(Status(case.status), Act.SUPPLEMENT)
    given = await _read_supplement(session, case, raw, desk)
    return await _pass_on(session, case, given, desk)


async def _pass_on(session: AsyncSession, case: CaseRow, given: SubmissionIn, desk: Desk) -> Asked:
    """`given` holds the supplement's own papers and the form as it is now."""
    request_id = new_id()
    given_at = acted_at(session, since=case.received_at, at=desk.at)
    item = await desk.catalogue.version(session, case.item_code, case.item_version)
    papers = await _lay_down(session, case, given, desk, request_id=request_id)
    content = applications.written(given)
    kept = {name: content[name] for name in _FIELDS if name in content}
    await asking.ask(session, case, request_id, SUPPLEMENT, kept, at=desk.at)
    given_now = News(What.SUPPLEMENT_GIVEN, given_at)
    news.show(case, cases.after(news.picture_of(case), given_now), at=desk.at)
    case.ground = grounds.consented(case.ground, given.consent, desk.at)
    event = events.SupplementGiven(
        case_number=case.case_number,
        supplement_id=request_id,
        given_at=given_at,
        materials=applications.given(papers),
        originals=applications.handed_over(papers),
        application=kept,
        form=dict(given.form),
    )
    await asking.note(session, case, What.SUPPLEMENT_GIVEN, at=given_at)
    case.changed_at = desk.at
    facts = {"item": item.code, "materials": len(papers.papers)}
    await asking.audit(session, case, "supplement-given", request_id, facts, at=desk.at)
    await outbox.record(session, event, subject=case.case_number, at=desk.at)
    return Asked(request_id, case.case_number, SUPPLEMENT, PENDING, papers.originals)


async def _complete(session: AsyncSession, case: CaseRow, raw: object, desk: Desk) -> Asked:
    """The visit was registered; what was missing has come, and nothing is typed again."""
    filed = seals.open_application(means(session).keys, case.case_number, case.application_sealed)
    whole = _merged(filed.submission, raw, appended=True)
    counter = await _counter(session, case, readings.read(whole), desk)
    faults = await circumstances.find_faults(session, counter, desk.catalogue)
    if faults := [*_unknown(raw), *faults]:
        raise InvalidError(faults)
    complete = counter.reading.whole()
    added = complete.model_copy(
        update={"materials": complete.materials[len(filed.submission.materials) :]}
    )
    request_id = new_id()
    papers = await _lay_down(session, case, added, desk, request_id=request_id, shown=filed)
    whole_case = submission.whole_of(counter)
    await promising.keep_promises(
        session,
        case.case_number,
        {each.code for each in added.materials},
        item=whole_case.item,
        at=desk.at,
    )
    owed = applications.promised(complete, whole_case.item, counter.on)
    await promising.begin_promises(session, case.case_number, list(owed))
    announcement = await applications.announce_completed(session, case, filed, whole_case)
    case.application_sealed = seals.seal_application(
        means(session).keys, case.case_number, complete, received_by=filed.received_by
    )
    picture = cases.after(news.picture_of(case), News(What.COMPLETED, desk.at))
    news.show(case, picture, at=desk.at)
    case.ground = grounds.consented(case.ground, complete.consent, desk.at)
    await news.answer_notices(session, case.case_number, at=desk.at)
    await asking.note(session, case, What.COMPLETED, at=desk.at)
    facts = {"materials": len(papers.papers)}
    await asking.audit(session, case, "case-completed", request_id, facts, at=desk.at)
    told = await contents.announcements(session, case.case_number, at=desk.at)
    await outbox.record_many(session, [announcement, *told])
    return Asked(request_id, case.case_number, COMPLETION, APPLIED, papers.originals)


async def apply_supplement(
    session: AsyncSession, number: str, request_id: UUID, *, at: datetime
) -> None:
    """Routing took it: the application is now the one with the supplement in it."""
    settled = await news.settle_request(session, request_id, at=at, status=APPLIED)
    await news.answer_notices(session, number, at=at)
    case = await reads.lock_known(session, number)
    if settled is None or case is None:
        return
    keys = means(session).keys
    content = seals.open_request(keys, request_id, settled.content_sealed)
    filed = seals.open_application(keys, number, case.application_sealed)
    now = SubmissionIn.model_validate(_merged(filed.submission, content, appended=True))
    added = now.materials[len(filed.submission.materials) :]
    item = (await versions_of(session, case.item_code))[case.item_version]
    await promising.keep_promises(session, number, {each.code for each in added}, item=item, at=at)
    case.application_sealed = seals.seal_application(
        keys, number, now, received_by=filed.received_by
    )


async def _read_supplement(
    session: AsyncSession, case: CaseRow, raw: object, desk: Desk
) -> SubmissionIn:
    """Judged as part of the whole application, against the version the case is pinned to; what the
    supplement does not touch is not judged again."""
    filed = seals.open_application(means(session).keys, case.case_number, case.application_sealed)
    reading = readings.read(_merged(filed.submission, raw, appended=False))
    counter = await _counter(session, case, reading, desk)
    known = await circumstances.known(session, counter, desk.catalogue)
    found = [
        *_unknown(raw),
        *(f for f in deficiencies.find(reading, counter.item, known) if _is_own(f)),
        *_empty(raw),
        *_without_place(case, reading, counter.item),
    ]
    if found:
        raise InvalidError(list(dict.fromkeys(found)))
    return reading.whole()


async def _counter(session: AsyncSession, case: CaseRow, reading: Reading, desk: Desk) -> Counter:
    """The same counter again, with the version of the item that the case was taken under."""
    item = await desk.catalogue.version(session, case.item_code, case.item_version)
    place = await find_place(session, case.receiving_location, local_date(desk.at))
    return Counter(case.receiving_location, place, item, reading, desk.at)


def _without_place(case: CaseRow, reading: Reading, item: ItemVersion | None) -> Iterator[Fault]:
    """Originals are taken only for a case that has a place to go. One whose place is just being
    looked for counts as having one: `preview` says the same as the answer that is on its way."""
    if case.status != Status.UNROUTABLE or item is None:
        return
    for place, entry in enumerate(reading.submission.materials):
        if entry is not None and receipts.stays(entry, item, Mode(case.mode)):
            material = item.material(entry.code or "")
            named = material.name if material else entry.code
            yield messages.fault(
                f"/materials/{place}/form", "original-without-place", material=named
            )


def _is_own(fault: Fault) -> bool:
    """Faults of what was brought; that other papers are not among it is no fault."""
    return fault.pointer.startswith(("/materials/", "/form", "/consent")) or fault.pointer == ""


def _unknown(raw: object) -> Iterator[Fault]:
    if not isinstance(raw, dict):
        yield messages.fault("", "not-an-object")
        return
    for name in raw:
        if name not in (*_FIELDS, "consent"):
            near = messages.hint(str(name), _FIELDS)
            yield messages.fault(f"/{name}", "unknown-field", name=str(name), hint=near)


def _empty(raw: object) -> Iterator[Fault]:
    if isinstance(raw, dict) and not raw.get("materials") and not raw.get("form"):
        yield Fault(
            "/materials",
            "nothing-given",
            "没有填写补交的材料，也没有更改申请表",
            "neither a material nor a change of the form was given",
        )


def _merged(filed: SubmissionIn, raw: object, *, appended: bool) -> dict[str, Any]:
    whole: dict[str, Any] = applications.written(filed)
    whole.pop("keep_incomplete", None)
    if not isinstance(raw, dict):
        return whole
    form, brought = raw.get("form"), raw.get("materials", [])
    if form is not None:
        whole["form"] = {**whole["form"], **form} if isinstance(form, dict) else form
    if appended and isinstance(brought, list):
        whole["materials"] = [*whole.get("materials", []), *brought]
    else:
        whole["materials"] = brought
    if isinstance(raw.get("consent"), dict):
        whole["consent"] = {**(whole.get("consent") or {}), **raw["consent"]}
    return whole


async def _lay_down(
    session: AsyncSession,
    case: CaseRow,
    given: SubmissionIn,
    desk: Desk,
    *,
    request_id: UUID,
    shown: Filed | None = None,
) -> Papers:
    """The originals that were `shown` when the visit was registered stay now, with the others."""
    item = await desk.catalogue.version(session, case.item_code, case.item_version)
    papers = applications.lay_out(session, given, item, on=local_date(desk.at))
    if shown is not None:
        before = receipts.originals(shown.submission.materials, item, given.mode)
        earlier = [Original(new_id(), code) for code in before]
        papers = replace(papers, originals=[*earlier, *papers.originals])
    number = case.case_number
    materials = [
        {
            "material_id": each.material_id,
            "case_number": number,
            "code": each.code,
            "form": each.form,
            "count": each.count,
            "e_certificate_sealed": each.e_certificate_sealed,
            "earlier_case": each.earlier_case,
            "spared": each.spared,
            "supplement_id": request_id,
            "given_at": desk.at,
        }
        for each in papers.papers
    ]
    originals = [
        {
            "original_id": each.original_id,
            "case_number": number,
            "material_code": each.material_code,
            "supplement_id": request_id,
        }
        for each in papers.originals
    ]
    if materials:
        await session.execute(insert(MaterialRow), materials)
    if originals:
        await session.execute(insert(OriginalRow), originals)
    return papers
