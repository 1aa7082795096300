"""Where no rule names a carrier a person does; and a bag that is given up is called off there."""

from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions import booking
from services.notify.gateways.carriers import CarrierGateway
from services.notify.models import DispatchRow
from shared.audit.trail import AUDIT
from shared.messaging.inbox import INBOX
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.network.remotes import Remote
from tests.notify.town import OFFICE, PARCEL_SUBJECT, Post, Time

Carriers = dict[str, CarrierGateway]


@pytest.fixture
def elsewhere(gateways: dict[str, Any], tmp_path: Path) -> None:
    """The one rule there is speaks of Beijing."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\ncarrier = "simulated"\ndestination = "110000"\n', encoding="utf-8")
    gateways["carrier_rules"] = rules


async def dispatch(premises: Premises) -> DispatchRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(DispatchRow))).one()


async def test_a_person_chooses_where_no_rule_does_and_it_is_booked_there_once(
    elsewhere: None,
    post: Post,
    premises: Premises,
    client: httpx.AsyncClient,
    token: Tokens,
    time: Time,
    carriers: Carriers,
    carrier: Remote,
) -> None:
    await post.tell(town.case_received("post"))
    await post.tell(town.case_decided(form="paper"))
    row = await dispatch(premises)
    assert (row.status, row.gateway, row.next_attempt_at) == ("planned", None, None)
    assert not await booking.book_next(premises.sessions, carriers, time, Random(1))
    sender, path = token("dispatcher", OFFICE), f"/notify/v1/dispatches/{row.id}/carrier"
    wrong = await client.post(path, json={"carrier": "nobody"}, headers=sender)
    assert wrong.json()["faults"][0]["code"] == "carrier-unknown"
    foreign = await client.post(
        path, json={"carrier": "simulated"}, headers=token("dispatcher", "620000-C1")
    )
    assert foreign.status_code == 404
    chosen = await client.post(path, json={"carrier": "simulated"}, headers=sender)
    assert chosen.status_code == 200
    assert await booking.book_next(premises.sessions, carriers, time, Random(1))
    row = await dispatch(premises)
    assert (row.status, row.carrier) == ("booked", "simulated")
    assert len((await carrier.records())["bookings"]) == 1
    late = await client.post(path, json={"carrier": "simulated"}, headers=sender)
    assert (late.status_code, late.json()["code"]) == (409, "dispatch-step-not-allowed")
    async with premises.sessions() as session:
        actions = (await session.execute(select(AUDIT.c.action))).scalars().all()
    assert "carrier-chosen" in actions


async def test_a_booked_bag_that_is_given_up_is_cancelled_with_the_carrier(
    post: Post, premises: Premises, carriers: Carriers, carrier: Remote, time: Time
) -> None:
    await post.tell(town.parcel_sealed(), subject=PARCEL_SUBJECT)
    assert await booking.book_next(premises.sessions, carriers, time, Random(1))
    await post.tell(town.parcel_closed(), town.parcel_closed(), subject=PARCEL_SUBJECT)
    assert (await dispatch(premises)).status == "cancelled"
    assert await booking.cancel_next(premises.sessions, carriers, time)
    (booked,) = (await carrier.records())["bookings"]
    assert booked["cancelled"] is True


async def test_a_bag_that_was_never_sealed_is_given_up_without_a_trace(
    post: Post, premises: Premises
) -> None:
    await post.tell(town.parcel_closed(), subject=PARCEL_SUBJECT)
    async with premises.sessions() as session:
        assert (await session.scalars(select(DispatchRow))).all() == []
        waiting = await session.execute(select(INBOX).where(INBOX.c.applied_at.is_(None)))
        assert waiting.all() == []
