"""多地联办: a household-register move; one visit to one counter, two provinces do the rest."""

from copy import deepcopy
from typing import Any

from deploy.stories import post
from deploy.stories.people import Person, World
from shared.security.callers import Role

WINDOW, WINDOW_NAME = "630104-C1", "西宁市城西区政务服务中心"
MOVE_IN, MOVE_IN_NAME = "630104-GA", "西宁市公安局城西分局"
MOVE_OUT, MOVE_OUT_NAME = "620102-GA", "兰州市公安局城关分局"

SUBMISSION: dict[str, Any] = {
    "item_code": "GA-001",
    "mode": "joint_handling",
    "channel": "window",
    "applicant": {
        "kind": "person",
        "name": "吴示例",
        "id_type": "resident_id",
        "id_number": "620102197809231248",
        "phone": "13900000002",
    },
    "basis": {"move_in": "630104", "move_out": "620102"},
    "form": {},
    "materials": [
        {"code": "M1", "form": "electronic", "count": 1},
        {"code": "M2", "form": "original", "count": 1},
        {"code": "M3", "form": "original", "count": 1},
        {"code": "M4", "form": "original", "count": 1},
        {"code": "M5", "form": "original", "count": 1},
    ],
    "delivery": {"method": "window_pickup"},
}


async def tell(world: World) -> str:
    """Returns the case number once the applicant has collected the result."""
    say = world.say
    clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)
    lead = world.person(Role.OFFICER, "冯民警（示例）", MOVE_IN)
    branch = world.person(Role.OFFICER, "陈民警（示例）", MOVE_OUT)
    submission = deepcopy(SUBMISSION)
    submission["form"] = (await clerk.get("/intake/v1/items/GA-001")).json()["form_example"]
    say(f"【窗口】{WINDOW_NAME}。申请人从兰州调到西宁工作，来办户口迁移；原件当面核验后退还。")
    taken = await clerk.post("/intake/v1/cases", submission)
    number = taken["case_number"]
    say(f"  收件：办件编号 {number}。三步：迁入地准迁 → 迁出地迁出登记 → 迁入地落户。")
    await _permitted(world, lead, number)
    await _moved_out(world, branch, number)
    await _settled(world, lead, number)
    await _collected(world, clerk, number)
    return str(number)


async def _permitted(world: World, lead: Person, number: str) -> None:
    claimed = await lead.claim(MOVE_IN, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    if claimed["status"] == "received":
        await lead.post(f"{handoff}/acceptance")
    read = (await lead.get(handoff)).json()
    world.say(
        f"【牵头地】{MOVE_IN_NAME}：受理，{read['clock']['due_on']} 前准迁。准迁信息推送迁出地。"
    )
    await lead.post(f"{handoff}/answer", {"answer": "done", "note": "同意迁入，准迁信息已推送"})


async def _moved_out(world: World, branch: Person, number: str) -> None:
    claimed = await branch.claim(MOVE_OUT, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    world.say(f"【协办地】{MOVE_OUT_NAME}：队列里出现迁出登记，核查，办理迁出。")
    await branch.post(f"{handoff}/answer", {"answer": "done", "note": "迁出登记已办理"})


async def _settled(world: World, lead: Person, number: str) -> None:
    claimed = await lead.claim(MOVE_IN, number)
    await lead.post(
        f"/routing/v1/handoffs/{claimed['id']}/decision",
        {
            "result": "granted",
            "opinion": "迁出登记已完成，准予落户",
            "certificate": {
                "name": "居民户口簿登记",
                "number": "示例-630104-0001",
                "form": "paper",
            },
        },
    )
    world.say(f"【牵头地】{MOVE_IN_NAME}：迁出已办，落户，决定：准予。时钟停止。")


async def _collected(world: World, clerk: Person, number: str) -> None:
    mine = f"/notify/v1/deliveries?case_number={number}"
    delivery = await clerk.until(
        mine,
        lambda answer: next((one for one in answer["deliveries"] if one["dispatch"]), None),
        what="结果寄往窗口",
    )
    sender = world.person(Role.DISPATCHER, "韩交接（示例）", MOVE_IN)
    waybill = await post.delivered(sender, delivery["dispatch"]["id"], typed="EC000000013CN")
    path = f"/notify/v1/deliveries/{delivery['id']}"
    world.say(f"【寄递】新户口簿页由公安分局寄到窗口（运单 {waybill}），窗口通知申请人来领。")
    await clerk.until(
        mine,
        lambda answer: answer["deliveries"][0]["status"] in ("ready", "on_way", "booked"),
        what="结果到窗口",
    )
    if "arrive" in (await clerk.get(path)).json()["allowed_steps"]:
        await clerk.post(f"{path}/arrival")
    await clerk.post(f"{path}/handover", {"kind": "signed_in_person", "identity_checked": True})
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["status"] == "delivered",
        what="送达回到窗口",
    )
    world.say("【窗口】申请人持身份证领取，签送达回证。办结并送达，全程只到一处。")
