"""多地联办: a household-register move; one visit to one counter, two provinces do the rest."""

from copy import deepcopy
from typing import Any

from deploy.stories import post
from deploy.stories.people import Person, StuckError, World
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
    say(f"【窗口】{WINDOW_NAME}，王窗口。吴示例从兰州调到西宁工作，来迁户口；")
    say("  原件当面核验后退还，不用寄。")
    taken = await clerk.post("/intake/v1/cases", submission)
    number = taken["case_number"]
    say(f"  收件：办件编号 {number}。两地三步，后一步等前一步：")
    say("  ① 迁入地（西宁，牵头）准迁 → ② 迁出地（兰州，协办）迁出登记 → ③ 迁入地落户。")
    await permitted(world, lead, number)
    await moved_out(world, branch, number)
    await settled(world, lead, number)
    await collected(world, clerk, number)
    return str(number)


async def permitted(world: World, lead: Person, number: str) -> None:
    claimed = await lead.claim(MOVE_IN, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    if claimed["status"] == "received":
        await lead.post(f"{handoff}/acceptance")
    read = (await lead.get(handoff)).json()
    permit = {"name": "准予迁入证明", "number": f"示例-{number[-6:]}"}
    world.say(
        f"【牵头地】①{MOVE_IN_NAME}，冯民警：已受理。本步时钟：{read['clock']['due_on']} 到期。"
    )
    answer = {"answer": "done", "note": "同意迁入，准迁信息已推送", "documents": [permit]}
    await lead.post(f"{handoff}/answer", answer)
    world.say(
        "  准迁，“准予迁入证明”随即移交迁出地：内容摘要、发出和收到的时间都记下。本步时钟停止。"
    )


async def moved_out(world: World, branch: Person, number: str) -> None:
    claimed = await branch.claim(MOVE_OUT, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    read = (await branch.get(handoff)).json()
    if claimed["status"] == "received":
        (permit,) = read["documents"]
        await branch.get(f"{handoff}/documents/{permit['id']}/content", params={"purpose": "办理"})
        moved = (await branch.get(f"/routing/v1/cases/{number}/transfers")).json()["transfers"]
        if not all(each["verified_at"] for each in moved if each["what"] == "document"):
            raise StuckError("移交的文书没有核对一致")
    world.say(
        f"【协办地】②{MOVE_OUT_NAME}，陈民警：上一步办完，队列里才出现这一步。"
        "取阅准予迁入证明，摘要核对一致。"
    )
    await branch.post(f"{handoff}/answer", {"answer": "done", "note": "迁出登记已办理"})
    world.say("  迁出登记办好，答复牵头地“已完成”；协办地不直接找申请人。")


async def settled(world: World, lead: Person, number: str) -> None:
    claimed = await lead.claim(MOVE_IN, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    read = (await lead.get(handoff)).json()
    await lead.post(
        f"{handoff}/decision",
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
    world.say(
        f"【牵头地】③{MOVE_IN_NAME}，冯民警：迁出已办，落户（本步时限至 {_day(read)}）。"
        "决定：准予。时钟停止。"
    )


def _day(read: dict[str, Any]) -> str:
    return str(read["clock"]["due_on"] or "—")


async def collected(world: World, clerk: Person, number: str) -> None:
    mine = f"/notify/v1/deliveries?case_number={number}"
    delivery = await clerk.until(
        mine,
        lambda answer: next((one for one in answer["deliveries"] if one["dispatch"]), None),
        what="结果寄往窗口",
    )
    sender = world.person(Role.DISPATCHER, "韩交接（示例）", MOVE_IN)
    waybill = await post.delivered(sender, delivery["dispatch"]["id"], typed="EC000000013CN")
    path = f"/notify/v1/deliveries/{delivery['id']}"
    world.say(f"【寄递】{MOVE_IN_NAME}把新户口簿页寄到窗口（运单 {waybill}），申请人收到领取短信。")
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
    world.say("【窗口】吴示例持身份证领取，签送达回证。全程只到一个窗口。")
