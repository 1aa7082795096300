"""取消: a case taken twice or by mistake ends without a decision, and its papers go back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.database import EmbeddedDatabase
from tests.routing.bench import OFFICE, WINDOW, Bench, Taken, open_bench

LEAD, BRANCH = "630104-GA", "620102-GA"
MISTAKE = {"ground": "erroneous", "reason": "选错了事项"}


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "CL-001", "GA-001") as opened:
        yield opened


def path(case: Taken) -> str:
    return f"/cases/{case.number}/cancellation"


async def joint(bench: Bench) -> Taken:
    return await bench.receive(
        item_code="GA-001",
        mode="joint_handling",
        basis={"move_in": "630104", "move_out": "620102"},
        materials=[{"code": "M1", "form": "electronic", "count": 1}],
    )


async def test_operations_cancel_a_duplicate_and_its_papers_belong_back(bench: Bench) -> None:
    kept, twice = await bench.receive(["M3"]), await bench.receive(["M3"])
    ops, desk = bench.person("ops", None), bench.person("dispatcher", WINDOW)
    body: dict[str, Any] = {"ground": "duplicate", "reason": "同一天收了两次"}
    for other, code in ((None, "missing"), (twice.number, "unknown-case"), ("1", "unknown-case")):
        refused = await ops.post(path(twice), {**body, "duplicate_of": other}, status=422)
        assert [(each["pointer"], each["code"]) for each in refused["faults"]] == [
            ("/duplicate_of", code)
        ]
    refused = await ops.post(path(twice), {**MISTAKE, "duplicate_of": kept.number}, status=422)
    assert refused["faults"][0]["code"] == "not-a-duplicate"
    done = await ops.post(path(twice), {**body, "duplicate_of": kept.number})
    assert (done["status"], done["outcome"]) == ("closed", "cancelled")

    (row,) = await bench.handoffs(twice.number)
    assert (row.status, row.outcome, row.clock_state) == ("closed", "cancelled", "not_started")
    (paper,) = (await desk.get(f"/cases/{twice.number}/custody"))["originals"]
    assert paper["destination"]["what"] == "give"
    (told,) = await bench.told("routing.case-closed.v1")
    assert (told["case_number"], told["outcome"]) == (twice.number, "cancelled")
    assert "sealed" in told["reason"]
    trail = await bench.rows("SELECT facts FROM audit WHERE action = 'case-cancelled'")
    assert trail[0].facts == {"ground": "duplicate", "duplicate_of": kept.number}
    # The other one goes on, and what is over is not cancelled again.
    assert [each.status for each in await bench.handoffs(kept.number)] == ["pending"]
    again = await ops.post(path(twice), MISTAKE, status=409)
    assert (again["code"], again["outcome"]) == ("case-over", "cancelled")


async def test_a_paper_that_had_left_is_sent_back_to_the_window(bench: Bench) -> None:
    case = await bench.receive(["M3"])
    sender, receiver = bench.person("dispatcher", WINDOW), bench.person("dispatcher", OFFICE)
    body = {"from": WINDOW, "to": OFFICE, "originals": case.originals}
    bag = await sender.post("/parcels", body, status=201)
    await sender.post(f"/parcels/{bag['id']}/sealing", {})
    handed = {"carrier": "EMS", "waybill": "EA1"}
    await sender.post(f"/parcels/{bag['id']}/handover", handed)
    await bench.person("ops", None).post(path(case), MISTAKE)
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    assert [each.status for each in await bench.handoffs(case.number)] == ["closed"]
    (paper,) = (await receiver.get(f"/cases/{case.number}/custody"))["originals"]
    assert (paper["destination"]["what"], paper["destination"]["location"]) == ("send", WINDOW)


async def test_in_a_joint_matter_the_leads_supervisor_may_and_nobody_else(bench: Bench) -> None:
    case = await joint(bench)
    supervisor = bench.person("supervisor", LEAD, division="630104")
    await bench.person("officer", LEAD).post(path(case), MISTAKE, status=403)
    await bench.person("clerk", WINDOW).post(path(case), MISTAKE, status=403)
    branch = bench.person("supervisor", BRANCH, division="620102")
    refused = await branch.post(path(case), MISTAKE, status=409)
    assert (refused["code"], refused["because"]) == ("not-your-step", "side")
    await bench.person("supervisor", "630200-C1", division="630200").post(
        path(case), MISTAKE, status=404
    )
    await supervisor.post(path(case), MISTAKE)
    rows = await bench.handoffs(case.number)
    assert {(row.status, row.outcome) for row in rows} == {("closed", "cancelled")}
    acts = await supervisor.get(f"/handoffs/{rows[0].id}/acts", params={"purpose": "复核"})
    assert (acts["acts"][-1]["step"], acts["acts"][-1]["side"]) == ("cancel", "lead")
    assert acts["acts"][-1]["words"]["reason"] == MISTAKE["reason"]


async def test_where_one_place_decides_its_supervisor_decides_and_does_not_cancel(
    bench: Bench,
) -> None:
    case = await bench.receive(["M3"])
    supervisor = bench.person("supervisor", OFFICE, division="620102")
    refused = await supervisor.post(path(case), MISTAKE, status=409)
    assert (refused["code"], refused["because"]) == ("not-your-step", "side")
    assert [row.status for row in await bench.handoffs(case.number)] == ["pending"]


async def test_a_case_without_a_place_to_go_is_cancelled_too(bench: Bench) -> None:
    case = await bench.receive(["M3"], basis={"household_registration": "110101"})
    ops = bench.person("ops", None)
    assert case.number in str(await ops.get("/unroutable"))
    await ops.post(path(case), MISTAKE)
    assert (await ops.get("/unroutable"))["cases"] == []
    (told,) = await bench.told("routing.case-closed.v1")
    assert told["outcome"] == "cancelled"


async def test_what_has_been_decided_stands(bench: Bench) -> None:
    case = await bench.receive([])
    officer = bench.person("officer", OFFICE)
    (row,) = await bench.handoffs(case.number)
    await bench.person("dispatcher", OFFICE).post(f"/handoffs/{row.id}/arrival")
    await officer.claim(OFFICE, case.number)
    await officer.post(f"/handoffs/{row.id}/acceptance")
    await officer.post(f"/handoffs/{row.id}/decision", {"result": "denied", "opinion": "不符合"})
    refused = await bench.person("ops", None).post(path(case), MISTAKE, status=409)
    assert (refused["code"], refused["outcome"]) == ("case-over", "denied")
