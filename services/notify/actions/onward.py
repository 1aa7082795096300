"""What happens to a result by itself: sent by link, planned for the post, kept for collection."""

from services.notify.actions import links, matters, planning, readiness
from services.notify.actions.matters import Matter
from services.notify.domain.deliveries import Method, Status, Step
from services.notify.domain.fallbacks import Failure, Fallback, Remedy, fallback
from services.notify.queries import places

# Where an agreement lets the window hand the result over (审批结果送达权).
_HAND_OVER = "hand_over"


async def proceed(matter: Matter) -> None:
    """What happens by itself once nothing holds the result back."""
    if matter.status is not Status.PENDING:
        return
    if matter.method is Method.ELECTRONIC:
        await links.send(matter)
    elif matter.method is Method.POST:
        await planning.plan(matter)
    elif matter.method is Method.WINDOW_PICKUP and _must_travel(matter):
        window = matter.delivery.receiving_location
        known = await places.places(matter.session, [window])
        if window in known:
            await planning.plan(matter, to=known[window])


def _must_travel(matter: Matter) -> bool:
    delivery = matter.delivery
    return delivery.certificate_form == "paper" and delivery.lies_at != delivery.receiving_location


async def fall_back(matter: Matter, failure: Failure, *, failed_before: int) -> None:
    """What the rule says of a result that came back, where nobody has to be asked first."""
    following = fallback(
        failure,
        failed_before=failed_before,
        window_may_deliver=_HAND_OVER in matter.case.powers,
    )
    if following.remedy is Remedy.POST_AGAIN:
        matters.move(matter, following.step)
        await proceed(matter)
    elif following.remedy is Remedy.COLLECT:
        await _keep_for_collection(matter, following)


async def _keep_for_collection(matter: Matter, following: Fallback) -> None:
    before, delivery = matter.delivery.method, matter.delivery
    matters.move(matter, following.step, {"from": before, "to": following.method.value})
    delivery.method = following.method.value
    if delivery.lies_at == delivery.handling_location and following.method is (
        Method.HANDLING_PICKUP
    ):
        matters.move(matter, Step.ARRIVE)
        await readiness.lies_ready(matter)
    else:
        await proceed(matter)
