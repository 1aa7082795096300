"""A partner has taken the person out of its side of a case."""

from services.routing.actions.given import NOT_THEIRS, Given, Worker, origin_of, rejected
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain.crossings import Outcome
from services.routing.queries import crossings as linked
from shared.audit import trail
from shared.errors import told_back


async def hear(worker: Worker, given: Given) -> Verdict:
    """Written down with the case; our own term runs on, and an erasure of ours is ours to decide
    (个人信息保护法 23: each side answers for what it holds)."""
    partner, told = given.partner, given.told
    async with worker.sessions.begin() as session:
        number = await linked.our_number(session, partner, told.case_number or "")
        if partner not in {each.partner for each in await linked.links(session, number)}:
            return rejected([NOT_THEIRS], told.case_number)
        session.info["origin"] = origin_of(partner, given.event)
        await trail.record(
            session,
            action="partner-erased",
            at=worker.clock(),
            case_number=number,
            resource=f"case:{number}",
            facts={"partner": partner, "cause": told_back(str(told.body.get("cause")), "unknown")},
        )
    return Verdict(Outcome.APPLIED, case_number=number)
