"""What a step of 多地联办 answers to the lead: done, gaps for the one notice, or impossible."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import acts, opening, transfers
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import clock as clocks
from services.routing.domain import joint, notices
from services.routing.domain.handoffs import OPEN, Step
from services.routing.domain.joint import Cause
from services.routing.domain.notices import Gap
from services.routing.models import HandoffRow
from services.routing.queries import attachments, drafts
from services.routing.queries import handoffs as queries
from services.routing.queries.readings import states_of
from shared.chance import new_id
from shared.errors import Fault, InvalidError
from shared.messaging.envelope import Event


@dataclass(frozen=True, slots=True)
class Document:
    """What a step made, for those that follow: a permit, an entry in a register; `file` is the
    digest of an attachment of the case, where it is more than its number."""

    name: str
    number: str
    file: str | None = None


_STEPS = {
    "done": Step.ANSWER_DONE,
    "gaps": Step.ANSWER_GAPS,
    "impossible": Step.ANSWER_IMPOSSIBLE,
}


@dataclass(frozen=True, slots=True)
class Said:
    answer: str
    note: str = ""
    gaps: tuple[Gap, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def step(self) -> Step:
        return _STEPS[self.answer]


async def answer_handoff(
    session: AsyncSession, handoff_id: UUID, said: Said, deed: Deed
) -> HandoffRow:
    """Of a branch without a system the window writes down what it answered, with the proof."""
    desk = await desks.lay_out_for(session, handoff_id, deed)
    desks.require_duty(desk, said.step)
    desks.require_holder(desk)
    if desk.handoff.decides:
        raise joints.DecidingStepError
    await desks.announce(desk, *await _ANSWERS[said.step](desk, said))
    return desk.handoff


async def _done(desk: Desk, said: Said) -> list[Event]:
    row = desk.handoff
    documents = await _documents(desk, said.documents)
    await _end(desk, said, {"documents": documents} if documents else {})
    opened = await opening.open_next(desk)
    await _hand_on(desk, documents)
    decided = events.HandoffDecided(
        **desks.of_handoff(row), result="done", decided_at=desk.acted_at
    )
    return [decided, *opened]


async def _end(desk: Desk, said: Said, more: dict[str, Any]) -> None:
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.acted_on)
    desks.move(desk, said.step)
    row.decided_at, row.result = desk.acted_at, said.answer
    facts = {"answer": said.answer}
    await desks.finish(desk, said.step, clock=clock, facts=facts, words={"note": said.note, **more})


async def _documents(desk: Desk, given: Sequence[Document]) -> list[dict[str, Any]]:
    """Each with an id of its own; a file must have been uploaded to this case."""
    named = {each.file for each in given if each.file}
    there = await attachments.digests(desk.session, desk.case.case_number) if named else ()
    faults = [
        Fault(
            f"/documents/{place}/file",
            "unknown-file",
            f"本办件没有摘要为 {each.file} 的文件，请先上传",
            "this case has no file with that digest",
        )
        for place, each in enumerate(given)
        if each.file and each.file not in there
    ]
    if faults:
        raise InvalidError(faults)
    return [{"id": str(new_id()), **asdict(each)} for each in given]


async def _hand_on(desk: Desk, documents: Sequence[dict[str, Any]]) -> None:
    """To every other place that is at work; who comes later gets it when opened."""
    takers = [
        row
        for row in desk.sisters
        if row.opened_at and row.status in OPEN and row.location != desk.handoff.location
    ]
    await transfers.hand_on_documents(
        desk.session, documents, giver=desk.handoff, takers=takers, at=desk.at
    )


async def _gaps(desk: Desk, said: Said) -> list[Event]:
    """The applicant hears of them from the lead, in one notice; only then does their term run."""
    row = desk.handoff
    earlier = [gap for gaps in await drafts.gaps_of(desk.session, row.id) for gap in gaps]
    supplied = await queries.supplied(desk.session, desk.case.case_number)
    unmet = {gap.point for gap in notices.still_unmet(earlier, supplied)}
    notices.check(
        said.gaps,
        points=acts.points_of(desk.item),
        unmet=unmet if earlier else None,
        # The lead answers for repeating it to the applicant.
        approved=True,
    )
    desks.move(desk, Step.ANSWER_GAPS)
    row.noticed_on = row.supplement_due_on = None
    clock = clocks.await_supplement(desks.clock_of(row), desk.terms, on=desk.acted_on)
    materials = sorted({gap.point for gap in said.gaps})
    words = {"note": said.note, "gaps": [asdict(gap) for gap in said.gaps]}
    facts = {"answer": said.answer, "materials": materials}
    await desks.finish(desk, Step.ANSWER_GAPS, clock=clock, facts=facts, words=words)
    lead = joints.ask_to_speak(desk)
    found = events.GapsFound(
        **desks.of_handoff(row),
        at=desk.acted_at,
        materials=materials,
        lead_handoff_id=lead.id if lead else None,
        lead_location=lead.location if lead else None,
        ready_to_notify=joint.ready_to_notify(states_of(desk.sisters)),
    )
    return [found]


async def _impossible(desk: Desk, said: Said) -> list[Event]:
    await _end(desk, said, {})
    row, at = desk.handoff, desk.acted_at
    own = events.HandoffClosed(**desks.of_handoff(row), outcome=row.outcome or row.status, at=at)
    closed = await joints.close_open(desk, Cause.FAILED)
    desk.case.status, desk.case.outcome = "closed", "failed"
    ended = events.CaseClosed(
        case_number=row.case_number, outcome="failed", at=at, reason=said.note or None
    )
    return [own, *closed, ended]


_ANSWERS = {
    Step.ANSWER_DONE: _done,
    Step.ANSWER_GAPS: _gaps,
    Step.ANSWER_IMPOSSIBLE: _impossible,
}
