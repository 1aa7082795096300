"""What a term's end does to a delivery, if it still stands as it did when the term was set."""

from services.notify.actions import matters, readiness
from services.notify.actions.matters import Matter
from services.notify.actions.messages import tell
from services.notify.domain import deliveries as rules
from services.notify.domain.deliveries import Method, Status, Step
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.pickups import Chore, next_due, pickup_plan
from services.notify.domain.practice import spoken_day
from services.notify.queries import deliveries


async def link_ran_out(matter: Matter) -> None:
    if matter.method is not Method.ELECTRONIC or matter.status is not Status.READY:
        return
    link = (await deliveries.links(matter.session, [matter.delivery.id])).get(matter.delivery.id)
    if link is None or link.expires_at > matter.at:
        return
    matters.move(matter, Step.EXPIRE, {"link": str(link.id)})
    await matters.conclude(matter, "result-link-expired")


async def do_chore(matter: Matter) -> None:
    delivery, practice = matter.delivery, matter.practice
    if delivery.ready_on is None or delivery.next_chore_on is None:
        return
    plan = pickup_plan(delivery.ready_on, practice.pickup, practice.workdays)
    due = next_due(plan, delivery.chores_done)
    if due is None or due.on > matter.today:
        return
    delivery.chores_done += 1
    readiness.schedule_chore(matter)
    await _do(matter, due.chore, source=f"{delivery.id}:{due.chore}:{due.number}")
    await matters.conclude(matter, f"delivery-{due.chore.value}")


async def _do(matter: Matter, chore: Chore, *, source: str) -> None:
    if chore is Chore.REMIND:
        await _tell(matter, Event.UNCLAIMED, source)
        return
    step = Step.EXPIRE if chore is Chore.EXPIRE else Step.RETURN
    if step not in rules.allowed(matter.method, matter.status):
        return
    matters.move(matter, step)
    if step is Step.RETURN:
        matter.delivery.lies_at = matter.delivery.handling_location
        await _tell(matter, Event.RETURNED, source)


async def _tell(matter: Matter, event: Event, source: str) -> None:
    practice = matter.practice
    ready_on = matter.delivery.ready_on or matter.today
    keep_until = practice.workdays.add(ready_on, practice.pickup.keep).due
    words = {
        Placeholder.WINDOW: await readiness.counter_name(matter),
        Placeholder.DUE: spoken_day(keep_until),
    }
    await tell(matter.session, matter.case, event, source=source, at=matter.at, words=words)
