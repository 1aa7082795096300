"""异地代收代办: two old certificates travel in one sealed bag from Xining to Lanzhou; one is
missing on arrival, both ends settle it, it follows; the new ones come back by post."""

import asyncio
from copy import deepcopy
from typing import Any

from deploy.outside import Outside
from deploy.stories import post
from deploy.stories.people import Person, StuckError, World
from shared.security.callers import Role

WINDOW, WINDOW_NAME = "630104-C1", "西宁市城西区政务服务中心"
OFFICE, OFFICE_NAME = "620102-CL", "兰州市城关区残联"

SUBMISSION: dict[str, Any] = {
    "item_code": "CL-001",
    "mode": "remote_collection",
    "channel": "window",
    "applicant": {
        "kind": "person",
        "name": "李示例",
        "id_type": "resident_id",
        "id_number": "620102199003078896",
        "phone": "13900000002",
    },
    "basis": {"household_registration": "620102"},
    "form": {},
    "materials": [
        {"code": "M1", "form": "original", "count": 1},
        {"code": "M2", "form": "original", "count": 1},
        {"code": "M2", "form": "copy", "count": 1},
        {"code": "M3", "form": "original", "count": 1},
        {"code": "M4", "form": "electronic", "count": 1},
    ],
    "delivery": {
        "method": "post",
        "recipient": "李示例",
        "phone": "13900000002",
        "address": "青海省西宁市城西区示例路3号",
        "postcode": "810000",
    },
}
NEIGHBOUR = {"name": "周示例", "id_number": "620102198505123031", "phone": "13900000001"}


async def tell(world: World) -> str:
    """Returns the first case's number once its certificate has been delivered."""
    say = world.say
    clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)
    sender = world.person(Role.DISPATCHER, "孙交接（示例）", WINDOW)
    receiver = world.person(Role.DISPATCHER, "钱交接（示例）", OFFICE)
    officer = world.person(Role.OFFICER, "郑经办（示例）", OFFICE)
    say(f"【窗口】{WINDOW_NAME}，王窗口。李示例、周示例住在西宁，户籍在兰州城关；")
    say("  残疾人证到期，来窗口各换领一本，原证须交回兰州。")
    await _asked_first(world, clerk)
    first, second = await _taken(world, clerk)
    await _travel(world, sender, receiver, (first, second))
    await _ledger(world, receiver, second["case_number"])
    for case in (first, second):
        await _decided(world, officer, case["case_number"])
    for case in (first, second):
        await _posted(world, receiver, clerk, case["case_number"])
    say("【申请人】两位都收到了新证，没有跑过兰州。")
    return str(first["case_number"])


async def _asked_first(world: World, clerk: Person) -> None:
    """No paper is taken for a case that nobody can handle."""
    question = {name: SUBMISSION[name] for name in ("item_code", "mode", "basis")}
    preview = await clerk.post(
        "/routing/v1/assignments/preview", {**question, "receiving_location": WINDOW}
    )
    place = preview["handoffs"][0]["location_name"]
    world.say(f"  收原件之前先问归哪里办：{place}。有地方办，才收原件。")


async def _taken(world: World, clerk: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    item = (await clerk.get("/intake/v1/items/CL-001")).json()
    names = {each["code"]: each["name"] for each in item["materials"]}
    submission = deepcopy(SUBMISSION)
    submission["form"] = item["form_example"]
    neighbours = deepcopy(submission)
    neighbours["applicant"].update(NEIGHBOUR)
    neighbours["delivery"].update(recipient=NEIGHBOUR["name"], phone=NEIGHBOUR["phone"])
    taken = []
    for each in (submission, neighbours):
        case = await clerk.post("/intake/v1/cases", each)
        kept = "、".join(names[one["material_code"]] for one in case["originals"])
        world.say(
            f"  收件：{each['applicant']['name']}，办件编号 {case['case_number']}；"
            f"身份证件当面核验后退还，留下“{kept}”。"
        )
        await clerk.until(
            f"/routing/v1/cases/{case['case_number']}/custody",
            lambda seen: seen["originals"],
            what="原件登记",
        )
        taken.append(case)
    world.say("  原件贴上条码标签，放在窗口。收件不等于受理：纸质原件到达办理地之前，时钟不走。")
    return taken[0], taken[1]


async def _travel(
    world: World,
    sender: Person,
    receiver: Person,
    cases: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    say = world.say
    originals = [one["original_id"] for case in cases for one in case["originals"]]
    parcel = await _sent(sender, originals, "EA000000013CN")
    say(
        f"【材料交接】窗口一端，孙交接：两件办件的原件装入同一袋 {parcel['number']}，"
        f"封装（清单从此不变），交给快递，运单 {parcel['waybill']}。"
    )
    say(f"  原件此刻在承运人手里；{parcel['due_on']} 前应到，逾期未到会提醒两端。")
    here = [one["original_id"] for one in cases[0]["originals"]]
    scan = await receiver.post(f"/routing/v1/parcels/{parcel['id']}/scan", {"found": here})
    say(
        f"【材料交接】办理地一端，{OFFICE_NAME}，钱交接：拆袋逐件扫描，"
        f"到 {len(scan['found'])} 件，缺 {len(scan['missing'])} 件。缺件两端都看得到。"
    )
    for gap in scan["discrepancies"]:
        for end, person in (("receiver", receiver), ("sender", sender)):
            path = f"/routing/v1/parcels/{parcel['id']}/discrepancies/{gap['id']}/settlement"
            await person.post(path, {"settlement": "never_sent", "end": end})
    say("  两端核对后意见一致：缺的那件没有装进袋里，还在窗口。差异了结。")
    missing = [one["original_id"] for one in cases[1]["originals"]]
    parcel = await _sent(sender, missing, "EA000000027CN")
    scan = await receiver.post(f"/routing/v1/parcels/{parcel['id']}/scan", {"found": missing})
    if scan["missing"]:
        raise StuckError("补寄的原件仍然没有到")
    say(f"  补寄一袋 {parcel['number']}，办理地扫描接收，全部到齐。")


_WORDS = {
    "take_in": "窗口收下",
    "fill": "装袋",
    "hand_over": "交寄",
    "scan_in": "扫描接收",
}


async def _ledger(world: World, desk: Person, number: str) -> None:
    """Every hand that the missing paper went through."""
    kept = (await desk.get(f"/routing/v1/cases/{number}/custody")).json()
    places = {WINDOW: "窗口", OFFICE: "办理地"}
    for paper in kept["originals"]:
        steps = []
        for entry in paper["ledger"]:
            kind, _, id_ = entry["to_holder"].partition(":")
            hand = {"parcel": "封装袋", "carrier": "承运人"}.get(kind) or places.get(id_, id_)
            never_left = entry["act"] == "scan_in" and id_ == WINDOW
            word = "认定没有寄出" if never_left else _WORDS.get(entry["act"], entry["act"])
            steps.append(f"{word}（{hand}）")
        world.say(f"  原件 {paper['label']} 的流转账，每一步恰有一位持有者：{' → '.join(steps)}。")


async def _sent(sender: Person, originals: list[str], waybill: str) -> dict[str, Any]:
    parcel = await sender.post(
        "/routing/v1/parcels", {"from": WINDOW, "to": OFFICE, "originals": originals}
    )
    path = f"/routing/v1/parcels/{parcel['id']}"
    await sender.post(f"{path}/sealing", {})
    outside = sender.world.outside
    carrier = "EMS"
    if outside is not None:
        booked = await post.booked(sender, parcel["id"])
        carrier, waybill = booked["carrier"], booked["waybill"]
    handed: dict[str, Any] = await sender.post(
        f"{path}/handover", {"carrier": carrier, "waybill": waybill}
    )
    if outside is not None:
        await outside.carry(waybill)
    return {**handed, "waybill": waybill}


async def _decided(world: World, officer: Person, number: str) -> None:
    say = world.say
    claimed = await officer.claim(OFFICE, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    await officer.post(f"{handoff}/acceptance")
    read = (await officer.get(handoff)).json()
    say(
        f"【办理地】{OFFICE_NAME}，郑经办，办件 {number}：原件已到，受理。"
        f"时钟起算，{read['clock']['due_on']} 前办结。"
    )
    await officer.post(
        f"{handoff}/decision",
        {
            "result": "granted",
            "opinion": "原证到期，符合换领条件，准予换领",
            "certificate": {
                "name": "中华人民共和国残疾人证",
                "number": f"示例-{number[-6:]}",
                "form": "paper",
            },
        },
    )
    say("  决定：准予换领，制新证。时钟停止。新证也有一本流转账，从办理地开始。")


async def _posted(world: World, desk: Person, clerk: Person, number: str) -> None:
    delivery = await desk.until(
        f"/notify/v1/deliveries?case_number={number}",
        lambda answer: next((one for one in answer["deliveries"] if one["dispatch"]), None),
        what="寄递",
    )
    if world.outside is not None:
        await _carried(world, world.outside, desk, clerk, delivery)
        return
    dispatch = f"/notify/v1/dispatches/{delivery['dispatch']['id']}"
    await desk.post(f"{dispatch}/handover", {"carrier": "EMS", "waybill": f"EB{number[-10:-1]}CN"})
    await desk.post(f"{dispatch}/report", {"report": "delivered"})
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["status"] == "delivered",
        what="送达回到窗口",
    )
    world.say(f"【寄递】办件 {number}：办理地把新证交寄给申请人，妥投，送达回证留存。")


async def _carried(
    world: World, outside: Outside, desk: Person, clerk: Person, delivery: dict[str, Any]
) -> None:
    """Booked, labelled, handed over, followed by the carrier's own signed words, told by SMS."""
    number, dispatch_id = delivery["case_number"], delivery["dispatch"]["id"]
    booked = await post.booked(desk, dispatch_id)
    fetched = await desk.get(f"/notify/v1/dispatches/handover-list?carrier={booked['carrier']}")
    if not fetched.content.startswith(b"%PDF"):
        raise StuckError(f"交寄清单：{fetched.status_code} {fetched.text[:200]}")
    await desk.post(f"/notify/v1/dispatches/{dispatch_id}/handover")
    world.say(
        f"【寄递】办件 {number}：办理地向寄递机构约到运单 {booked['waybill']}，打印面单，"
        "新证交寄给申请人。"
    )
    await outside.carry(booked["waybill"])
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["status"] == "delivered",
        what="送达回到窗口",
    )
    orders = [
        each
        for each in (await outside.records("carrier"))["bookings"]
        if each["waybill"] == booked["waybill"]
    ]
    if [each["order_id"] for each in orders] != [dispatch_id.replace("-", "")]:
        raise StuckError(f"寄递机构的订单不是恰好一张：{orders}")
    phone = (await desk.get(f"/notify/v1/dispatches/{dispatch_id}?purpose=核对短信")).json()
    texts = await _texted(outside, phone["recipient"]["phone"], number)
    world.say(
        f"  寄递机构逐站推送（验过签名）：妥投，送达回证留存。申请人手机到此刻收到 {len(texts)} 条"
        f"短信，最近一条：{texts[-1]}"
    )


async def _texted(outside: Outside, phone: str, number: str) -> list[str]:
    """The receipt goes out by day and night."""
    for _ in range(100):
        if texts := await outside.texts(phone, number):
            return texts
        await asyncio.sleep(0.2)
    raise StuckError(f"{number} 的短信没有发出")
