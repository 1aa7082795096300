"""A deferred paper that never came, and an application that the window put right."""

from typing import Any

import pytest

from tests.routing.builders import House, item_document


async def broken(house: House, number: str, follows: str) -> None:
    data = {
        "case_number": number,
        "kind": "deferral",
        "materials": ["M1"],
        "due_on": "2026-09-01",
        "follows": follows,
        "at": house.clock().isoformat(),
    }
    await house.feed("intake.promise-broken.v1", number, data)


async def clock_of(house: House, handoff: str) -> dict[str, Any]:
    answer = await house.get(f"/handoffs/{handoff}", house.officer())
    clock: dict[str, Any] = answer.json()["clock"]
    return clock


@pytest.mark.parametrize(
    ("follows", "outcome", "step"),
    [
        ("deemed_withdrawn", "withdrawn", "withdrawn"),
        ("acceptance_revoked", "acceptance_revoked", "cancelled"),
        ("returned", "returned", "cancelled"),
    ],
)
async def test_a_broken_promise_ends_the_matter_as_the_item_says(
    house: House, follows: str, outcome: str, step: str
) -> None:
    number, handoff = await house.accepted()
    await broken(house, number, follows)
    told = dict((await house.told(number))[-2:])
    assert told["routing.case-closed.v1"]["outcome"] == outcome
    assert told["routing.handoff-closed.v1"]["outcome"] == step
    late = await house.post(
        f"/handoffs/{handoff}/decision", house.officer(), result="granted", opinion="准予"
    )
    assert late.status_code == 409


async def test_a_pause_stops_the_clock_and_the_paper_lets_it_go_on(house: House) -> None:
    number, handoff = await house.accepted()
    due = (await clock_of(house, handoff))["due_on"]
    await broken(house, number, "paused")
    assert (await clock_of(house, handoff))["state"] == "suspended"
    house.clock.forward(days=14)
    await house.supplement(number, "M1")
    after = await clock_of(house, handoff)
    assert after["state"] == "running"
    assert after["due_on"] > due
    moved = [data for type_, data in await house.told(number) if type_.endswith("changed.v1")]
    assert moved[-1]["due_on"] == after["due_on"]


async def granted(house: House, *, once_decided: str | None) -> tuple[str, str]:
    deferral = {"available": True, "once_decided": once_decided}
    await house.publish(item_document("RS-002", version=2, deferral=deferral))
    number, handoff = await house.accepted(item_version=2)
    decided = await house.post(
        f"/handoffs/{handoff}/decision",
        house.officer(),
        result="granted",
        opinion="准予",
        certificate={"name": "就业创业证", "number": "1", "form": "electronic"},
    )
    assert decided.status_code == 200
    return number, handoff


async def waiting(house: House) -> list[dict[str, Any]]:
    answer = await house.get("/approvals", house.supervisor())
    found: list[dict[str, Any]] = answer.json()["approvals"]
    return found


@pytest.mark.parametrize("once_decided", [None, "hold"])
async def test_what_was_granted_is_only_held_where_the_item_says_no_more(
    house: House, once_decided: str | None
) -> None:
    number, handoff = await granted(house, once_decided=once_decided)
    before = await house.told(number)
    await broken(house, number, "held")
    assert await house.told(number) == before
    assert await waiting(house) == []
    shown = (await house.get(f"/handoffs/{handoff}", house.officer())).json()["broken_promise"]
    assert (shown["materials"], shown["due_on"]) == (["M1"], "2026-09-01")
    path = f"/handoffs/{handoff}/revocation"
    refused = await house.post(path, house.supervisor(), reason="未补交")
    assert (refused.status_code, refused.json()["code"]) == (409, "item-only-holds")


# Whatever the window took for so: what routing has decided meanwhile counts.
@pytest.mark.parametrize("follows", ["revoke", "returned"])
async def test_the_office_that_granted_is_given_the_task_to_revoke_once(
    house: House, follows: str
) -> None:
    number, handoff = await granted(house, once_decided="revoke")
    for _ in range(2):
        await broken(house, number, follows)
    (task,) = await waiting(house)
    assert (task["kind"], task["handoff_id"]) == ("revocation", handoff)
    assert (task["asked_by"], task["facts"]["by_rule"]) == ("system", True)
    assert "2026-09-01" in task["reason"]
    done = await house.post(f"/approvals/{task['id']}/approval", house.supervisor())
    assert done.status_code == 200, done.text
    assert (await house.told(number))[-1][1]["outcome"] == "revoked"
    late = await house.post(f"/handoffs/{handoff}/revocation", house.supervisor(), reason="未补交")
    assert late.json()["code"] == "handoff-step-not-allowed"


async def test_a_paper_that_comes_before_the_revocation_leaves_nothing_to_revoke(
    house: House,
) -> None:
    number, handoff = await granted(house, once_decided="revoke")
    await broken(house, number, "revoke")
    (task,) = await waiting(house)
    await house.supplement(number, "M1")
    assert await waiting(house) == []
    gone = await house.post(f"/approvals/{task['id']}/approval", house.supervisor())
    assert gone.json()["code"] == "approval-settled"
    path = f"/handoffs/{handoff}/revocation"
    refused = await house.post(path, house.supervisor(), reason="未补交")
    assert refused.json()["code"] == "deferred-paper-came"
    shown = (await house.get(f"/handoffs/{handoff}", house.officer())).json()["broken_promise"]
    assert shown["came_on"] is not None


async def test_during_the_second_term_nothing_is_revoked_yet(house: House) -> None:
    number, handoff = await house.accepted()
    await broken(house, number, "paused")
    await house.post(
        f"/handoffs/{handoff}/decision",
        house.officer(),
        result="granted",
        opinion="准予",
        certificate={"name": "就业创业证", "number": "1", "form": "electronic"},
    )
    answer = await house.post(
        f"/handoffs/{handoff}/revocation", house.supervisor(), reason="未补交"
    )
    assert answer.json()["code"] == "nothing-promised"


async def test_an_amended_application_is_what_the_officer_reads_and_an_older_view_is_stale(
    house: House,
) -> None:
    handoff = await house.claimed(number := await house.receive())
    path = f"/handoffs/{handoff}"
    seen = await house.get(path, house.officer())
    right = {"applicant": {"kind": "person", "name": "张三峰", "id_number": "6201"}}
    data = {
        "case_number": number,
        "cause": "correction",
        "fields": ["/applicant/name"],
        "at": house.clock().isoformat(),
        "application": right,
    }
    await house.feed("intake.application-amended.v1", number, data, personal=("application",))
    stale = await house.client.post(
        f"/routing/v1{path}/acceptance",
        headers=house.officer() | {"If-Match": seen.headers["etag"]},
        json={},
    )
    assert stale.status_code == 412
    query = {"unmask": "true", "purpose": "审查"}
    now = (await house.get(path, house.officer(), **query)).json()["application"]
    assert now["applicant"]["name"] == "张三峰"
    assert now["form"] == {"reason": "示例"}
