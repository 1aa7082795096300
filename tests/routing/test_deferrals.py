"""A deferred paper that never came, and an application that the window put right."""

from typing import Any

import pytest

from tests.routing.builders import House


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


async def test_what_was_decided_no_lapse_undoes(house: House) -> None:
    number, handoff = await house.accepted()
    decided = await house.post(
        f"/handoffs/{handoff}/decision",
        house.officer(),
        result="granted",
        opinion="准予",
        certificate={"name": "就业创业证", "number": "1", "form": "electronic"},
    )
    assert decided.status_code == 200
    before = await house.told(number)
    await broken(house, number, "acceptance_revoked")
    assert await house.told(number) == before


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
