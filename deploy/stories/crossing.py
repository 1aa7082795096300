"""Cases that cross from one province's installation to another's and return: the window's people
are at home in one, the office's in the other, and nobody has a door in both."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from deploy.stories import files
from deploy.stories import full_online as online
from deploy.stories import joint_handling as joint
from deploy.stories import remote_collection as remote
from deploy.stories.people import Person, StuckError, World
from shared.security.callers import Role


async def full_online(ours: World, theirs: World) -> str:
    """Told of a gap, supplemented, accepted, decided over there; delivered here. Its files cross
    with it, and what was decided comes back with one."""
    say = ours.say
    clerk = ours.person(Role.CLERK, "王窗口（示例）", online.WINDOW)
    officer = theirs.person(Role.OFFICER, "赵经办（示例）", online.OFFICE)
    taken, number = await hand_in(ours, clerk, online.SUBMISSION)
    case = f"/intake/v1/cases/{taken['case_number']}"
    card, form, signed = (files.scan(title) for title in ("M1", "M2", "M2, signed"))
    for material, content in (("M1", card), ("M2", form)):
        await files.upload(clerk, f"{case}/materials/{material}/content", content)
    handoff = await _read(theirs, officer, online.OFFICE, number)
    for material, content in (("M1", card), ("M2", form)):
        path = f"{handoff}/materials/{material}/content"
        seen = await files.compared(officer, path, content, what=f"材料 {material}")
        say(f"【对方办理地】凭令牌取回并封存，{seen}。")
    await officer.post(
        f"{handoff}/notice",
        {"faults": [{"material_code": "M2", "text": "登记表缺少本人签字，请补签后重交"}]},
    )
    say("【对方办理地】一次性告知：登记表缺少本人签字。")
    await clerk.until(case, lambda seen: seen["status"] == "noticed", what="告知书到窗口")
    await files.upload(clerk, f"{case}/materials/M2/content", signed)
    await clerk.post(
        f"{case}/supplements", {"materials": [{"code": "M2", "form": "electronic", "count": 1}]}
    )
    say("【窗口】告知书到了，申请人补签，窗口补正。")
    await officer.until(handoff, lambda seen: seen["status"] != "noticed", what="补正到对方")
    seen = await files.compared(
        officer, f"{handoff}/materials/M2/content", signed, what="补签的登记表"
    )
    await officer.post(f"{handoff}/acceptance")
    result = files.scan("result")
    attached = await files.upload(
        officer, f"/routing/v1/cases/{number}/attachments", result, method="POST"
    )
    await _decide(officer, handoff, attachments=[attached["digest"]])
    say(f"【对方办理地】补正到了，{seen}；受理，准予，附决定书。")
    path = f"/routing/v1/cases/{taken['case_number']}/attachments/{files.digest(result)}"
    seen = await files.compared(clerk, path, result, what="决定书")
    say(f"【窗口】凭令牌取回并封存，{seen}。")
    await online.deliver(ours, clerk, taken["case_number"], taken["tracking_code"])
    await _closed_there(officer, number)
    return str(taken["case_number"])


async def remote_collection(ours: World, theirs: World) -> str:
    """The originals travel in a sealed bag that both installations follow."""
    say = ours.say
    clerk = ours.person(Role.CLERK, "王窗口（示例）", remote.WINDOW)
    sender = ours.person(Role.DISPATCHER, "孙交接（示例）", remote.WINDOW)
    receiver = theirs.person(Role.DISPATCHER, "钱交接（示例）", remote.OFFICE)
    officer = theirs.person(Role.OFFICER, "郑经办（示例）", remote.OFFICE)
    submission = {**remote.SUBMISSION, "delivery": {"method": "window_pickup"}}
    taken, number = await hand_in(ours, clerk, submission)
    papers = [each["original_id"] for each in taken["originals"]]
    await send_bag(sender, taken["case_number"], papers, (remote.WINDOW, remote.OFFICE))
    say("【材料交接】原件装袋封装，交快递；两边的系统都看到这一袋。")
    await _scan(sender, receiver, taken["case_number"], remote.OFFICE)
    say("【对方办理地】扫描接收，全部到齐；我方的流转记录随之更新。")
    handoff = await _read(theirs, officer, remote.OFFICE, number)
    await officer.post(f"{handoff}/acceptance")
    await _decide(officer, handoff, form="paper")
    say("【对方办理地】受理，准予换领，制证。")
    result = await _result(receiver, number)
    await send_bag(receiver, number, [result], (remote.OFFICE, remote.WINDOW))
    await _scan(receiver, sender, number, remote.WINDOW, result)
    say("【材料交接】新证装袋寄回收件窗口，窗口扫描接收；对方的流转记录随之更新。")
    await _collected(clerk, taken["case_number"])
    say("【窗口】申请人持身份证领取，签送达回证。")
    await _closed_there(officer, number)
    return str(taken["case_number"])


async def joint_handling(ours: World, theirs: World) -> str:
    """The lead is here, the branch there: each step opens the next on both sides."""
    clerk = ours.person(Role.CLERK, "王窗口（示例）", joint.WINDOW)
    lead = ours.person(Role.OFFICER, "冯民警（示例）", joint.MOVE_IN)
    branch = theirs.person(Role.OFFICER, "陈民警（示例）", joint.MOVE_OUT)
    taken, number = await hand_in(ours, clerk, joint.SUBMISSION)
    await joint.permitted(ours, lead, taken["case_number"])
    await joint.moved_out(theirs, branch, number)
    await joint.settled(ours, lead, taken["case_number"])
    await joint.collected(ours, clerk, taken["case_number"])
    await _closed_there(branch, number)
    return str(taken["case_number"])


async def hand_in(
    ours: World, clerk: Person, submission: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """The case as our window took it, and the number under which the other side has it."""
    body = deepcopy(submission)
    body["form"] = (await clerk.get(f"/intake/v1/items/{body['item_code']}")).json()["form_example"]
    taken = await clerk.post("/intake/v1/cases", body)
    crossing = await clerk.until(
        f"/routing/v1/cases/{taken['case_number']}/crossings",
        lambda seen: next((each for each in seen["crossings"] if each["their_number"]), None),
        what="对方收下",
    )
    ours.say(
        f"【窗口】收件 {taken['case_number']}；对方以 {crossing['their_number']} 收下，"
        f"联办编号 {crossing['joint_number']}。"
    )
    return taken, crossing["their_number"]


async def _read(theirs: World, officer: Person, office: str, number: str) -> str:
    claimed = await officer.claim(office, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    read = (await officer.get(handoff, params={"purpose": "审查申请材料"})).json()
    if not read["application"].get("applicant", {}).get("name"):
        raise StuckError(f"对方看不到申请内容：{read}")
    theirs.say(f"【对方办理地】{office} 领取 {number}，阅卷：{len(read['materials'])} 份材料。")
    return handoff


async def _decide(
    officer: Person, handoff: str, *, form: str = "electronic", attachments: Sequence[str] = ()
) -> None:
    await officer.post(
        f"{handoff}/decision",
        {
            "result": "granted",
            "opinion": "材料齐全，符合条件，准予办理",
            "certificate": {"name": "电子证照", "number": "示例-0001", "form": form},
            "attachments": list(attachments),
        },
    )


async def send_bag(
    sender: Person, number: str, originals: list[str], way: tuple[str, str]
) -> dict[str, Any]:
    await sender.until(
        f"/routing/v1/cases/{number}/custody", lambda seen: seen["originals"], what="原件登记"
    )
    parcel = await sender.post(
        "/routing/v1/parcels", {"from": way[0], "to": way[1], "originals": originals}
    )
    path = f"/routing/v1/parcels/{parcel['id']}"
    await sender.post(f"{path}/sealing", {})
    waybill = f"E{'AB'[way[0] == remote.OFFICE]}000000013CN"
    handed: dict[str, Any] = await sender.post(
        f"{path}/handover", {"carrier": "EMS", "waybill": waybill}
    )
    return handed


async def _scan(
    sender: Person, receiver: Person, number: str, place: str, only: str | None = None
) -> None:
    """The bag is there under the other system's own papers; what is scanned there, moves here."""
    parcel = await receiver.until(
        f"/routing/v1/parcels?location={place}&direction=incoming",
        lambda seen: next((each for each in seen["parcels"] if each["waybill"]), None),
        what="袋子的消息",
    )
    path = f"/routing/v1/parcels/{parcel['id']}"
    manifest = (await receiver.get(path)).json()["manifest"]
    scan = await receiver.post(
        f"{path}/scan", {"found": [each["original_id"] for each in manifest]}
    )
    if scan["missing"]:
        raise StuckError(f"缺件：{scan['missing']}")
    await sender.until(
        f"/routing/v1/cases/{number}/custody",
        lambda seen: all(
            each["holder"] == f"location:{place}"
            for each in seen["originals"]
            if only in (None, each["original_id"])
        ),
        what="对方扫描后的流转记录",
    )


async def _result(desk: Person, number: str) -> str:
    """The paper that the office issued: the last of the case."""
    seen = await desk.until(
        f"/routing/v1/cases/{number}/custody",
        lambda seen: seen if any(_issued(each) for each in seen["originals"]) else None,
        what="结果文书",
    )
    return str(next(each["original_id"] for each in seen["originals"] if _issued(each)))


def _issued(paper: dict[str, Any]) -> bool:
    return bool(paper["kind"] == "result")


async def _collected(clerk: Person, number: str) -> None:
    delivery = await clerk.until(
        f"/notify/v1/deliveries?case_number={number}",
        lambda answer: next(iter(answer["deliveries"]), None),
        what="送达",
    )
    path = f"/notify/v1/deliveries/{delivery['id']}"
    if "arrive" in (await clerk.get(path)).json()["allowed_steps"]:
        await clerk.post(f"{path}/arrival")
    await clerk.post(f"{path}/handover", {"kind": "signed_in_person", "identity_checked": True})
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["status"] == "delivered",
        what="送达回到窗口",
    )


async def _closed_there(officer: Person, number: str) -> None:
    await officer.until(
        f"/intake/v1/cases/{number}",
        lambda seen: seen["status"] == "delivered",
        what="对方得知结果已送达",
    )
