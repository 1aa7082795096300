"""A result's way to the applicant: opened by the decision, changed, laid ready, handed over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify import events
from services.notify.actions import completion, links, matters, onward, planning, readiness
from services.notify.actions.matters import Matter
from services.notify.domain import deliveries as rules
from services.notify.domain import holds
from services.notify.domain.deliveries import Method, Status, Step
from services.notify.domain.proofs import Proof
from services.notify.models import CaseRow, DeliveryRow
from services.notify.queries import deliveries as found
from services.notify.queries import places, seals
from services.notify.queries.seals import Envelope, Outcome, ProofRecord
from shared.chance import new_id
from shared.errors import ConflictError, Fault, InvalidError
from shared.http import etags
from shared.means import means, origin
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class Decided:
    """What the decision says of the result."""

    handoff_id: UUID
    item_name: str
    result: str
    decided_at: datetime
    location: str
    division: str
    authority: str
    deliver_by: date | None
    outcome: Outcome


class OtherCounterError(ConflictError):
    code = "other-counter"

    def __init__(self, method: Method) -> None:
        super().__init__(
            "该结果不在本窗口领取", "this result is collected at the other counter", method=method
        )


async def open_delivery(
    session: AsyncSession, case: CaseRow, decided: Decided, *, at: datetime
) -> None:
    """One for each case, however often the decision is told."""
    delivery = _delivery(session, case, decided, at=at)
    made = await session.execute(
        insert(DeliveryRow)
        .values(**delivery)
        .on_conflict_do_nothing(index_elements=["case_number"])
        .returning(DeliveryRow.id)
    )
    if made.first() is None:
        return
    matter = await matters.of_locked(session, case, at=at)
    matters.note(matter, "open", before=None)
    matter.announced.append(events.delivery_changed(matter.delivery, at=at))
    await onward.proceed(matter)
    await matters.conclude(matter, "delivery-opened", facts={"result": decided.result})


def _delivery(
    session: AsyncSession, case: CaseRow, decided: Decided, *, at: datetime
) -> dict[str, object]:
    keys, delivery_id = means(session).keys, new_id()
    person = seals.open_person(keys, case.case_number, case.person)
    # Who chose no way collects it where the case was taken.
    method = Method(case.delivery_method or Method.WINDOW_PICKUP)
    certificate = decided.outcome.certificate
    status = holds.opening(
        method,
        granted=decided.result == "granted",
        outstanding=case.outstanding,
        rule=matters.practice(session).deferral,
    )
    return {
        "id": delivery_id,
        "case_number": case.case_number,
        "item_code": case.item_code,
        "item_name": decided.item_name,
        "method": method.value,
        "status": status.value,
        "result": decided.result,
        "authority": decided.authority,
        "decided_at": decided.decided_at,
        "deliver_by": decided.deliver_by,
        "certificate_form": certificate.form if certificate else None,
        "receiving_location": case.receiving_location,
        "receiving_division": case.receiving_division,
        "handling_location": decided.location,
        "handling_division": decided.division,
        "lies_at": decided.location,
        "envelope": seals.seal_envelope(keys, delivery_id, person.envelope),
        "outcome": seals.seal_outcome(keys, delivery_id, decided.outcome),
        "version": 0,
        "created_at": at,
        "changed_at": at,
    }


async def papers_came(session: AsyncSession, case: CaseRow, *, at: datetime) -> None:
    """A deferred paper came: what was held for it goes on. Mostly it comes before there is a
    decision, and nothing to hold."""
    if case.outstanding or await found.of_case(session, case.case_number) is None:
        return
    matter = await matters.of_locked(session, case, at=at)
    if matter.status is Status.HELD:
        matters.move(matter, Step.RELEASE)
        await onward.proceed(matter)
        await matters.conclude(matter, "delivery-released")


async def change_delivery(
    session: AsyncSession,
    delivery_id: UUID,
    *,
    method: Method,
    envelope: Envelope,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DeliveryRow:
    """Another way or another address, for as long as the result is in our hands."""
    matter = await matters.take_up(session, delivery_id, scope=scope, at=at)
    etags.require(if_match, matter.delivery.version)
    status = holds.changed(
        matter.method,
        matter.status,
        to=method,
        granted=matter.granted,
        outstanding=matter.case.outstanding,
        rule=matter.practice.deferral,
    )
    await _check_way(matter, method)
    _check_envelope(method, envelope)
    await _take_back(matter)
    delivery = matter.delivery
    delivery.envelope = seals.seal_envelope(matter.keys, delivery.id, envelope)
    before, delivery.method = delivery.method, method.value
    delivery.ready_on = delivery.next_chore_on = None
    matters.put(matter, status, Step.CHANGE, {"from": before})
    await onward.proceed(matter)
    await matters.conclude(matter, "delivery-changed", facts={"from": before})
    return delivery


async def _take_back(matter: Matter) -> None:
    await links.withdraw(matter)
    await planning.call_off(matter)


async def _check_way(matter: Matter, method: Method) -> None:
    """Only as the item's published version lets its result be delivered."""
    case = matter.case
    item = await places.item(matter.session, case.item_code, case.item_version)
    ways = item.ways if item else []
    if ways and method.value not in ways:
        zh = f"该事项的结果不能以这种方式送达，可选：{'、'.join(ways)}"
        en = f"this item's result is delivered by {', '.join(ways)} only"
        raise InvalidError([Fault("/method", "way-not-offered", zh, en)])


def _check_envelope(method: Method, envelope: Envelope) -> None:
    if method is not Method.POST:
        return
    named = {
        "recipient": ("收件人", envelope.recipient),
        "phone": ("收件人电话", envelope.phone),
        "address": ("收件地址", envelope.address),
        "postcode": ("邮政编码", envelope.postcode),
    }
    faults = [
        Fault(f"/{name}", "missing", f"邮政寄递须填写{label}", f"{name} is needed for the post")
        for name, (label, value) in named.items()
        if not (value or "").strip()
    ]
    if faults:
        raise InvalidError(faults)


async def renew_link(
    session: AsyncSession, delivery_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> DeliveryRow:
    matter = await matters.take_up(session, delivery_id, scope=scope, at=at)
    etags.require(if_match, matter.delivery.version)
    if matter.method is not Method.ELECTRONIC:
        raise rules.DeliveryStepNotAllowedError(matter.method, matter.status, Step.REPEAT)
    await links.renew(matter)
    await matters.conclude(matter, "result-link-renewed")
    return matter.delivery


async def record_arrival(
    session: AsyncSession, delivery_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> DeliveryRow:
    """The result lies at the counter where it is to be collected."""
    matter = await matters.take_up(session, delivery_id, scope=scope, at=at)
    etags.require(if_match, matter.delivery.version)
    _at_its_counter(matter, scope)
    matters.move(matter, Step.ARRIVE)
    await planning.arrived(matter)
    await readiness.lies_ready(matter)
    await matters.conclude(matter, "delivery-ready")
    return matter.delivery


async def hand_over_result(
    session: AsyncSession,
    delivery_id: UUID,
    *,
    proof: Proof,
    collector_name: str | None,
    exchanged: Collection[str],
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DeliveryRow:
    """送达回证: who collected it, what was checked; a deferred paper may be exchanged for it."""
    matter = await matters.take_up(session, delivery_id, scope=scope, at=at)
    etags.require(if_match, matter.delivery.version)
    _at_its_counter(matter, scope)
    case = matter.case
    holds.ensure_may_be_handed_over(
        granted=matter.granted, outstanding=case.outstanding, exchanged=exchanged
    )
    case.outstanding = [code for code in case.outstanding if code not in set(exchanged)]
    record = ProofRecord(
        collector=proof.collector.value,
        collector_name=collector_name,
        identity_checked=proof.identity_checked,
        authority_seen=proof.authority_seen,
        reference=proof.reference,
        recorded_by=origin(session).name,
    )
    await completion.complete(matter, proof, record)
    await matters.conclude(matter, "result-handed-over", facts={"exchanged": sorted(exchanged)})
    return matter.delivery


def _at_its_counter(matter: Matter, scope: Scope) -> None:
    """The window's clerk hands over what is collected there, the handling place its own."""
    delivery = matter.delivery
    here = {
        Method.WINDOW_PICKUP: scope.covers(receiving=delivery.receiving_location),
        Method.HANDLING_PICKUP: scope.covers(handling=delivery.handling_location),
    }
    if not here.get(matter.method, True):
        raise OtherCounterError(matter.method)


async def repeat_delivery(
    session: AsyncSession, delivery_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> DeliveryRow:
    """Once more the same way: after it came back, was lost and issued again, or was returned."""
    matter = await matters.take_up(session, delivery_id, scope=scope, at=at)
    etags.require(if_match, matter.delivery.version)
    matters.move(matter, Step.REPEAT)
    matter.delivery.ready_on = matter.delivery.next_chore_on = None
    await planning.call_off(matter)
    await onward.proceed(matter)
    await matters.conclude(matter, "delivery-repeated")
    return matter.delivery
