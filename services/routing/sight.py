"""Measures the queues every few seconds, for dashboards and alerts."""

from collections.abc import Awaitable, Callable

from services.routing.queries import sight
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.telemetry import metrics


def measure(sessions: Sessions, clock: Clock) -> Callable[[], Awaitable[bool]]:
    known: set[str] = set()

    async def work() -> bool:
        async with sessions() as session:
            lights = await sight.lights(session)
            waiting = await sight.waiting(session)
            unroutable = await sight.unroutable(session)
        for light, count in lights.items():
            metrics.CLOCK_LIGHTS.labels(light.value).set(count)
        # A queue that is empty now was not there in the answer.
        known.update(waiting)
        now = clock()
        for county in known:
            found = waiting.get(county)
            age = (now - found.since).total_seconds() if found else 0.0
            metrics.QUEUE_FREE.labels(county).set(found.count if found else 0)
            metrics.QUEUE_AGE.labels(county).set(max(age, 0.0))
        metrics.UNROUTABLE.set(unroutable)
        return False

    return work
