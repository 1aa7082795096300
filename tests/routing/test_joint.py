"""多地联办 from end to end: stages, answers, one notice for everybody, who wins at one instant."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.database import EmbeddedDatabase
from services.routing import timers
from shared.chance import new_id
from tests.routing.bench import DEPLOY, WINDOW, Bench, Person, Taken, open_bench

LEAD, BRANCH = "630104-GA", "620102-GA"
GRANTED = {
    "result": "granted",
    "opinion": "准予落户",
    "certificate": {"name": "居民户口簿", "number": "示例-1", "form": "electronic"},
}


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "GA-001") as opened:
        yield opened


@pytest.fixture
def lead(bench: Bench) -> Person:
    return bench.person("officer", LEAD)


@pytest.fixture
def branch(bench: Bench) -> Person:
    return bench.person("officer", BRANCH)


async def move(bench: Bench, **changes: Any) -> Taken:
    """A household moves from 城关 to 城西."""
    given: dict[str, Any] = {
        "item_code": "GA-001",
        "mode": "joint_handling",
        "basis": {"move_in": "630104", "move_out": "620102"},
        "materials": [{"code": "M1", "form": "electronic", "count": 1}],
    }
    return await bench.receive(**{**given, **changes})


async def permitted(bench: Bench, lead: Person, case: Taken) -> str:
    """The lead's first step is done; the id of it."""
    permit = await lead.claim(LEAD, case.number, status="received")
    await lead.post(f"/handoffs/{permit}/acceptance")
    body = {
        "answer": "done",
        "note": "准予迁入",
        "documents": [{"name": "准予迁入证明", "number": "2026-001"}],
    }
    await lead.post(f"/handoffs/{permit}/answer", body)
    return permit


async def statuses(bench: Bench, case: Taken) -> list[str | None]:
    rows = await bench.handoffs(case.number)
    return [row.status if row.opened_at else None for row in rows]


async def test_three_steps_of_a_move_open_one_after_the_other(
    bench: Bench, lead: Person, branch: Person
) -> None:
    case = await move(bench)
    assert await statuses(bench, case) == ["received", None, None]
    permit = await permitted(bench, lead, case)
    assert await statuses(bench, case) == ["decided", "received", None]
    out = await branch.claim(BRANCH, case.number, status="received")
    refused = await branch.post(f"/handoffs/{out}/decision", GRANTED, status=409)
    assert refused["code"] == "handoff-step-not-allowed" or refused["code"] == "not-your-step"
    moved = await branch.get(f"/cases/{case.number}/transfers")
    assert [(each["what"], each["to_location"]) for each in moved["transfers"]] == [
        ("document", BRANCH)
    ]
    read = await branch.get(f"/handoffs/{out}")
    assert [(each["name"], each["number"]) for each in read["documents"]] == [
        ("准予迁入证明", None)
    ]
    assert "answer_gaps" in read["allowed_steps"]
    read = await branch.get(f"/handoffs/{out}", params={"purpose": "办理迁出登记"})
    assert read["documents"][0]["number"] == "2026-001"
    await branch.post(f"/handoffs/{out}/answer", {"answer": "done", "note": "已迁出"})
    assert await statuses(bench, case) == ["decided", "decided", "accepted"]
    settle = await lead.claim(LEAD, case.number, status="accepted")
    refused = await lead.post(f"/handoffs/{settle}/answer", {"answer": "done"}, status=409)
    assert refused["code"] == "step-decides"
    decided = await lead.post(f"/handoffs/{settle}/decision", GRANTED)
    assert decided["status"] == "decided"
    (event,) = await bench.told("routing.case-decided.v1")
    assert (event["handoff_id"], event["result"]) == (settle, "granted")
    assert permit != settle


async def test_the_lead_tells_the_applicant_of_a_branchs_gaps_in_one_notice(
    bench: Bench, lead: Person, branch: Person
) -> None:
    case = await move(bench)
    permit = await permitted(bench, lead, case)
    out = await branch.claim(BRANCH, case.number)
    refused = await lead.post(f"/handoffs/{permit}/notice", {"faults": []}, status=422)
    assert refused["faults"][0]["code"] == "notice-empty"
    gaps = {"answer": "gaps", "gaps": [{"material_code": "M4", "text": "证明未盖章"}]}
    await branch.post(f"/handoffs/{out}/answer", gaps)
    assert await bench.told("routing.notice-issued.v1") == []
    (found,) = await bench.told("routing.gaps-found.v1")
    assert (found["lead_handoff_id"], found["ready_to_notify"]) == (permit, True)
    (row,) = [each for each in await bench.handoffs(case.number) if str(each.id) == out]
    assert (row.status, row.supplement_due_on, row.clock_state) == ("noticed", None, "suspended")
    queue = await lead.get(f"/queues/{LEAD}/handoffs")
    assert [(each["id"], each["status"]) for each in queue["handoffs"]] == [(permit, "decided")]
    draft = await lead.get(f"/handoffs/{permit}/notice-draft")
    assert draft == {
        "gaps": [{"material_code": "M4", "texts": ["证明未盖章"], "locations": [BRANCH]}],
        "unanswered": [],
        "ready": True,
    }
    await lead.post(f"/handoffs/{permit}/notice", {"faults": []})
    (notice,) = await bench.told("routing.notice-issued.v1")
    assert notice["materials"] == ["M4"]
    rows = {str(each.id): each for each in await bench.handoffs(case.number)}
    assert rows[out].supplement_due_on is not None
    assert (await lead.get(f"/queues/{LEAD}/handoffs"))["handoffs"] == []
    await lead.post(f"/handoffs/{permit}/notice", {"faults": []}, status=422)

    bench.now += timedelta(days=1)
    await bench.tell(
        "intake.supplement-given.v1",
        case.number,
        {
            "case_number": case.number,
            "supplement_id": str(new_id()),
            "given_at": bench.now,
            "materials": [{"code": "M4", "form": "copy", "count": 1}],
        },
    )
    assert await statuses(bench, case) == ["decided", "received", None]
    (row,) = [each for each in await bench.handoffs(case.number) if str(each.id) == out]
    assert row.clock_state == "running"
    again = {"answer": "gaps", "gaps": [{"material_code": "M5", "text": "再补一份"}]}
    refused = await branch.post(f"/handoffs/{out}/answer", again, status=422)
    assert refused["faults"][0]["code"] == "notice-adds"
    await branch.post(f"/handoffs/{out}/answer", {"answer": "done"})
    assert await statuses(bench, case) == ["decided", "decided", "accepted"]


async def test_a_supplement_that_never_comes_ends_the_matter_everywhere(
    bench: Bench, lead: Person, branch: Person
) -> None:
    case = await move(bench)
    permit = await permitted(bench, lead, case)
    out = await branch.claim(BRANCH, case.number)
    gaps = {"answer": "gaps", "gaps": [{"material_code": "M4", "text": "证明未盖章"}]}
    await branch.post(f"/handoffs/{out}/answer", gaps)
    fire = timers.fire_watches(bench.premises.sessions, lambda: bench.now)
    bench.now += timedelta(days=40)
    while await fire():
        pass
    assert await statuses(bench, case) == ["decided", "noticed", None]
    await lead.post(f"/handoffs/{permit}/notice", {"faults": []})
    bench.now += timedelta(days=40)
    while await fire():
        pass
    rows = await bench.handoffs(case.number)
    assert [(row.status, row.outcome) for row in rows] == [
        ("decided", None),
        ("closed", "lapsed"),
        ("closed", "cancelled"),
    ]
    assert [each["outcome"] for each in await bench.told("routing.case-closed.v1")] == ["lapsed"]


async def test_what_a_branch_cannot_do_closes_everything_that_is_open(
    bench: Bench, lead: Person, branch: Person
) -> None:
    case = await move(bench)
    await permitted(bench, lead, case)
    out = await branch.claim(BRANCH, case.number)
    body = {"answer": "impossible", "note": "迁出地无此户籍"}
    await branch.post(f"/handoffs/{out}/answer", body)
    rows = await bench.handoffs(case.number)
    assert [(row.status, row.outcome) for row in rows] == [
        ("decided", None),
        ("closed", "failed"),
        ("closed", "cancelled"),
    ]
    (closed,) = await bench.told("routing.case-closed.v1")
    assert closed["outcome"] == "failed"
    assert "sealed" in closed["reason"]


async def test_a_withdrawal_in_the_middle_closes_what_is_open(
    bench: Bench, lead: Person, branch: Person
) -> None:
    case = await move(bench)
    await permitted(bench, lead, case)
    out = await branch.claim(BRANCH, case.number)
    gaps = {"answer": "gaps", "gaps": [{"material_code": "M4", "text": "证明未盖章"}]}
    await branch.post(f"/handoffs/{out}/answer", gaps)
    await withdraw(bench, case)
    rows = await bench.handoffs(case.number)
    assert [(row.status, row.outcome) for row in rows] == [
        ("decided", None),
        ("closed", "withdrawn"),
        ("closed", "cancelled"),
    ]
    assert (await lead.get(f"/queues/{LEAD}/handoffs"))["handoffs"] == []
    assert (await branch.get(f"/queues/{BRANCH}/handoffs"))["handoffs"] == []


async def withdraw(bench: Bench, case: Taken) -> None:
    await bench.tell(
        "intake.withdrawal-requested.v1",
        case.number,
        {
            "case_number": case.number,
            "withdrawal_id": str(new_id()),
            "at": bench.now,
            "reason": "不办了",
        },
    )


async def test_a_step_handed_on_takes_its_later_steps_with_it(bench: Bench, lead: Person) -> None:
    case = await move(bench)
    permit = await lead.claim(LEAD, case.number)
    body = {"location": "630200-C1", "reason": "由海东办理"}
    await lead.post(f"/handoffs/{permit}/transfer-on", body)
    rows = await bench.handoffs(case.number)
    assert [(row.stage, row.location, row.status) for row in rows] == [
        (1, LEAD, "closed"),
        (1, "630200-C1", "received"),
        (2, BRANCH, "pending"),
        (3, "630200-C1", "pending"),
    ]
    (told,) = await bench.told("routing.handoff-transferred.v1")
    assert told["also_moved"] == [str(rows[3].id)]


async def parallel(bench: Bench) -> None:
    """The same item with two branches side by side in its second stage."""
    items = json.loads((DEPLOY / "catalogue.json").read_text("utf-8"))["items"]
    item = copy.deepcopy(next(each for each in items if each["code"] == "GA-001"))
    steps = item["steps"]["joint_handling"]
    steps.append({**steps[1], "step": "archive", "name": "迁出地移交档案"})
    item.update(code="GA-099")
    await bench.tell("intake.item-published.v1", "item:GA-099", item)


async def test_two_steps_done_at_one_instant_open_the_next_stage_exactly_once(
    bench: Bench, lead: Person
) -> None:
    await parallel(bench)
    for _ in range(5):
        case = await move(bench, item_code="GA-099")
        await permitted(bench, lead, case)
        branches = [row for row in await bench.handoffs(case.number) if row.stage == 2]
        people = [bench.person("officer", BRANCH, subject=f"officer-{n}") for n in range(2)]
        for person, row in zip(people, branches, strict=True):
            await person.post(f"/handoffs/{row.id}/claim")
        await asyncio.gather(
            *(
                person.post(f"/handoffs/{row.id}/answer", {"answer": "done"})
                for person, row in zip(people, branches, strict=True)
            )
        )
        assert await statuses(bench, case) == ["decided", "decided", "decided", "accepted"]
        told = await bench.told("routing.handoff-opened.v1")
        settle = (await bench.handoffs(case.number))[3]
        assert [each["handoff_id"] for each in told].count(str(settle.id)) == 1


async def test_a_withdrawal_and_a_decision_at_one_instant_have_one_winner(
    bench: Bench, lead: Person, branch: Person
) -> None:
    outcomes = set()
    for turn in range(8):
        case = await move(bench)
        await permitted(bench, lead, case)
        out = await branch.claim(BRANCH, case.number)
        await branch.post(f"/handoffs/{out}/answer", {"answer": "done"})
        settle = await lead.claim(LEAD, case.number)

        async def decide(settle: str = settle) -> int:
            answer = await bench.client.post(
                f"/routing/v1/handoffs/{settle}/decision", headers=lead.headers, json=GRANTED
            )
            return answer.status_code

        async def withdrawing(case: Taken = case, turn: int = turn) -> None:
            await asyncio.sleep(0.004 * turn)
            await withdraw(bench, case)

        status, _ = await asyncio.gather(decide(), withdrawing())
        ((row,),) = [
            await bench.rows(
                "SELECT status, outcome FROM routed_case WHERE case_number = :n", n=case.number
            )
        ]
        refused = [
            each
            for each in await bench.told("routing.request-refused.v1")
            if each["case_number"] == case.number
        ]
        ended = [
            each["outcome"]
            for each in await bench.told("routing.case-closed.v1")
            if each["case_number"] == case.number
        ]
        decided = [
            each["result"]
            for each in await bench.told("routing.case-decided.v1")
            if each["case_number"] == case.number
        ]
        if status == 200:
            assert (row.status, row.outcome) == ("decided", "granted")
            assert ([each["code"] for each in refused], ended) == (["already-decided"], [])
            assert decided == ["granted"]
        else:
            assert status == 409
            assert (row.status, row.outcome) == ("closed", "withdrawn")
            assert (refused, ended, decided) == ([], ["withdrawn"], [])
        outcomes.add(status)
    assert outcomes <= {200, 409}


async def test_originals_of_a_joint_matter_go_to_any_of_its_places(
    bench: Bench, lead: Person
) -> None:
    case = await move(bench)
    paper = await move(bench, originals=["M1"])
    sender = bench.person("dispatcher", WINDOW)
    seen = await sender.get(f"/cases/{paper.number}/custody")
    (original,) = seen["originals"]
    assert original["destination"]["location"] == LEAD
    for place in (LEAD, BRANCH):
        body = {"from": WINDOW, "to": place, "originals": [original["label"]]}
        bag = await sender.post("/parcels", body, status=201)
        await sender.post(f"/parcels/{bag['id']}/removals", {"originals": [original["label"]]})
    assert (await sender.get(f"/cases/{case.number}/custody"))["originals"] == []
