"""One webhook of a partner in hand: what it says, in whose name it is done, what became of it."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain.crossings import CloudEvent, Outcome, Told
from services.routing.models import PartnerWebhookRow
from shared import shapes
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import Fault
from shared.http.fetching import NotFetchedError, PartnerLine, missing_fault
from shared.http.inner import Answer, Visit
from shared.means import Origin
from shared.security.callers import Caller, Role

Door = Callable[[Visit], Awaitable[Answer]]

LEASE = timedelta(minutes=1)
# So long a paper or bag that is not known here may still be on its way to be known.
_PATIENCE = 12


@dataclass(frozen=True, slots=True)
class Worker:
    sessions: Sessions
    door: Door
    line: PartnerLine
    clock: Clock
    # So long what they say is not there may still come to be there.
    missing_for: timedelta


@dataclass(frozen=True, slots=True)
class Given:
    """One webhook in hand."""

    row: PartnerWebhookRow
    event: CloudEvent
    told: Told

    @property
    def partner(self) -> str:
        return self.row.partner

    def key(self, part: str = "") -> str:
        named = f"{self.row.partner}\n{self.row.webhook_id}\n{part}"
        return "webhook-" + hashlib.sha256(named.encode()).hexdigest()


def caller_of(given: Given, location: str, division: str) -> Caller:
    actor = given.told.actor
    assert actor is not None  # noqa: S101  (faults_of has seen to it)
    return Caller(
        subject=f"{given.partner}:{actor.id}",
        name=actor.name,
        role=Role.PARTNER,
        location=location,
        division=division,
        partner=given.partner,
        issuer="webhook",
        acted_at=given.event.time,
    )


def origin_of(partner: str, event: CloudEvent) -> Origin:
    actor = event.data.get("actor")
    named = actor if isinstance(actor, dict) else {}
    return Origin(
        actor=f"{partner}:{named.get('id') or 'system'}",
        role=Role.PARTNER,
        partner=partner,
        name=str(named.get("name") or partner),
    )


def verdict_of(answer: Answer, case_number: str | None) -> Verdict:
    if answer.failed:
        return Verdict(Outcome.REJECTED, again=f"http-{answer.status}")
    if answer.done:
        return Verdict(Outcome.APPLIED, case_number=case_number)
    return Verdict(Outcome.REJECTED, _faults(answer), case_number)


NOT_THEIRS = Fault(
    "/data", "not-found", "没有找到，或不是贵方地点的办件", "not there, or not at a place of yours"
)


def rejected(faults: Sequence[Fault], case_number: str | None = None) -> Verdict:
    return Verdict(Outcome.REJECTED, [_plain(each) for each in faults], case_number)


def _plain(fault: Fault) -> dict[str, Any]:
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "message_zh": fault.message_zh,
        "message_en": fault.message_en,
    }


def _faults(answer: Answer) -> list[dict[str, Any]]:
    """A problem's own faults, within `/data/body`; or the problem itself as the one reason."""
    said = answer.body
    if said.get("faults"):
        return [{**each, "pointer": f"/data/body{each['pointer']}"} for each in said["faults"]]
    return [
        {
            "pointer": "/data",
            "code": str(said.get("code", "refused")),
            "message_zh": str(said.get("detail", "未能办理")),
            "message_en": str(said.get("detail_en", "refused")),
        }
    ]


def within(error: ValidationError) -> list[Fault]:
    return [
        Fault(f"/data{each.pointer}", each.code, each.message_zh, each.message_en)
        for each in shapes.faults(error.errors())
    ]


def another_time(worker: Worker, row: PartnerWebhookRow, error: NotFetchedError) -> Verdict:
    """Unless they have said for the whole term that it is not there."""
    if not error.missing:
        return Verdict(Outcome.REJECTED, again=error.reason, missing_since=row.missing_since)
    since = row.missing_since or worker.clock()
    if worker.clock() - since >= worker.missing_for:
        return rejected([missing_fault("/data/content", worker.missing_for)])
    return Verdict(Outcome.REJECTED, again=error.reason, missing_since=since)


def later(given: Given, reason: str) -> Verdict:
    if given.row.attempts < _PATIENCE:
        return Verdict(Outcome.REJECTED, again=reason)
    return rejected([Fault("/data", reason, "所指的办件或原件尚不存在", "not known here")])
