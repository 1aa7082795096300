"""The loops that every house runs: relay, listener, applier, sealer, and forgetting in time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from shared.audit.sealer import Sealer
from shared.messaging import inbox, keeping
from shared.messaging.apply import Applier
from shared.messaging.handling import Handler
from shared.messaging.relay import Relay
from shared.messaging.transport import Listener, Transport
from shared.premises import Premises
from shared.retention.platform import PLATFORM_KEPT, forgetting_logs
from shared.retention.purging import Kept, purging
from shared.security import revocations
from shared.telemetry import metrics
from shared.workers import Workers, every

HOUSES = ("intake", "routing", "notify")


@dataclass(frozen=True, slots=True)
class Gathering:
    """How long, while there is traffic, each loop lets more come before it goes on: what is done
    together costs a fraction. A single message waits for nothing."""

    relay: float = 0.0
    store: float = 0.0
    apply: float = 0.0


# Between a window and the office's queue nobody is to wait: intake's relay, routing's inbox. The
# pictures that the others make of it may be a moment older.
_GATHERING: Mapping[str, Gathering] = MappingProxyType(
    {
        "intake": Gathering(relay=0.01, store=0.05, apply=0.1),
        "routing": Gathering(relay=0.05, apply=0.02),
        "notify": Gathering(relay=0.05, store=0.05, apply=0.1),
    }
)
# In one process, for a few people at a time, there is nothing to be gained.
_AT_ONCE = Gathering()


def add_chores(
    workers: Workers,
    premises: Premises,
    transport: Transport,
    handlers: Mapping[str, Handler],
    kept: Sequence[Kept] = (),
) -> None:
    """`kept` is what this house forgets in time, besides what all have alike."""
    house, stored = premises.house, asyncio.Event()
    gathering = _GATHERING[house] if premises.settings.served else _AT_ONCE
    relay = Relay(
        premises.engine,
        transport,
        source=premises.carried.source,
        recorded=premises.recorded,
        gather=gathering.relay,
    )
    listener = Listener(
        consumer=house,
        producers=tuple(other for other in HOUSES if other != house),
        store=inbox.storing(premises.sessions, stored),
        take_back=keeping.taking_back(premises.sessions),
        gather=gathering.store,
    )
    applier = Applier(
        premises.engine,
        premises.sessions,
        handlers,
        carried=premises.carried,
        clock=premises.clock,
        stored=stored,
        gather=gathering.apply,
    )
    sealer = Sealer(premises.sealer_engine, premises.clock, keys=premises.carried.keys)
    workers.add(f"{house}-relay", relay.run)
    workers.add(f"{house}-listener", lambda stop: transport.listen(listener, stop))
    workers.add(f"{house}-applier", applier.run)
    workers.add(f"{house}-sealer", every(2.0, sealer.turn))
    workers.add(f"{house}-measure", every(5.0, _measuring(premises)))
    workers.add(f"{house}-purge-revocations", every(300.0, _forgetting_revocations(premises)))
    for each in (*PLATFORM_KEPT, *kept):
        work = purging(premises.sessions, each, premises.terms, premises.clock)
        workers.add(f"{house}-purge-{each.kind}", every(300.0, work))
    workers.add(f"{house}-purge-access_log", every(3600.0, forgetting_logs(premises)))


def _forgetting_revocations(premises: Premises) -> Callable[[], Awaitable[bool]]:
    async def work() -> bool:
        async with premises.sessions.begin() as session:
            return bool(await revocations.purge(session, at=premises.clock()))

    return work


def _measuring(premises: Premises) -> Callable[[], Awaitable[bool]]:
    house = premises.house

    async def work() -> bool:
        async with premises.sessions() as session:
            outbox_lag = await keeping.outbox_lag(session)
            inbox_lag = await keeping.inbox_lag(session)
        for lane, lag in outbox_lag.items():
            metrics.OUTBOX_PENDING.labels(house, lane.value).set(lag.pending)
            metrics.OUTBOX_AGE.labels(house, lane.value).set(lag.oldest_seconds)
        for lane, lag in inbox_lag.items():
            metrics.INBOX_PENDING.labels(house, lane.value).set(lag.pending)
            metrics.INBOX_AGE.labels(house, lane.value).set(lag.oldest_seconds)
        metrics.PARKED.labels(house).set(sum(lag.parked for lag in inbox_lag.values()))
        return False

    return work
