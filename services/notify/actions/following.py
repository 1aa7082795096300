"""A delivery follows its dispatch: on its way, at the window, at the door, or back again."""

from services.notify.actions import completion, matters, onward, readiness
from services.notify.actions.matters import Matter
from services.notify.actions.messages import tell
from services.notify.domain import deliveries as rules
from services.notify.domain import dispatches
from services.notify.domain.deliveries import BY_DISPATCH, Status, Step
from services.notify.domain.fallbacks import Failure
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.proofs import Proof, ProofKind
from services.notify.models import DispatchRow
from services.notify.queries.seals import ProofRecord


async def follow(
    matter: Matter, dispatch: DispatchRow, *, failure: Failure = Failure.OTHER
) -> None:
    """Nothing, where the dispatch's new state says nothing of the delivery."""
    status = dispatches.Status(dispatch.status)
    after = rules.carried(matter.method, matter.status, status)
    if after is matter.status:
        return
    if after is not Status.ON_WAY and matter.status in {Status.PENDING, Status.BOOKED}:
        await _leave(matter, dispatch)
    if after is Status.ON_WAY:
        await _leave(matter, dispatch, step=BY_DISPATCH[matter.method][status])
    elif after is Status.DELIVERED:
        reference = dispatch.waybill or str(dispatch.id)
        proof = Proof(ProofKind.CARRIER_RECORD, reference=reference)
        await completion.complete(matter, proof, ProofRecord(reference=reference))
    elif after is Status.READY:
        matters.move(matter, Step.ARRIVE, {"dispatch": str(dispatch.id)})
        await readiness.lies_ready(matter)
    else:
        await _fail(matter, dispatch, BY_DISPATCH[matter.method][status], failure)


async def _leave(matter: Matter, dispatch: DispatchRow, *, step: Step = Step.SEND) -> None:
    matters.move(matter, step, {"dispatch": str(dispatch.id)})
    await _tell(matter, dispatch, Event.ON_WAY)


async def _fail(matter: Matter, dispatch: DispatchRow, step: Step, failure: Failure) -> None:
    matters.move(matter, step, {"dispatch": str(dispatch.id), "failure": failure.value})
    before = matter.delivery.failed_before
    matter.delivery.failed_before += 1
    await _tell(matter, dispatch, Event.POST_FAILED)
    if step is Step.COME_BACK:
        await onward.fall_back(matter, failure, failed_before=before)


async def _tell(matter: Matter, dispatch: DispatchRow, event: Event) -> None:
    await tell(
        matter.session,
        matter.case,
        event,
        source=str(dispatch.id),
        at=matter.at,
        words={
            Placeholder.CARRIER: matter.practice.carrier_name(dispatch.carrier),
            Placeholder.WAYBILL: dispatch.waybill or "",
        },
    )
