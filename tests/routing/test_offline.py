"""A place without a system acts on paper: the window writes it down, with the paper itself."""

from typing import Any

from tests.routing.builders import OFFICE, WINDOW, House, item_document

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
LEAD, BRANCH = "630104-GA", "620102-GA"
GRANTED = {"result": "granted", "opinion": "准予"}


async def offline(house: House, code: str) -> None:
    place: dict[str, Any] = (await house.get(f"/locations/{code}", house.token("ops"))).json()
    changed = {**place, "version": 2, "valid_from": "2026-01-01", "system": "offline"}
    answer = await house.client.post(
        "/routing/v1/locations", headers=house.token("ops"), json=[changed]
    )
    assert answer.status_code == 200, answer.text


async def proof(house: House, number: str, on: str) -> dict[str, Any]:
    clerk = house.token("clerk", WINDOW)
    put = await house.client.post(
        f"/routing/v1/cases/{number}/attachments",
        headers=clerk | {"content-type": "application/pdf"},
        content=PDF,
    )
    return {"digest": put.json()["digest"], "acted_by": "王经办", "acted_on": on}


async def test_the_day_that_counts_is_the_day_on_the_paper(house: House) -> None:
    await offline(house, OFFICE)
    limits = {"promised": {"value": 10}, "statutory": {"value": 20}}
    await house.publish(item_document("RS-002", version=2, limits=limits))
    number = await house.receive(item_version=2)
    handoff = await house.handoff_of(number)
    house.clock.set("2026-09-11")
    clerk = house.token("clerk", WINDOW)
    given = await proof(house, number, "2026-09-09")
    accepted = await house.post(f"/handoffs/{handoff}/acceptance", clerk, proof=given)
    assert accepted.status_code == 200, accepted.text
    # Accepted on Wednesday 9, written down on Friday 11: 10, 11 = 2; 14-18 = 7; 20 = 8; 21, 22.
    assert accepted.json()["clock"]["due_on"] == "2026-09-22"
    assert accepted.json()["accepted_at"].startswith("2026-09-09")
    house.clock.set("2026-09-16")
    given["acted_on"] = "2026-09-15"
    decided = await house.post(f"/handoffs/{handoff}/decision", clerk, **GRANTED, proof=given)
    assert decided.status_code == 200, decided.text
    told = dict(await house.told(number))["routing.case-decided.v1"]
    # Ten working days after Tuesday 15: 16-18 = 3; 20-24 = 8; 28, 29.
    assert (told["decided_at"][:10], told["deliver_by"]) == ("2026-09-15", "2026-09-29")
    acts = (await house.get(f"/handoffs/{handoff}/acts", clerk)).json()["acts"]
    assert [(each["step"], each["facts"].get("acted_on")) for each in acts[1:]] == [
        ("accept", "2026-09-09"),
        ("decide", "2026-09-15"),
    ]


async def test_a_day_before_the_case_came_or_still_to_come_is_refused_with_all_else(
    house: House,
) -> None:
    await offline(house, OFFICE)
    number = await house.receive()
    path = f"/handoffs/{await house.handoff_of(number)}/acceptance"
    clerk = house.token("clerk", WINDOW)
    for day in ("2026-09-06", "2026-09-08"):
        given = {**await proof(house, number, day), "digest": "sha-256=:" + "A" * 43 + "=:"}
        answer = await house.post(path, clerk, proof=given)
        assert answer.status_code == 422
        assert [each["code"] for each in answer.json()["faults"]] == [
            "unknown-file",
            "not-on-that-day",
        ]


async def test_the_window_writes_down_what_a_branch_answered(house: House) -> None:
    await offline(house, BRANCH)
    number = await house.receive(
        item_code="GA-001",
        mode="joint_handling",
        chosen_basis=None,
        basis={"move_in": "630104", "move_out": "620102"},
    )
    lead = house.officer(LEAD)
    permit = await house.claimed(number, lead)
    await house.post(f"/handoffs/{permit}/acceptance", lead)
    done = await house.post(f"/handoffs/{permit}/answer", lead, answer="done", note="准予迁入")
    assert done.status_code == 200, done.text
    rows = await house.rows(
        "SELECT id FROM handoff WHERE case_number = :n AND location = :place",
        n=number,
        place=BRANCH,
    )
    path, clerk = f"/handoffs/{rows[0].id}/answer", house.token("clerk", WINDOW)
    bare = await house.post(path, clerk, answer="done", note="已迁出")
    assert [each["code"] for each in bare.json()["faults"]] == ["proof-needed"]
    given = await proof(house, number, "2026-09-07")
    answer = await house.post(path, clerk, answer="done", note="已迁出", proof=given)
    assert (answer.status_code, answer.json()["status"]) == (200, "decided"), answer.text
    acts = (await house.get(f"/handoffs/{rows[0].id}/acts", clerk)).json()["acts"]
    assert (acts[-1]["step"], acts[-1]["side"], acts[-1]["actor"]) == (
        "answer_done",
        "branch",
        "clerk-1",
    )
    assert acts[-1]["facts"]["proof"] == given["digest"]
    # Who it was on their side stands nowhere open.
    for table in ("act", "audit", "outbox", "handoff"):
        lines = await house.rows(f"SELECT CAST(row_to_json(t) AS text) AS line FROM {table} AS t")
        assert lines
        assert not [row.line for row in lines if given["acted_by"] in row.line]
    # A step of a place that has a system is its own to answer, proof or not.
    other = await house.post(f"/handoffs/{permit}/answer", clerk, answer="done", proof=given)
    assert other.status_code in (403, 409)


async def test_paper_that_came_to_a_place_without_a_system_is_written_down_too(
    house: House,
) -> None:
    await offline(house, "620102-CL")
    number = await house.receive(
        item_code="CL-001",
        mode="remote_collection",
        chosen_basis=None,
        materials=[{"code": "M3", "form": "original", "count": 1}],
        originals=[{"original_id": "01990000-0000-7000-8000-000000000009", "material_code": "M3"}],
    )
    handoff = await house.handoff_of(number)
    clerk = house.token("clerk", WINDOW)
    path = f"/handoffs/{handoff}/arrival"
    bare = await house.post(path, clerk)
    assert [each["code"] for each in bare.json()["faults"]] == ["proof-needed"]
    given = await proof(house, number, "2026-09-07")
    answer = await house.post(path, clerk, proof=given)
    assert (answer.status_code, answer.json()["status"]) == (200, "received"), answer.text
