"""Claiming the next of a queue: who asks at the same moment is served by the same transaction.

While one is under way the next gather, so a rush of officers waits for a few commits and not each
for its own. In order of their coming they get what is first in the queue. If something of it fails,
nothing of it was done, and each is served by itself: only then is it known whose it was.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import text

from services.routing.domain import leases
from services.routing.queries import handoffs
from services.routing.queries.handoffs import Claimer, Queued
from shared.audit import trail
from shared.audit.trail import AUDITING_ALL
from shared.db.transactions import Sessions
from shared.http.idempotency import KEEPING_ALL, Along, keeping_all
from shared.means import Means, Origin

TOGETHER = 32
# While one transaction waits for the database, the next is made: it finds what the first has taken
# locked, and goes on behind it.
AT_ONCE = 2

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


class Claims:
    """One for each process. Whether a caller may claim there has been asked before."""

    def __init__(self, sessions: Sessions, carried: Means) -> None:
        self._sessions = sessions
        self._carried = carried
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
        """Two statements: the claims, and what is noted of them."""
        async with self._sessions.begin() as session:
            taken = await handoffs.claim_next(
                session, location, [_claimer(each) for each in claims]
            )
            answers = [each.answer(rows) for each, rows in zip(claims, taken, strict=True)]
            noted = [
                self._entry(location, claim, rows)
                for claim, rows in zip(claims, taken, strict=True)
                if rows
            ]
            kept = keeping_all(answers)
            if noted or kept["once_key"]:
                await session.execute(_NOTE, {**trail.auditing_all(noted), **kept})
        return answers

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
