"""Claiming the next of a queue: who asks at the same moment is served by the same transaction.

While one is under way the next gather, so a rush of officers waits for a few commits and not each
for its own. In order of their coming they get what is first in the queue. If something of it fails,
nothing of it was done, and each is served by itself: only then is it known whose it was.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text

from services.routing.domain import leases
from services.routing.queries import claims as in_claims
from services.routing.queries import handoffs
from services.routing.queries.handoffs import Claimer, Queued
from shared.audit import trail
from shared.audit.trail import AUDITING_ALL
from shared.db.transactions import Sessions, statement_by_statement
from shared.http.idempotency import KEEPING_ALL, Along, keeping_all
from shared.means import Means, Origin

TOGETHER = 32
# While one transaction waits for the database, the next is made: it finds what the first has taken
# locked, and goes on behind it.
AT_ONCE = 2

# How long one process expects others at a queue where it has met one.
CONTENDED = 2.0

# What is answered to the caller, kept along with the claim.
Answer = Callable[[Sequence[Queued]], Along]

_NOTE = text(f"WITH {KEEPING_ALL}, {AUDITING_ALL} SELECT 1")


@dataclass(frozen=True, slots=True)
class Claim:
    by: Origin
    limit: int
    at: datetime
    answer: Answer
    done: "asyncio.Future[Along]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


@dataclass(slots=True)
class _UnderWay:
    """Of one queue, in this process: what is being taken, so that the next to look sees what comes
    after it; and until when others are expected to be claiming there, too."""

    taking: set[UUID] = field(default_factory=set)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    contended_until: float = 0.0


class Claims:
    """One for each process. Whether a caller may claim there has been asked before."""

    def __init__(self, sessions: Sessions, carried: Means) -> None:
        self._sessions = sessions
        self._statements = statement_by_statement(sessions)
        self._carried = carried
        self._under_way: dict[str, _UnderWay] = {}
        self._gathered: dict[str, list[Claim]] = {}
        self._serving: dict[str, set[asyncio.Task[None]]] = {}

    async def take(self, location: str, claim: Claim) -> Along:
        self._gathered.setdefault(location, []).append(claim)
        serving = self._serving.setdefault(location, set())
        if len(serving) < AT_ONCE:
            serving.add(asyncio.create_task(self._serve(location)))
        return await claim.done

    async def _serve(self, location: str) -> None:
        try:
            while gathered := self._gathered.pop(location, None):
                if rest := gathered[TOGETHER:]:
                    self._gathered[location] = rest
                await self._settle(location, gathered[:TOGETHER])
        finally:
            serving = self._serving[location]
            serving.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if not serving:
                del self._serving[location]

    async def _settle(self, location: str, claims: Sequence[Claim]) -> None:
        try:
            answers = await self._make(location, claims)
        except Exception as error:  # noqa: BLE001  (it is told to the one whose claim it is)
            if len(claims) > 1:
                for each in claims:
                    await self._settle(location, [each])
            elif not claims[0].done.done():
                claims[0].done.set_exception(error)
            return
        for claim, answer in zip(claims, answers, strict=True):
            if not claim.done.done():
                claim.done.set_result(answer)

    async def _make(self, location: str, claims: Sequence[Claim]) -> Sequence[Along]:
        """Two statements, each by itself; where others claim there, too, two in one transaction."""
        loop = asyncio.get_running_loop()
        under_way = self._under_way.setdefault(location, _UnderWay())
        if loop.time() >= under_way.contended_until:
            quick = await self._make_quickly(location, claims, under_way)
            if quick is not None:
                return quick
            under_way.contended_until = loop.time() + CONTENDED
        async with self._sessions.begin() as session:
            taken = await handoffs.claim_next(
                session, location, [_claimer(each) for each in claims]
            )
            answers, noted = self._noted(location, claims, taken)
            if noted["once_key"] or noted["audits_id"]:
                await session.execute(_NOTE, noted)
        return answers

    async def _make_quickly(
        self, location: str, claims: Sequence[Claim], under_way: "_UnderWay"
    ) -> Sequence[Along] | None:
        """Looked at, and then taken along with what is noted of it. None where another process was
        quicker with one of them, and so nothing was done."""
        claimers = [_claimer(each) for each in claims]
        async with self._statements() as session:
            async with under_way.looking:
                seen = await in_claims.look(session, location, claimers, under_way.taking)
                rows = [row for each in seen for row in each]
                under_way.taking.update(row.id for row in rows)
            try:
                answers, noted = self._noted(location, claims, seen)
                holders = [
                    claimer.holder
                    for claimer, each in zip(claimers, seen, strict=True)
                    for _ in each
                ]
                if not rows and not noted["once_key"]:
                    return answers
                taken = await in_claims.take(session, location, rows, holders, noted)
            finally:
                under_way.taking.difference_update(row.id for row in rows)
        return answers if taken else None

    def _noted(
        self, location: str, claims: Sequence[Claim], taken: Sequence[Sequence[Queued]]
    ) -> tuple[Sequence[Along], dict[str, Any]]:
        """What each is answered, and the parameters that keep it on the trail and by its key."""
        pairs = list(zip(claims, taken, strict=True))
        answers = [each.answer(rows) for each, rows in pairs]
        noted = [self._entry(location, claim, rows) for claim, rows in pairs if rows]
        return answers, {**trail.auditing_all(noted), **keeping_all(answers)}

    def _entry(self, location: str, claim: Claim, rows: Sequence[Queued]) -> dict[str, object]:
        return trail.entry(
            claim.by,
            keys=self._carried.keys,
            action="handoffs-claimed",
            resource=f"queue:{location}",
            outcome="claimed",
            facts={"handoffs": [str(row.id) for row in rows]},
            at=claim.at,
        )


def _claimer(claim: Claim) -> Claimer:
    return Claimer(
        holder=claim.by.actor,
        holder_name=claim.by.name or claim.by.actor,
        limit=claim.limit,
        until=claim.at + leases.LEASE,
    )
