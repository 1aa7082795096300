"""A bag between two installations: each keeps its own rows, both settle the same differences."""

import json
from datetime import datetime
from typing import Any

import pytest

from services.routing.domain import labels
from shared.chance import new_id
from shared.identity import case_numbers
from tests.routing.builders import WINDOW, House
from tests.routing.partners import PARTNER, Province, province, webhooks, with_access

OFFICE = "620102-CL"
THEIR_NUMBER = case_numbers.compose("620000", 2026, 11)


@pytest.fixture
async def gansu(house: House) -> Province:
    await house.receive()
    opened = await province(house, OFFICE)
    await webhooks(house)
    await with_access(house)
    return opened


async def _received(house: House) -> tuple[str, list[str]]:
    """A case whose two papers lie at our window, and which they have taken under their number."""
    papers = [str(new_id()), str(new_id())]
    number = case_numbers.compose("630000", 2026, 77)
    await house.receive(
        case_number=number,
        item_code="CL-001",
        mode="remote_collection",
        originals=[
            {"original_id": id_, "material_code": code}
            for id_, code in zip(papers, ("M2", "M3"), strict=True)
        ],
    )
    return number, papers


async def _answered(house: House, gansu: Province) -> None:
    (row,) = await house.rows("SELECT webhook_id FROM partner_message WHERE kind='case.submitted'")
    data = {
        "webhook_id": str(row.webhook_id),
        "outcome": "applied",
        "case_number": THEIR_NUMBER,
    }
    event = {"specversion": "1.0", "id": "1", "source": "x", "data": data}
    body = json.dumps({**event, "type": "routing.partner-answered.v1"}).encode()
    assert (await gansu.post(body, gansu.signed(body))).status_code == 202
    await gansu.applied()


async def _sent(house: House, papers: list[str]) -> dict[str, Any]:
    desk = house.token("dispatcher", WINDOW)
    desk["idempotency-key"] = str(new_id())
    opened = await house.client.post(
        "/routing/v1/parcels",
        headers=desk,
        json={"from": WINDOW, "to": OFFICE, "originals": papers},
    )
    assert opened.status_code == 201, opened.text
    bag: dict[str, Any] = opened.json()
    await house.post(f"/parcels/{bag['id']}/sealing", house.token("dispatcher", WINDOW))
    answer = await house.post(
        f"/parcels/{bag['id']}/handover",
        house.token("dispatcher", WINDOW),
        carrier="EMS",
        waybill="EA123456789CN",
    )
    assert answer.status_code == 200, answer.text
    return bag


async def _told(house: House, bag: dict[str, Any]) -> list[tuple[str, Any]]:
    """What they were told of it, with what they fetch."""
    found = []
    for type_, data in await house.told(f"parcel:{bag['number']}"):
        assert type_ == "routing.partner-told.v1"
        who = house.token("partner", partner=PARTNER)
        answer = await house.client.get(data["content"]["path"], headers=who)
        found.append((data["kind"], answer.json()))
    return found


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def test_both_ends_settle_what_a_scan_found_different(house: House, gansu: Province) -> None:
    number, papers = await _received(house)
    bag = await _sent(house, papers)
    first, second = ({"case": f"J{number}", "place": place} for place in (1, 2))
    (sent,) = await _told(house, bag)
    assert (sent[0], sent[1]["originals"]) == ("parcel.sent", [first, second])

    async def does(kind: str, **body: Any) -> tuple[str | None, list[str]]:
        content = gansu.there.content(str(new_id()), body)
        return await gansu.does(
            kind, parcel_number=bag["number"], location=OFFICE, content=content, at=scanned_at
        )

    house.clock.forward(days=1)
    scanned_at = house.clock()
    house.clock.forward(days=2)
    scanned = await does("parcel.scan", found=[first], damaged=[first], extra=["无名复印件"])
    assert scanned == ("applied", [])
    desk = house.token("dispatcher", WINDOW)
    seen = (await house.get(f"/parcels/{bag['id']}", desk)).json()["discrepancies"]
    by_kind = {each["kind"]: each for each in seen}
    assert (by_kind["missing"]["original_id"], by_kind["damaged"]["original_id"]) == (
        papers[1],
        papers[0],
    )

    async def says(kind: str, settlement: str) -> None:
        path = f"/parcels/{bag['id']}/discrepancies/{by_kind[kind]['id']}/settlement"
        answer = await house.post(path, desk, settlement=settlement)
        assert answer.status_code == 200, answer.text

    await says("missing", "never_sent")
    await says("extra", "sent_back")
    assert (await _told(house, bag))[1:] == [
        (
            "parcel.settlement",
            {"settlement": "never_sent", "about": {"kind": "missing", "paper": second}},
        ),
        (
            "parcel.settlement",
            {
                "settlement": "sent_back",
                "about": {"kind": "extra", "described": "无名复印件"},
            },
        ),
    ]
    unknown = await does("parcel.settlement", settlement="kept", about={"kind": "extra"})
    assert unknown == ("rejected", ["not-found"])
    for about, settlement in (
        ({"kind": "missing", "paper": second}, "never_sent"),
        ({"kind": "extra", "described": "无名复印件"}, "sent_back"),
        ({"kind": "damaged", "paper": first}, "accepted"),
    ):
        said = await does("parcel.settlement", settlement=settlement, about=about)
        assert said == ("applied", []), about
    rows = await house.rows("SELECT kind, settlement FROM discrepancy")
    assert {row.kind: row.settlement for row in rows} == {
        "missing": "never_sent",
        "extra": "sent_back",
        "damaged": None,
    }
    # Each change of hands on the day on which it happened; the deed says when it was heard of.
    held = (await house.get(f"/cases/{number}/custody", desk)).json()["originals"]
    assert held[0]["ledger"][-1]["at"] == _written(scanned_at)
    deeds = (await house.get(f"/parcels/{bag['id']}", desk)).json()["deeds"]
    scan = next(each for each in deeds if each["deed"] == "scan")
    assert (scan["acted_at"], scan["at"]) == (_written(scanned_at), _written(house.clock()))
    assert {each["original_id"]: each["holder"] for each in held} == {
        papers[0]: f"location:{OFFICE}",
        papers[1]: f"location:{WINDOW}",
    }
    await says("damaged", "accepted")
    assert (await house.get(f"/parcels/{bag['id']}", desk)).json()["state"] == "closed"
    # What they said was not told back to them.
    assert len(await _told(house, bag)) == 4


async def test_what_the_other_province_printed_is_known_when_it_is_scanned(
    house: House, gansu: Province
) -> None:
    number, papers = await _received(house)
    await _answered(house, gansu)
    desk = house.token("dispatcher", WINDOW)
    printed = labels.of_original(THEIR_NUMBER, 2)
    found = await house.get(f"/labels/{printed}", desk)
    assert found.json()["original"]["original_id"] == papers[1]
    strange = labels.of_original(THEIR_NUMBER, 3)
    assert (await house.get(f"/labels/{strange}", desk)).status_code == 404
    bag = await _sent(house, papers)
    at_office = {"case": f"J{number}", "place": 1}, {"case": f"J{number}", "place": 2}
    content = gansu.there.content("scan", {"found": at_office})
    await gansu.does("parcel.scan", parcel_number=bag["number"], location=OFFICE, content=content)
    theirs = labels.of_parcel("620000", 5)
    sent = {
        "from": OFFICE,
        "to": WINDOW,
        "originals": at_office,
        "seal_number": "F-1",
        "handover": {"carrier": "EMS", "waybill": "EB000000013CN"},
    }
    content = gansu.there.content("sent", sent)
    did = await gansu.does("parcel.sent", parcel_number=theirs, location=OFFICE, content=content)
    assert did == ("applied", [])
    (parcel,) = (await house.get(f"/labels/{theirs}", desk)).json()["parcels"]
    assert (parcel["from_location"], parcel["waybill"]) == (OFFICE, "EB000000013CN")
    # And its papers are scanned in by the labels that the office put on them.
    scan = await house.post(
        f"/parcels/{parcel['parcel_id']}/scan",
        desk,
        found=[labels.of_original(THEIR_NUMBER, place) for place in (1, 2)],
    )
    assert sorted(scan.json()["found"]) == sorted(papers)
