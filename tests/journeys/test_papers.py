"""Papers and joint work through all three houses: what one of them does, the others show."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy import conserve
from deploy.database import EmbeddedDatabase
from deploy.stories import joint_handling, remote_collection
from deploy.stories.people import Person, World
from shared.security.callers import Role
from tests.installation import Installation, installation
from tests.journeys.preparing import WINDOW, Case, Preparing

pytestmark = pytest.mark.timeout(360)

OFFICE = remote_collection.OFFICE
GRANTED = {
    "result": "granted",
    "opinion": "符合条件",
    "certificate": {"name": "证书", "number": "示例-1", "form": "paper"},
}


@pytest.fixture
async def town(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> AsyncIterator[Installation]:
    async with installation(postgres, database, tmp_path) as opened:
        yield opened


@pytest.fixture
def at(town: Installation) -> Preparing:
    return Preparing(World(town.client, town.issuer, lambda _: None, "papers"))


async def agreed(town: Installation) -> None:
    """Every message applied, and the houses tell the same."""
    deadline = asyncio.get_running_loop().time() + 60
    while True:
        found = await conserve.check_now(town.database.url("postgres"))
        if not found.breaches or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.1)
    assert list(found.breaches) == []


async def seen(at: Preparing, case: Case, what: str) -> dict[str, Any]:
    """The window's picture of the case, once this has happened to it."""
    picture: dict[str, Any] = await at.clerk.until(
        f"/intake/v1/cases/{case.number}",
        lambda found: found if what in [step["what"] for step in found["steps"]] else None,
        what=what,
    )
    return picture


async def holders(at: Preparing, case: Case) -> set[str]:
    found = (await at.clerk.get(f"/intake/v1/cases/{case.number}")).json()
    return {each["holder"] for each in found["originals"]}


async def told(at: Preparing, case: Case) -> list[str]:
    """What the applicant was told by text message."""
    answer = (await at.ops().get(f"/notify/v1/messages?case_number={case.number}")).json()
    return [each["event"] for each in answer["messages"]]


async def sent_and_scanned(at: Preparing, case: Case) -> None:
    sender, receiver = at.at(Role.DISPATCHER, WINDOW), at.at(Role.DISPATCHER, case.location)
    body = {"from": WINDOW, "to": case.location, "originals": list(case.papers)}
    bag = await sender.post("/routing/v1/parcels", body)
    path = f"/routing/v1/parcels/{bag['id']}"
    await sender.post(f"{path}/sealing", {})
    await sender.post(f"{path}/handover", {"carrier": "EMS", "waybill": f"EA{case.number[-9:]}CN"})
    await receiver.post(f"{path}/scan", {"found": list(case.papers)})


async def test_a_lost_bag_is_told_at_both_ends_and_to_the_applicant(
    town: Installation, at: Preparing
) -> None:
    ready, receiver = await at.parcel("sealing", "handover")
    bag, case = f"/routing/v1/parcels/{ready.path['parcel_id']}", ready.cases[0]
    await receiver.post(f"{bag}/loss", {"note": "承运人查无下落"})
    for end in (ready.person, receiver):
        assert (await end.get(bag)).json()["state"] == "lost"
    await seen(at, case, "papers_lost")
    assert {each.partition(":")[0] for each in await holders(at, case)} == {"lost"}
    await agreed(town)
    assert "papers_lost" in await told(at, case)
    await ready.person.post(f"{bag}/finding")
    await seen(at, case, "papers_found")
    await receiver.post(f"{bag}/scan", {"found": list(ready.papers)})
    await agreed(town)
    assert await holders(at, case) == {f"location:{OFFICE}"}
    assert "papers_found" in await told(at, case)


async def test_a_bag_that_comes_back_is_told_too_and_its_papers_lie_at_the_window_again(
    town: Installation, at: Preparing
) -> None:
    ready, receiver = await at.parcel("sealing", "handover")
    bag, case = f"/routing/v1/parcels/{ready.path['parcel_id']}", ready.cases[0]
    await receiver.post(f"{bag}/return", {"note": "误投"})
    await seen(at, case, "papers_coming_back")
    await ready.person.post(f"{bag}/taking-back", {})
    await seen(at, case, "papers_back")
    await agreed(town)
    assert await holders(at, case) == {f"location:{WINDOW}"}
    assert (await told(at, case)).count("papers_coming_back") == 1


async def test_the_result_comes_back_to_the_window_in_the_same_ledger(
    town: Installation, at: Preparing
) -> None:
    case = await at.case(remote_collection.SUBMISSION, delivery={"method": "window_pickup"})
    await sent_and_scanned(at, case)
    officer = await at.claimed(case, "acceptance")
    await officer.post(f"/routing/v1/handoffs/{case.handoff}/decision", GRANTED)
    delivery = await at.delivery(case, lambda each: each["dispatch"])
    desk, path = (
        at.at(Role.DISPATCHER, OFFICE),
        f"/notify/v1/dispatches/{delivery['dispatch']['id']}",
    )
    await desk.post(f"{path}/handover", {"carrier": "EMS", "waybill": "EB000000001CN"})
    await _result(at, case, "post", f"carrier:post/{delivery['id']}")
    await desk.post(f"{path}/report", {"report": "delivered"})
    await _result(at, case, "scan_in", f"location:{WINDOW}")
    await at.clerk.post(
        f"/notify/v1/deliveries/{delivery['id']}/handover",
        {"kind": "signed_in_person", "identity_checked": True},
    )
    await _result(at, case, "collect", f"applicant:{case.number}")
    await agreed(town)


async def test_a_result_that_comes_in_a_bag_of_papers_lies_ready_at_the_window(
    town: Installation, at: Preparing
) -> None:
    case = await at.case(remote_collection.SUBMISSION, delivery={"method": "window_pickup"})
    await sent_and_scanned(at, case)
    officer = await at.claimed(case, "acceptance")
    await officer.post(f"/routing/v1/handoffs/{case.handoff}/decision", GRANTED)
    delivery = await at.delivery(case, lambda each: each["dispatch"])
    kept = (await officer.get(f"/routing/v1/cases/{case.number}/custody")).json()["originals"]
    label = next(each["label"] for each in kept if each["kind"] == "result")
    office, window = at.at(Role.DISPATCHER, OFFICE), at.at(Role.DISPATCHER, WINDOW)
    body = {"from": OFFICE, "to": WINDOW, "originals": [label]}
    bag = f"/routing/v1/parcels/{(await office.post('/routing/v1/parcels', body))['id']}"
    await office.post(f"{bag}/sealing", {})
    await office.post(f"{bag}/handover", {"carrier": "EMS", "waybill": "EA000000099CN"})
    await window.post(f"{bag}/scan", {"found": [label]})
    ready = await at.delivery(case, lambda each: each["status"] == "ready")
    assert ready["id"] == delivery["id"]
    await agreed(town)
    assert "ready" in await told(at, case)
    # The post was never asked for it.
    dispatch = await office.get(f"/notify/v1/dispatches/{delivery['dispatch']['id']}")
    assert dispatch.json()["status"] == "cancelled"


async def _result(at: Preparing, case: Case, act: str, holder: str) -> None:
    """The last entry of the result's ledger."""

    def there(found: Any) -> bool:
        paper = next(each for each in found["originals"] if each["kind"] == "result")
        return (paper["ledger"][-1]["act"], paper["holder"]) == (act, holder)

    await at.clerk.until(f"/routing/v1/cases/{case.number}/custody", there, what=act)


async def test_scans_are_looked_at_before_the_paper_leaves(
    town: Installation, at: Preparing
) -> None:
    case = await at.case(remote_collection.SUBMISSION)
    officer = await at.claimed(case)
    path = f"/routing/v1/handoffs/{case.handoff}/prereview"
    gaps = [{"material_code": "M2", "text": "扫描件缺第二页"}]
    await officer.post(path, {"answer": "gaps", "faults": gaps})
    noticed = await seen(at, case, "noticed")
    assert (noticed["status"], noticed["next_actor"]) == ("noticed", "receiving")
    assert [each["text"] for each in noticed["notices"][0]["faults"]] == ["扫描件缺第二页"]
    forms = ("original", "copy")
    again = {"materials": [{"code": "M2", "form": each, "count": 1} for each in forms]}
    await at.clerk.post(f"/intake/v1/cases/{case.number}/supplements", again)
    assert (await seen(at, case, "supplemented"))["next_actor"] == "handling"
    await officer.post(path, {"answer": "send_paper"})
    await at.clerk.until(
        f"/intake/v1/cases/{case.number}",
        lambda found: (found["status"], found["next_actor"]) == ("assigned", "receiving"),
        what="可以寄送",
    )
    await sent_and_scanned(at, case)
    opened = await seen(at, case, "opened")
    assert (opened["status"], opened["handoffs"][0]["status"]) == ("assigned", "received")
    await agreed(town)


async def test_what_the_window_did_wrong_it_gets_back_with_the_reason(at: Preparing) -> None:
    case = await at.case(joint_handling.SUBMISSION)
    officer = await at.claimed(case)
    path = f"/routing/v1/handoffs/{case.handoff}"
    before = (await officer.get(path)).json()
    await officer.post(f"{path}/window-return", {"reason": "申请表不是本人签名"})
    back = await seen(at, case, "returned")
    assert back["next_actor"] == "receiving"
    acts = (await at.clerk.get(f"{path}/acts", params={"purpose": "更正"})).json()["acts"]
    assert acts[-1]["words"]["reason"] == "申请表不是本人签名"
    await at.clerk.post(f"{path}/hand-back", {"note": "已重新签名"})
    assert (await seen(at, case, "handed_back"))["next_actor"] == "handling"
    after = (await officer.get(path)).json()
    assert (after["status"], after["clock"]) == (before["status"], before["clock"])


async def test_a_cancelled_case_is_over_in_every_house_and_its_papers_stay_known(
    town: Installation, at: Preparing
) -> None:
    case = await at.case(remote_collection.SUBMISSION)
    mistake = {"ground": "erroneous", "reason": "选错了事项"}
    await at.ops().post(f"/routing/v1/cases/{case.number}/cancellation", mistake)
    closed = await seen(at, case, "closed")
    assert (closed["status"], closed["outcome"]) == ("closed", "cancelled")
    assert await holders(at, case) == {f"location:{WINDOW}"}
    await at.clerk.post(
        "/routing/v1/custody/give-back", {"location": WINDOW, "originals": list(case.papers)}
    )
    await agreed(town)
    assert await holders(at, case) == {f"applicant:{case.number}"}
    assert "closed" in await told(at, case)


async def test_withdrawal_and_decision_at_one_instant_have_one_winner_in_all_houses(
    town: Installation, at: Preparing
) -> None:
    """Now the one, now the other asks a little earlier; whoever wins, it is the same for all."""
    outcomes = set()
    for turn in range(8):
        case, officer = await at.online("acceptance")
        await seen(at, case, "accepted")
        withdrawn, _ = await asyncio.gather(
            _withdraw(at, case, after=0.0), _decide(officer, case, after=0.03 * turn)
        )
        assert withdrawn == 202
        await agreed(town)
        picture = (await at.clerk.get(f"/intake/v1/cases/{case.number}")).json()
        handoff = (await officer.get(f"/routing/v1/handoffs/{case.handoff}")).json()
        deliveries = (
            await at.clerk.get(f"/notify/v1/deliveries?case_number={case.number}")
        ).json()["deliveries"]
        (request,) = picture["requests"]
        if handoff["status"] == "decided":
            assert picture["status"] in ("decided", "delivered")
            assert (request["status"], request["refusal_code"]) == ("refused", "already-decided")
            assert len(deliveries) == 1
        else:
            assert (handoff["status"], handoff["outcome"]) == ("closed", "withdrawn")
            assert (picture["status"], picture["outcome"]) == ("closed", "withdrawn")
            assert (request["status"], deliveries) == ("applied", [])
        outcomes.add(handoff["status"])
    assert outcomes == {"decided", "closed"}, "one of them was never first"


async def _withdraw(at: Preparing, case: Case, *, after: float) -> int:
    await asyncio.sleep(after)
    answer = await at.world.client.post(
        f"/intake/v1/cases/{case.number}/withdrawal",
        headers=dict(at.clerk.headers),
        json={"reason": "不办了"},
    )
    return answer.status_code


async def _decide(officer: Person, case: Case, *, after: float) -> int:
    await asyncio.sleep(after)
    answer = await officer.world.client.post(
        f"/routing/v1/handoffs/{case.handoff}/decision",
        headers=dict(officer.headers),
        json={
            "result": "granted",
            "opinion": "符合条件",
            "certificate": {"name": "就业创业证", "number": "示例-1", "form": "electronic"},
        },
    )
    return answer.status_code
