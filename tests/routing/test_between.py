"""Between window and office: pre-review, verification, arrival by hand, back to the window."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.database import EmbeddedDatabase
from shared.chance import new_id
from tests.routing.bench import OFFICE, WINDOW, Bench, Person, Taken, open_bench

POLICE = "620102-GA"


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "CL-001", "GA-003") as opened:
        yield opened


async def delegated(bench: Bench) -> Taken:
    """A matter that the window may accept in the office's name."""
    return await bench.receive(item_code="GA-003", materials=[{"code": "M1", "form": "original"}])


async def handoff_of(bench: Bench, case: Taken) -> Any:
    (row,) = await bench.handoffs(case.number)
    return row


async def test_a_pre_review_says_send_the_paper_or_lists_the_gaps_once(bench: Bench) -> None:
    case = await bench.receive(["M3"])
    officer = bench.person("officer", OFFICE)
    handoff = await officer.claim(OFFICE, case.number, status="pending")
    path = f"/handoffs/{handoff}/prereview"
    gaps = {"answer": "gaps", "faults": [{"material_code": "M2", "text": "缺第二页"}]}
    looked = await officer.post(path, gaps)
    assert looked["status"] == "pending"
    more = {"answer": "gaps", "faults": [{"material_code": "M4", "text": "还缺照片"}]}
    refused = await officer.post(path, more, status=422)
    assert refused["faults"][0]["code"] == "notice-adds"
    both = {"answer": "send_paper", "faults": gaps["faults"]}
    await officer.post(path, both, status=422)
    desk = bench.person("dispatcher", OFFICE)
    await desk.post(path, {"answer": "send_paper"})
    told = await bench.told("routing.handoff-prereviewed.v1")
    assert [(each["answer"], each["materials"]) for each in told] == [
        ("gaps", ["M2"]),
        ("send_paper", []),
    ]
    assert "sealed" in told[0]["faults"]


async def test_an_item_without_pre_review_has_none(bench: Bench) -> None:
    case = await delegated(bench)
    officer = bench.person("officer", POLICE)
    handoff = await officer.claim(POLICE, case.number, status="accepted")
    refused = await officer.post(
        f"/handoffs/{handoff}/prereview", {"answer": "send_paper"}, status=409
    )
    assert refused["code"] == "handoff-step-not-allowed"


async def test_the_desk_may_take_a_file_in_before_all_of_it_has_come(bench: Bench) -> None:
    case = await bench.receive(["M2", "M3"])
    row = await handoff_of(bench, case)
    clerk = bench.person("clerk", WINDOW)
    await clerk.post(f"/handoffs/{row.id}/arrival", status=403)
    desk = bench.person("dispatcher", OFFICE)
    arrived = await desk.post(f"/handoffs/{row.id}/arrival")
    assert (arrived["status"], arrived["handling_received_at"] is not None) == ("received", True)
    await desk.post(f"/handoffs/{row.id}/arrival", status=409)


async def test_a_window_verifies_originals_only_where_an_agreement_lets_it(bench: Bench) -> None:
    case, clerk = await delegated(bench), bench.person("clerk", WINDOW)
    row = await handoff_of(bench, case)
    body = {"materials": ["M1"], "passed": True, "how": "original_seen"}
    await clerk.post(f"/handoffs/{row.id}/verification", body)
    (told,) = await bench.told("routing.originals-verified.v1")
    assert (told["by_location"], told["passed"]) == (WINDOW, True)
    unknown = {**body, "materials": ["M1", "M99"]}
    refused = await clerk.post(f"/handoffs/{row.id}/verification", unknown, status=422)
    assert [each["pointer"] for each in refused["faults"]] == ["/materials/1"]
    far = await bench.receive(["M3"], receiving_location="632801-C1")
    (row,) = await bench.handoffs(far.number)
    refused = await bench.person("clerk", "632801-C1").post(
        f"/handoffs/{row.id}/verification", {**body, "materials": ["M3"]}, status=409
    )
    assert (refused["code"], refused["because"]) == ("not-your-step", "power")


async def test_with_delegated_acceptance_a_bad_file_goes_back_within_a_day(bench: Bench) -> None:
    case = await delegated(bench)
    row = await handoff_of(bench, case)
    assert (row.status, row.clock_state) == ("accepted", "running")
    officer, clerk = bench.person("officer", POLICE), bench.person("clerk", WINDOW)
    handoff = await officer.claim(POLICE, case.number, status="accepted")
    path = f"/handoffs/{handoff}"
    read = await clerk.get(path)
    assert read["allowed_steps"] == ["verify", "notice", "supplement", "withdraw"]
    await clerk.post(f"{path}/hand-back", status=409)
    bench.now += timedelta(days=1)
    await officer.claim(POLICE, case.number)
    back = await officer.post(f"{path}/window-return", {"reason": "申请表不是本人签名"})
    assert back["status"] == "accepted"
    again = await officer.post(f"{path}/window-return", {"reason": "又"}, status=409)
    assert again["code"] == "already-with-window"
    (told,) = await bench.told("routing.handoff-returned.v1")
    assert (told["due_on"], "sealed" in told["reason"]) == (row.due_on.isoformat(), True)
    # What the window has back is nobody's to claim, and its clock runs on.
    await officer.post(f"{path}/release")
    claimed = await officer.post(f"/queues/{POLICE}/claims", {"limit": 5})
    assert claimed["handoffs"] == []
    row = await handoff_of(bench, case)
    assert (row.clock_state, row.returned_at is not None) == ("running", True)
    await clerk.post(f"{path}/hand-back", {"note": "已补签"})
    assert len(await bench.told("routing.handoff-handed-back.v1")) == 1
    claimed = await officer.post(f"/queues/{POLICE}/claims", {"limit": 5})
    assert [each["id"] for each in claimed["handoffs"]] == [handoff]
    bench.now += timedelta(days=1)
    await officer.claim(POLICE, case.number)
    late = await officer.post(f"{path}/window-return", {"reason": "太晚"}, status=409)
    assert (late["code"], late["due_on"]) == ("return-too-late", "2026-09-08")


async def test_a_stranger_neither_sees_nor_touches_it(bench: Bench) -> None:
    case = await delegated(bench)
    row = await handoff_of(bench, case)
    for person in (
        bench.person("officer", "620102-CL"),
        bench.person("dispatcher", "630200-C1"),
        bench.person("clerk", "630200-C1"),
    ):
        await _refused(person, f"/handoffs/{row.id}/window-return", {"reason": "x"})
        await _refused(person, f"/handoffs/{row.id}/hand-back", {"note": str(new_id())})


async def _refused(person: Person, path: str, body: dict[str, Any]) -> None:
    answer = await person.client.post(f"/routing/v1{path}", headers=person.headers, json=body)
    assert answer.status_code in (403, 404), answer.text
