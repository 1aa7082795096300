"""The result lies at a counter: the applicant is told, and what falls due later is set."""

from services.notify.actions.matters import Matter
from services.notify.actions.messages import tell
from services.notify.domain.deliveries import Method
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.pickups import next_due, pickup_plan
from services.notify.domain.practice import spoken_day
from services.notify.queries import places


async def lies_ready(matter: Matter) -> None:
    delivery, practice = matter.delivery, matter.practice
    delivery.ready_on, delivery.chores_done = matter.today, 0
    if matter.method is Method.WINDOW_PICKUP:
        delivery.lies_at = delivery.receiving_location
    schedule_chore(matter)
    keep_until = practice.workdays.add(matter.today, practice.pickup.keep).due
    await tell(
        matter.session,
        matter.case,
        Event.READY,
        source=f"{delivery.id}:{delivery.ready_on}",
        at=matter.at,
        words={
            Placeholder.WINDOW: await counter_name(matter),
            Placeholder.DUE: spoken_day(keep_until),
        },
    )


def schedule_chore(matter: Matter) -> None:
    """The next that falls due if nobody comes, or none."""
    delivery, practice = matter.delivery, matter.practice
    if delivery.ready_on is None:
        delivery.next_chore_on = None
        return
    plan = pickup_plan(delivery.ready_on, practice.pickup, practice.workdays)
    due = next_due(plan, delivery.chores_done)
    delivery.next_chore_on = due.on if due else None


async def counter_name(matter: Matter) -> str:
    """Where to collect it."""
    delivery = matter.delivery
    at_window = matter.method is Method.WINDOW_PICKUP
    code = delivery.receiving_location if at_window else delivery.handling_location
    known = await places.places(matter.session, [code])
    return known[code].name if code in known else code
