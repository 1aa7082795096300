"""What intake and routing say, told to notify's real inbox; built from their own events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import JsonValue

from services.intake.events import CaseReceived, MaterialGiven, PromiseBroken, SupplementGiven
from services.intake.events import Promise as Promised
from services.notify.consumers import HANDLERS
from services.notify.domain.traces import Trace, TraceEvent, Tracking
from services.routing.events import (
    CaseAssigned,
    CaseClosed,
    CaseDecided,
    Certificate,
    HandoffAccepted,
    HandoffFacts,
    HandoffRefused,
    HandoffTransferred,
    LocationRegistered,
    NoticeFault,
    NoticeIssued,
    ParcelArrived,
    ParcelClosed,
    ParcelHandedOver,
    ParcelSealed,
)
from shared.chance import new_id
from shared.messaging import inbox
from shared.messaging.apply import Applier, Patience
from shared.messaging.envelope import Event, Message, seal
from shared.premises import Premises

AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
WINDOW = "630000-C1"
OFFICE = "620102-YB"
CASE = "63000026000000126"
ITEM = "YB-001"
PHONE = "13900000000"
PARCEL = UUID("01890000-0000-7000-8000-00000000000a")
PARCEL_SUBJECT = f"parcel:{PARCEL}"


@dataclass
class Time:
    """A clock that moves when told to."""

    at: datetime = AT

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Post:
    """Carries what the producers say into the inbox, numbered per subject, and has it applied."""

    premises: Premises
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def message(self, event: Event, *, subject: str = CASE, id_: UUID | None = None) -> Message:
        producer = event.type.partition(".")[0]
        number = self.sequences.get((producer, subject), 0) + 1
        self.sequences[producer, subject] = number
        message_id = id_ or new_id()
        return Message(
            id=message_id,
            type=event.type,
            source=f"urn:tongban:630000:{producer}",
            subject=subject,
            sequence=number,
            time=AT,
            data=seal(event, id=message_id, keys=self.premises.carried.keys),
            standalone=event.standalone,
        )

    async def store(self, messages: Sequence[Message]) -> None:
        await inbox.storing(self.premises.sessions)(messages)

    async def tell(self, *events: Event, subject: str = CASE) -> None:
        await self.store([self.message(event, subject=subject) for event in events])
        await self.apply()

    async def apply(self) -> None:
        applier = Applier(
            self.premises.engine,
            self.premises.sessions,
            HANDLERS,
            carried=self.premises.carried,
            clock=self.premises.clock,
            patience=Patience(first=0.02, delay_first=0.01, delay_ceiling=0.05),
        )
        await applier.apply_due()


def item_published(code: str = ITEM, *, ways: Sequence[str] = ()) -> Event:
    """Only the type is intake's: the whole of an item takes a catalogue."""

    class ItemPublished(Event):
        type = "intake.item-published.v1"
        standalone = True

        code: str
        version: int = 1
        name: str = "异地就医结算备案(示例)"
        short_name: str = "异地就医备案"
        postage_payer: str = "applicant"
        materials: tuple[dict[str, JsonValue], ...] = ({"code": "M1", "name": "备案表"},)
        result: dict[str, list[str]]

    return ItemPublished(code=code, result={"delivery": list(ways)})


def location(code: str, name: str, division: str) -> LocationRegistered:
    return LocationRegistered(
        code=code,
        version=1,
        name=name,
        kind="centre",
        division=division,
        system="own",
        valid_from=date(2024, 1, 1),
        valid_to=None,
        address="青海省示例路1号",
        postcode="810000",
        contacts=({"role": "window", "phone": "0971-0000001"},),
    )


def case_received(
    method: str = "electronic", *, number: str = CASE, deferred: Sequence[str] = (), **changes: Any
) -> CaseReceived:
    delivery: dict[str, JsonValue] = {"method": method}
    if method == "post":
        delivery |= {
            "recipient": "李示例",
            "phone": PHONE,
            "address": "青海省西宁市城西区示例路3号",
            "postcode": "810000",
        }
    applicant: dict[str, JsonValue] = {"kind": "person", "name": "李示例", "phone": PHONE}
    given: dict[str, Any] = {
        "case_number": number,
        "item_code": ITEM,
        "item_version": 1,
        "mode": "full_online",
        "channel": "window",
        "receiving_location": WINDOW,
        "basis": {"place_insured": "620102"},
        "received_at": AT,
        "priority": "normal",
        "delivery_method": method,
        "deferral": Promised(materials=tuple(deferred)) if deferred else None,
        "materials": (),
        "originals": (),
        "application": {"item_code": ITEM, "applicant": applicant, "delivery": delivery},
        "tracking_code": "0123456789ABCDEFGHJK",
    }
    return CaseReceived(**(given | changes))


def case_assigned(number: str = CASE) -> CaseAssigned:
    handoff = HandoffFacts(
        id=uuid4(),
        location=OFFICE,
        step="handle",
        step_name="办理",
        stage=1,
        role="handling",
        lead=True,
        status="received",
    )
    return CaseAssigned(
        case_number=number, mode="full_online", handoffs=[handoff], why=["参保地"], powers=[]
    )


def _of_handoff(number: str) -> dict[str, Any]:
    return {"case_number": number, "handoff_id": uuid4(), "location": OFFICE, "status": "x"}


def notice_issued(number: str = CASE, *, due: date | None = date(2026, 9, 21)) -> NoticeIssued:
    return NoticeIssued(
        **_of_handoff(number),
        notice_id=uuid4(),
        number=1,
        issued_at=AT,
        supplement_due_on=due,
        materials=["M1"],
        faults=[NoticeFault(material_code="M1", text="缺少签名")],
    )


def handoff_accepted(number: str = CASE) -> HandoffAccepted:
    return HandoffAccepted(
        **_of_handoff(number),
        accepted_at=AT,
        due_on=date(2026, 9, 30),
        due_provisional=False,
        deemed=False,
        by_location=OFFICE,
    )


def handoff_transferred(handoff: UUID, *, to: str, number: str = CASE) -> HandoffTransferred:
    of = {**_of_handoff(number), "handoff_id": handoff}
    return HandoffTransferred(**of, to_location=to, new_handoff_id=uuid4(), at=AT)


def handoff_refused(number: str = CASE) -> HandoffRefused:
    return HandoffRefused(
        **_of_handoff(number),
        at=AT,
        ground="not_competent",
        competent_authority="示例机关",
        reason="不属于本机关职权",
    )


def case_decided(
    number: str = CASE, *, result: str = "granted", form: str = "electronic", **changes: Any
) -> CaseDecided:
    given: dict[str, Any] = {
        "case_number": number,
        "handoff_id": uuid4(),
        "item_code": ITEM,
        "item_name": "异地就医结算备案(示例)",
        "result": result,
        "decided_at": AT,
        "location": OFFICE,
        "authority": "兰州市城关区医保局(示例)",
        "division": "620102",
        "deliver_by": date(2026, 9, 21),
        "opinion": "不符合条件" if result == "denied" else "准予备案",
        "certificate": Certificate(name="备案回执", number="示例-0001", form=form),
    }
    return CaseDecided(**(given | changes))


def case_closed(number: str = CASE, *, outcome: str = "withdrawn") -> CaseClosed:
    return CaseClosed(case_number=number, outcome=outcome, at=AT)


def supplement_given(*codes: str, number: str = CASE) -> SupplementGiven:
    return SupplementGiven(
        case_number=number,
        supplement_id=uuid4(),
        given_at=AT,
        materials=tuple(MaterialGiven(code=code, form="original", count=1) for code in codes),
        originals=(),
        application={},
    )


def promise_broken(
    *codes: str, follows: str, next_due_on: date | None = None, number: str = CASE
) -> PromiseBroken:
    return PromiseBroken(
        case_number=number,
        kind="deferral",
        materials=codes,
        due_on=date(2026, 9, 18),
        follows=follows,
        next_due_on=next_due_on,
        at=AT,
    )


def _of_parcel(state: str) -> dict[str, Any]:
    return {
        "parcel_id": PARCEL,
        "number": "630000-D-0000017",
        "from_location": WINDOW,
        "to_location": OFFICE,
        "state": state,
        "cases": [CASE],
        "at": AT,
    }


def parcel_sealed() -> ParcelSealed:
    return ParcelSealed(**_of_parcel("sealed"), originals=2, seal_number=None)


def parcel_handed_over(waybill: str | None, *, carrier: str = "simulated") -> ParcelHandedOver:
    return ParcelHandedOver(
        **_of_parcel("handed_over"), carrier=carrier, waybill=waybill, due_on=None
    )


def parcel_closed() -> ParcelClosed:
    return ParcelClosed(**_of_parcel("closed"))


def parcel_arrived() -> ParcelArrived:
    return ParcelArrived(**_of_parcel("arrived"))


_READ = {"BACK": Tracking.RETURN_TO_SENDER, "LEFT": Tracking.IN_TRANSIT}


def trace(*codes: str) -> Trace:
    return tuple(TraceEvent(at=AT, code=code, tracking=_READ[code]) for code in codes)


def result_path(link: dict[str, str]) -> str:
    """The result as data, opened at once; the address in a message is a page with a button."""
    return f"/notify/v1/results/{link['code']}"
