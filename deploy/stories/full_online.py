"""全程网办: 失业登记 handed in in Xining, decided in Lanzhou, the result read online."""

from copy import deepcopy
from typing import Any

from deploy.stories.people import StuckError, World
from shared.security.callers import Role

WINDOW, WINDOW_NAME = "630104-C1", "西宁市城西区政务服务中心"
OFFICE, OFFICE_NAME = "620102-RS", "兰州市城关区人社局"

SUBMISSION: dict[str, Any] = {
    "item_code": "RS-002",
    "mode": "full_online",
    "channel": "window",
    "applicant": {
        "kind": "person",
        "name": "李示例",
        "id_type": "resident_id",
        "id_number": "620102199003078896",
        "phone": "13900000000",
    },
    "basis": {"household_registration": "620102"},
    "choice": "household_registration",
    "form": {},
    "materials": [
        {"code": "M1", "form": "electronic", "count": 1},
        {"code": "M2", "form": "electronic", "count": 1},
    ],
    "delivery": {"method": "electronic"},
}


async def tell(world: World) -> str:
    """Returns the case number once the result has been delivered."""
    say = world.say
    clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)
    officer = world.person(Role.OFFICER, "赵经办（示例）", OFFICE)
    say(f"【窗口】{WINDOW_NAME}，王窗口。李示例户籍在兰州城关，住在西宁，来办失业登记。")
    submission = await _prepared(clerk, say)
    taken = await clerk.post("/intake/v1/cases", submission)
    number = taken["case_number"]
    say(f"  收件：办件编号 {number}，申请人凭查询码 {taken['tracking_code']} 查进度。")
    say("  收件不等于受理：时钟未起算。")
    await _decide(world, officer, clerk, number)
    await deliver(world, clerk, number, taken["tracking_code"])
    return str(number)


async def _prepared(clerk: Any, say: Any) -> dict[str, Any]:
    item = (await clerk.get("/intake/v1/items/RS-002")).json()
    submission = deepcopy(SUBMISSION)
    submission["form"] = item.get("form_example") or submission["form"]
    preview = await clerk.post(
        "/routing/v1/assignments/preview",
        {
            "item_code": submission["item_code"],
            "mode": submission["mode"],
            "receiving_location": WINDOW,
            "basis": submission["basis"],
            "choice": submission["choice"],
        },
    )
    say(f"  先问归哪里办：{preview['handoffs'][0]['location_name']}。依据：{preview['why'][0]}")
    wrong = deepcopy(submission)
    wrong["applicant"]["id_number"] = "620102199003078891"
    wrong["basis"] = {}
    wrong["materials"] = wrong["materials"][:1]
    checked = await clerk.post("/intake/v1/cases/check", wrong)
    if checked["complete"]:
        raise StuckError("预审没有发现问题")
    say(f"  提交前预审（故意填错几处）：一次列出全部 {len(checked['faults'])} 处问题——")
    for fault in checked["faults"]:
        say(f"    · {fault['message_zh']}")
    checked = await clerk.post("/intake/v1/cases/check", submission)
    if not checked["complete"]:
        raise StuckError(f"更正后仍有问题：{checked['faults']}")
    say("  更正后再预审：没有问题，提交。")
    return submission


async def _decide(world: World, officer: Any, clerk: Any, number: str) -> None:
    say = world.say
    claimed = await officer.claim(OFFICE, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    say(
        f"【办理地】{OFFICE_NAME}，赵经办：队列里来了这一件，领取"
        "（15 分钟内归他一人，办理即续期）。"
    )
    read = (await officer.get(handoff, params={"purpose": "审查申请材料"})).json()
    say(f"  填写事由后阅卷（记入审计）：{len(read['materials'])} 份材料。时钟：{_clock(read)}。")
    if read["status"] == "received" and not read["notices"]:
        await officer.post(
            f"{handoff}/notice",
            {"faults": [{"material_code": "M2", "text": "登记表缺少本人签字，请补签后重交"}]},
        )
        say("  一次性告知：登记表缺少本人签字。轮到申请人补正，时钟仍未起算。")
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["next_actor"] == "receiving" or case["status"] != "noticed",
        what="告知书到窗口",
    )
    say("【窗口】王窗口的待办里出现告知书；申请人补签，窗口提交补正材料。")
    await clerk.post(
        f"/intake/v1/cases/{number}/supplements",
        {"materials": [{"code": "M2", "form": "electronic", "count": 1}]},
    )
    await officer.until(
        handoff,
        lambda seen: seen["status"] not in ("noticed",),
        what="补正回到经办人",
    )
    say("【办理地】补正回到同一位经办人赵经办手里。")
    await officer.post(f"{handoff}/acceptance")
    read = (await officer.get(handoff)).json()
    say(f"  受理。时钟：{_clock(read)}。怎样算出来的：")
    for line in read["clock_explained"]:
        say(f"    · {line}")
    await officer.post(
        f"{handoff}/decision",
        {
            "result": "granted",
            "opinion": "材料齐全，符合条件，准予登记",
            "certificate": {
                "name": "就业创业证（电子）",
                "number": "示例-620102-0001",
                "form": "electronic",
            },
        },
    )
    say("  决定：准予。时钟停止。")


async def deliver(world: World, clerk: Any, number: str, tracking_code: str) -> None:
    say = world.say
    delivery = await clerk.until(
        f"/notify/v1/deliveries?case_number={number}",
        lambda answer: next((one for one in answer["deliveries"] if one["link"]), None),
        what="电子送达",
    )
    applicant = world.passer_by()
    # What a messenger fetches beforehand is a page with a button; only opening is receiving.
    shown = await applicant.get(_path(delivery["link"]["url"]))
    if "查看办理结果" not in shown.text:
        raise StuckError(f"结果页面：{shown.status_code} {shown.text[:300]}")
    result = await applicant.get(f"/notify/v1/results/{delivery['link']['code']}")
    if result.status_code != 200:
        raise StuckError(f"打开结果：{result.status_code} {result.text[:300]}")
    say(
        f"【申请人】打开结果链接，按“查看”：{result.json()['item_name']}，{_result(result.json())}。"
    )
    await clerk.until(
        f"/intake/v1/cases/{number}",
        lambda case: case["status"] == "delivered",
        what="送达回到窗口",
    )
    progress = (await applicant.get(f"/intake/v1/progress/{tracking_code}")).json()
    say(f"【进度】凭查询码，谁也不用登录：{_told(progress['steps'])}。")


def _path(url: str) -> str:
    return url[url.index("/notify/") :]


def _result(result: dict[str, Any]) -> str:
    certificate = result.get("certificate") or {}
    return f"{result['result_zh']}，{certificate.get('name', '')}"


def _told(steps: list[dict[str, Any]]) -> str:
    """Each step once, where the same is told twice in a row; a date where it is another one."""
    said: list[str] = []
    day, title = "", ""
    for step in steps:
        on = step["at"][:10]
        if (step["title"], on) == (title, day):
            continue
        said.append(step["title"] if on == day else f"{on} {step['title']}")
        day, title = on, step["title"]
    return " → ".join(said)


def _clock(read: dict[str, Any]) -> str:
    clock = read["clock"]
    states = {
        "not_started": "未起算",
        "running": "计时中",
        "suspended": "暂停",
        "stopped": "已停止",
    }
    due = f"，{clock['due_on']} 到期" if clock["due_on"] else ""
    return states[clock["state"]] + due
