"""What is printed: the carrier's label, the list of what it fetches, the 送达回证."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions.dispatches import WaybillMissingError
from services.notify.domain.carriers import Content, Payer
from services.notify.domain.deliveries import Method
from services.notify.domain.practice import Practice
from services.notify.domain.proofs import Collector
from services.notify.models import DeliveryRow, DispatchRow, LocationRow
from services.notify.queries import deliveries, dispatches, places, seals
from services.notify.queries.seals import ProofRecord
from shared.audit import trail
from shared.clock import local_date
from shared.documents.labels import Correspondent, DispatchLabel
from shared.documents.letters import Delivered, DeliveryProof
from shared.documents.lists import Handed, HandoverList
from shared.documents.parts import Matter, Office, Person
from shared.errors import CaseErasedError
from shared.means import cached, means
from shared.retention.blanking import is_blank
from shared.security.grants import Scope
from shared.security.masks import mask_address, mask_name

CONTENTS: Mapping[str, str] = MappingProxyType(
    {
        Content.CERTIFICATE.value: "证照文书",
        Content.COPIES.value: "办理结果文书",
        Content.ORIGINALS.value: "证件原件",
    }
)
_PAYERS: Mapping[str, str] = MappingProxyType(
    {Payer.APPLICANT.value: "收件人付", Payer.GOVERNMENT.value: "寄件单位付"}
)
_METHODS: Mapping[str, str] = MappingProxyType(
    {
        Method.ELECTRONIC.value: "电子送达",
        Method.POST.value: "邮寄送达",
        Method.WINDOW_PICKUP.value: "收件窗口领取",
        Method.HANDLING_PICKUP.value: "办理地领取",
    }
)
_COLLECTORS: Mapping[str, str] = MappingProxyType(
    {
        Collector.APPLICANT.value: "本人",
        Collector.GUARDIAN.value: "监护人",
        Collector.ATTORNEY.value: "受托人",
        Collector.LEGAL_REPRESENTATIVE.value: "法定代表人",
        Collector.HANDLER.value: "经办人",
    }
)


async def dispatch_label(
    session: AsyncSession, dispatch_id: UUID, *, scope: Scope, at: datetime
) -> DispatchLabel:
    """Only once there is a waybill: a label without one goes nowhere."""
    row = await dispatches.one(session, dispatch_id, scope)
    if row.carrier is None or row.waybill is None:
        raise WaybillMissingError
    to = seals.open_recipient(means(session).keys, row.id, row.recipient)
    if is_blank(to.recipient):
        raise CaseErasedError
    sender = (await places.places(session, [row.from_location])).get(row.from_location)
    await _note(session, row, "label-printed", at=at)
    return DispatchLabel(
        carrier=cached(session, Practice).carrier_name(row.carrier),
        waybill=row.waybill,
        reference=row.case_number or row.parcel_number or row.id.hex,
        sender=_correspondent(sender, row.from_location),
        recipient=Correspondent(
            name=to.recipient or "",
            phone=to.phone or "",
            address=to.address or "",
            postcode=to.postcode or "",
        ),
        contents=CONTENTS.get(row.content, ""),
        payer=_PAYERS.get(row.payer, ""),
        printed_on=local_date(at),
    )


async def handover_list(
    session: AsyncSession, location: str, *, carrier: str, scope: Scope, at: datetime
) -> HandoverList:
    """The courier signs it: what is fetched at this place now. Names are masked."""
    rows = await dispatches.to_be_fetched(session, location, carrier, scope=scope)
    place = (await places.places(session, [location])).get(location)
    await trail.record(
        session,
        action="handover-list-printed",
        resource=f"location:{location}",
        # A name that nothing was booked with may be anything.
        facts={"carrier": carrier if rows else "", "count": len(rows)},
        at=at,
    )
    on = local_date(at)
    return HandoverList(
        number=f"{location}-{on:%Y%m%d}",
        place=_office(place, location),
        carrier=cached(session, Practice).carrier_name(carrier),
        handed_on=on,
        dispatches=tuple(_handed(session, row) for row in rows),
    )


def _handed(session: AsyncSession, row: DispatchRow) -> Handed:
    to = seals.open_recipient(means(session).keys, row.id, row.recipient)
    return Handed(
        waybill=row.waybill or "",
        reference=row.case_number or row.parcel_number or "",
        # An office is nobody's name.
        recipient=to.recipient or "" if row.to_location else mask_name(to.recipient or ""),
        destination=to.address or "" if row.to_location else mask_address(to.address or ""),
        contents=CONTENTS.get(row.content, ""),
        payer=_PAYERS.get(row.payer, ""),
    )


async def delivery_proof(
    session: AsyncSession, delivery_id: UUID, *, scope: Scope, at: datetime
) -> DeliveryProof:
    """Before the delivery with lines to fill in by hand, after it with what is on record."""
    row = await deliveries.to_print(session, delivery_id, scope)
    keys = means(session).keys
    outcome = seals.open_outcome(keys, row.id, row.outcome)
    proof = seals.open_proof(keys, row.id, row.proof) if row.proof else ProofRecord()
    known = await places.places(session, [row.receiving_location, row.handling_location])
    window, office = (known.get(code) for code in (row.receiving_location, row.handling_location))
    certificate = outcome.certificate
    await trail.record(
        session,
        action="delivery-proof-printed",
        case_number=row.case_number,
        resource=f"delivery:{row.id}",
        at=at,
    )
    return DeliveryProof(
        number=f"{row.case_number}-送",
        case_number=row.case_number,
        matter=Matter(row.item_name, code=row.item_code),
        # Who it is for is written by hand: this house does not keep the applicant's name.
        recipient=Person(_recipient(session, row)),
        authority=Office(row.authority),
        papers=(
            Delivered(certificate.name, certificate.number)
            if certificate
            else Delivered("办理结果告知"),
        ),
        method=_METHODS.get(row.method, row.method),
        place=_where(session, row, window, office),
        delivered_at=row.delivered_at,
        collector=_collector(proof),
        identity_checked="已核验身份证件" if proof.identity_checked else "",
        reference=proof.reference,
        server=proof.recorded_by or "",
    )


def _where(
    session: AsyncSession, row: DeliveryRow, window: LocationRow | None, office: LocationRow | None
) -> str:
    """送达地点 is where it comes into the recipient's hands, not where it was decided."""
    if row.method == Method.POST:
        return seals.open_envelope(means(session).keys, row.id, row.envelope).address or ""
    if row.method == Method.ELECTRONIC:
        return "网上（凭链接查收）"
    counter = window if row.method == Method.WINDOW_PICKUP else office
    return counter.name if counter else ""


def _recipient(session: AsyncSession, row: DeliveryRow) -> str:
    return seals.open_envelope(means(session).keys, row.id, row.envelope).recipient or ""


def _collector(proof: ProofRecord) -> str:
    if proof.collector is None:
        return ""
    return " ".join(
        each for each in (_COLLECTORS.get(proof.collector), proof.collector_name) if each
    )


async def _note(session: AsyncSession, row: DispatchRow, action: str, *, at: datetime) -> None:
    await trail.record(
        session,
        action=action,
        case_number=row.case_number,
        resource=f"dispatch:{row.id}",
        outcome=row.status,
        at=at,
    )


def _correspondent(place: LocationRow | None, code: str) -> Correspondent:
    if place is None:
        return Correspondent(code, "", "")
    return Correspondent(
        place.name, place.phone or "", place.address or "", postcode=place.postcode or ""
    )


def _office(place: LocationRow | None, code: str) -> Office:
    if place is None:
        return Office(code)
    return Office(place.name, address=place.address or "", phone=place.phone or "")
