"""What routing and notify say becomes the window's picture, its to-do and the progress page."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from services.intake.consumers import HANDLERS
from services.intake.models import LocationRow, StepRow
from services.notify import events as notify
from services.routing import events as routing
from shared.chance import new_id
from shared.messaging.envelope import Event
from shared.premises import Premises
from tests.intake.conftest import AT, Tokens
from tests.intake.window import CASES, OtherHouse, submit

PLACE = "620102-CL"
LATER = AT + timedelta(hours=3)


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


@pytest.fixture
def deliverer(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "notify")


def of_handoff(number: str, handoff: UUID, status: str) -> dict[str, Any]:
    return {"case_number": number, "handoff_id": handoff, "location": PLACE, "status": status}


def assigned(number: str, handoff: UUID, status: str = "received") -> routing.CaseAssigned:
    return routing.CaseAssigned(
        case_number=number,
        mode="remote_collection",
        handoffs=[
            routing.HandoffFacts(
                id=handoff,
                location=PLACE,
                step="handle",
                step_name="审核制证",
                stage=1,
                role="household_registration",
                lead=True,
                status=status,
            )
        ],
        why=["户籍所在地"],
        powers=[],
    )


def notice(number: str, handoff: UUID, at: datetime = LATER) -> routing.NoticeIssued:
    return routing.NoticeIssued(
        **of_handoff(number, handoff, "noticed"),
        notice_id=new_id(),
        number=1,
        issued_at=at,
        supplement_due_on=date(2026, 9, 28),
        materials=["M4"],
        faults=[routing.NoticeFault(material_code="M4", text="照片不是白底")],
    )


async def read(client: httpx.AsyncClient, headers: dict[str, str], number: str) -> dict[str, Any]:
    answer = await client.get(f"{CASES}/{number}", headers=headers)
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def test_a_case_goes_its_way_to_delivery(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, deliverer: OtherHouse
) -> None:
    taken = await submit(client, token())
    number, handoff = taken["case_number"], new_id()
    await office.tell(assigned(number, handoff, "pending"), subject=number, at=LATER)
    case = await read(client, token(), number)
    assert (case["status"], case["next_actor"]) == ("assigned", "receiving")
    assert case["handoffs"][0] | {"due_on": None} == {
        "id": str(handoff),
        "location": PLACE,
        "location_name": None,
        "step": "handle",
        "step_name": "审核制证",
        "stage": 1,
        "lead": True,
        "status": "pending",
        "due_on": None,
    }
    opened = routing.HandoffOpened(**of_handoff(number, handoff, "received"), at=LATER)
    accepted = routing.HandoffAccepted(
        **of_handoff(number, handoff, "accepted"),
        accepted_at=LATER,
        due_on=date(2026, 9, 28),
        due_provisional=False,
        deemed=False,
        by_location=PLACE,
    )
    await office.tell(opened, accepted, subject=number, at=LATER)
    case = await read(client, token(), number)
    assert (case["status"], case["next_actor"]) == ("accepted", "handling")
    assert case["deadline"]["due_on"] == "2026-09-28"
    decided = routing.CaseDecided(
        case_number=number,
        handoff_id=handoff,
        item_code="CL-001",
        item_name="残疾人证到期换领",
        result="granted",
        decided_at=LATER,
        location=PLACE,
        authority="示例残联",
        division="620102",
        deliver_by=None,
        opinion="准予换领",
        certificate=None,
    )
    await office.tell(decided, subject=number, at=LATER)
    assert (await read(client, token(), number))["status"] == "decided"
    delivery = {"case_number": number, "delivery_id": new_id(), "method": "post"}
    on_way = notify.DeliveryChanged(**delivery, status="on_way", at=LATER)
    # The post could not deliver it: it lies at the window now.
    other = {**delivery, "method": "window_pickup"}
    back = notify.DeliveryChanged(**other, status="ready", at=LATER)
    await deliverer.tell(on_way, back, subject=number, at=LATER)
    case = await read(client, token(), number)
    assert (case["delivery"]["method"], case["delivery"]["status"]) == ("window_pickup", "ready")
    code = taken["tracking_code"]
    progress = (await client.get(f"/intake/v1/progress/{code}")).json()
    assert progress["delivery_method"] == "window_pickup"
    assert "到收件窗口领取" in progress["asked"]["text"]
    arrived = notify.ResultDelivered(**other, delivered_at=LATER, proof_kind="signature")
    await deliverer.tell(arrived, subject=number, at=LATER)
    case = await read(client, token(), number)
    assert (case["status"], case["next_actor"], case["result"]) == ("delivered", "none", "granted")
    assert case["delivery"]["status"] == "delivered"
    assert [step["what"] for step in case["steps"]][-1] == "delivered"


async def test_a_notice_is_the_windows_next_step_and_can_be_read(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    taken = await submit(client, token())
    number, handoff = taken["case_number"], new_id()
    told = assigned(number, handoff), notice(number, handoff)
    await office.tell(*told, subject=number, at=LATER)
    todo = (await client.get(CASES, params={"next_actor": "receiving"}, headers=token())).json()
    assert [each["case_number"] for each in todo["cases"]] == [number]
    assert todo["cases"][0]["asked_until"] == "2026-09-28"
    case = await read(client, token(), number)
    assert case["notices"][0]["faults"] == [{"material_code": "M4", "text": "照片不是白底"}]
    async with premises.sessions() as session:
        assert "白底" not in repr((await session.execute(text("SELECT * FROM case_notice"))).all())
    public = await client.get(f"/intake/v1/progress/{taken['tracking_code']}")
    progress = public.json()
    assert progress["asked"]["until"] == "2026-09-28"
    assert "李" not in public.text
    assert number not in public.text


async def test_a_handling_officer_may_read_what_is_at_their_place(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = (await submit(client, token()))["case_number"]
    officer = token("officer", PLACE)
    assert (await client.get(f"{CASES}/{number}", headers=officer)).status_code == 404
    await office.tell(assigned(number, new_id()), subject=number, at=LATER)
    assert (await client.get(f"{CASES}/{number}", headers=officer)).status_code == 200


async def test_the_order_and_the_repeat_of_messages_do_not_matter(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    first = office.message(assigned(number, handoff), number, LATER)
    second = office.message(notice(number, handoff), number, LATER)
    await office.store(second)
    await office.apply()
    assert (await read(client, token(), number))["status"] == "received"
    await office.store(first, second, first)
    await office.apply()
    assert (await read(client, token(), number))["status"] == "noticed"
    async with premises.sessions() as session:
        steps = (await session.scalars(select(StepRow).where(StepRow.what != "received"))).all()
    assert len(steps) == 2


async def test_news_of_an_unknown_case_waits_for_it(office: OtherHouse, premises: Premises) -> None:
    await office.tell(assigned("63000026999999990", new_id()), subject="x", at=LATER)
    async with premises.sessions() as session:
        row = (await session.execute(text("SELECT * FROM inbox WHERE applied_at IS NULL"))).one()
    assert row.parked_at is None
    assert "not here yet" in row.last_error


async def test_a_place_is_known_once_it_is_registered_and_versions_hold_by_date(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    def version(number: int, valid_from: date, valid_to: date | None) -> routing.LocationRegistered:
        return routing.LocationRegistered(
            code="630200-C1",
            version=number,
            name="海东(示例)",
            kind="centre",
            division="630200",
            system="own",
            valid_from=valid_from,
            valid_to=valid_to,
        )

    headers = token(location="630200-C1")
    closed = version(1, date(2024, 1, 1), date(2025, 1, 1))
    await office.tell(closed, subject="location:630200-C1", at=AT)
    refused = await client.post(f"{CASES}/check", json={}, headers=headers)
    assert "receiving-location-closed" in {each["code"] for each in refused.json()["faults"]}
    reopened = version(2, date(2026, 1, 1), None)
    await office.tell(reopened, subject="location:630200-C1", at=AT)
    async with premises.sessions() as session:
        kept = await session.scalars(
            select(LocationRow.version).where(LocationRow.code == "630200-C1")
        )
        assert sorted(kept) == [1, 2]


# Papers and bags are routing's; who waits for whom inside an office is the office's; what a partner
# was told is between the two installations.
NOT_FOR_THE_WINDOW = {
    "routing.decision-revoked.v1",
    "routing.discrepancy-settled.v1",
    "routing.gaps-found.v1",
    "routing.originals-verified.v1",
    "routing.appointment-made.v1",
    "routing.appointment-settled.v1",
    "routing.message-written.v1",
    "routing.partner-answered.v1",
    "routing.partner-told.v1",
    "routing.reminder-raised.v1",
    "routing.reminder-sent.v1",
}


async def test_what_routing_publishes_about_cases_is_heard() -> None:
    of_cases = {
        event.type
        for event in vars(routing).values()
        if isinstance(event, type)
        and issubclass(event, Event)
        and hasattr(event, "type")
        and "case_number" in event.model_fields
        and not event.__name__.startswith("_")
    }
    assert of_cases - set(HANDLERS) == NOT_FOR_THE_WINDOW
    delivered = {event.type for event in notify.PUBLISHED if "case_number" in event.model_fields}
    assert delivered <= set(HANDLERS)


@pytest.mark.parametrize("code", ["ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ", "short", "绝对不是查询码"])
async def test_an_unknown_code_opens_nothing(client: httpx.AsyncClient, code: str) -> None:
    assert (await client.get(f"/intake/v1/progress/{code}")).status_code == 404


async def test_a_code_is_read_as_people_type_it(client: httpx.AsyncClient, token: Tokens) -> None:
    taken = await submit(client, token())
    typed = taken["tracking_code"].replace("-", "").lower()
    progress = await client.get(f"/intake/v1/progress/{typed}")
    assert progress.status_code == 200
    assert [step["title"] for step in progress.json()["steps"]] == ["窗口收件"]
