"""Brings an installation, over its own API, to where one example of a page makes sense."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from deploy.stories import full_online, joint_handling, remote_collection
from deploy.stories.people import Person, World
from shared.identity.checks import by_mod_11_2
from shared.security.callers import Role

WINDOW = full_online.WINDOW
# A paper's label, as examples write it; the real ones are made with the case.
LABEL = re.compile(r"^\d{17}-\d{2}$")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ready:
    """Who sends the example, what its address names, and which papers there are."""

    person: Person
    path: Mapping[str, str] = field(default_factory=dict)
    papers: tuple[str, ...] = ()
    cases: tuple["Case", ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    number: str
    handoff: str
    location: str
    papers: tuple[str, ...]


class Preparing:
    def __init__(self, world: World) -> None:
        self.world = world
        self.clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)

    def at(self, role: Role, location: str | None = None) -> Person:
        return self.world.person(role, f"示例人员（{role.value}）", location)

    def ops(self) -> Person:
        return self.at(Role.OPS)

    async def case(self, submission: Mapping[str, Any], **changes: Any) -> Case:
        """Taken at the window and on somebody's queue; each one is another."""
        item = (await self.clerk.get(f"/intake/v1/items/{submission['item_code']}")).json()
        body = {**submission, "form": item["form_example"], **changes}
        taken = await self._fresh(self.clerk, "/intake/v1/cases", body)
        number = taken["case_number"]
        seen = await self.clerk.until(
            f"/intake/v1/cases/{number}",
            lambda case: case if case["handoffs"] else None,
            what="转办理地",
        )
        first = seen["handoffs"][0]
        papers = tuple(each["original_id"] for each in taken["originals"])
        if papers:
            await self.clerk.until(
                f"/routing/v1/cases/{number}/custody", lambda kept: kept["originals"], what="原件"
            )
        return Case(number, first["id"], first["location"], papers)

    async def _fresh(self, person: Person, path: str, body: Any) -> Any:
        """Not the same thing again, whatever the words: nobody's key is used twice."""
        again = Person(person.world, f"{person.name}{next(_numbers)}", person.headers)
        return await again.post(path, body)

    async def online(self, *acts: str, **changes: Any) -> tuple[Case, Person]:
        case = await self.case(full_online.SUBMISSION, **changes)
        return case, await self.claimed(case, *acts)

    async def claimed(self, case: Case, *acts: str) -> Person:
        """An officer holds it and has done these acts."""
        officer = self.at(Role.OFFICER, case.location)
        await officer.in_queue(case.location, case.number)
        await officer.post(f"/routing/v1/handoffs/{case.handoff}/claim")
        for act in acts:
            await officer.post(f"/routing/v1/handoffs/{case.handoff}/{act}", _ACTS[act])
        return officer

    async def delivery(self, case: Case, found: Callable[[Any], Any]) -> Any:
        return await self.clerk.until(
            f"/notify/v1/deliveries?case_number={case.number}",
            lambda answer: next((each for each in answer["deliveries"] if found(each)), None),
            what="送达",
        )

    async def parcel(self, *steps: str) -> tuple[Ready, Person]:
        """A bag with the papers of two cases, brought so far on its way."""
        cases = [await self.case(remote_collection.SUBMISSION) for _ in range(2)]
        papers = tuple(paper for case in cases for paper in case.papers)
        sender = self.at(Role.DISPATCHER, WINDOW)
        receiver = self.at(Role.DISPATCHER, cases[0].location)
        body = {"from": WINDOW, "to": cases[0].location, "originals": list(papers)}
        opened = await sender.post("/routing/v1/parcels", body)
        for step in steps:
            waybill = {"carrier": "EMS", "waybill": f"EA{next(_numbers):09d}CN"}
            sent = waybill if step == "handover" else {}
            await sender.post(f"/routing/v1/parcels/{opened['id']}/{step}", sent)
        return Ready(sender, {"parcel_id": opened["id"]}, papers, tuple(cases)), receiver


_ACTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "acceptance": {},
        "notice": {"faults": [{"material_code": "M2", "text": "登记表缺少本人签字"}]},
        "decision": {
            "result": "granted",
            "opinion": "符合条件",
            "certificate": {"name": "就业创业证", "number": "示例-1", "form": "electronic"},
        },
    }
)
# A card is made of something: it is collected or posted.
_CARD: Mapping[str, Any] = MappingProxyType(
    {
        **full_online.SUBMISSION,
        "item_code": "RS-003",
        "basis": {"place_insured": "510104"},
        "choice": None,
        "delivery": remote_collection.SUBMISSION["delivery"],
    }
)
# What a promise may stand for, instead of a paper.
_PROMISED: Mapping[str, Any] = MappingProxyType(
    {
        **full_online.SUBMISSION,
        "item_code": "YB-001",
        "basis": {"place_insured": "620100"},
        "choice": None,
        "commitment": {"committed": True, "materials": ["M3"]},
    }
)
# A booklet is posted or fetched at the window, and what is handed in for it online is no paper.
_BOOKLET: Mapping[str, Any] = MappingProxyType(
    {
        **remote_collection.SUBMISSION,
        "mode": "full_online",
        "materials": [
            {"code": code, "form": "electronic", "count": 1} for code in ("M1", "M2", "M4")
        ],
    }
)
_PAPER = MappingProxyType(
    {
        "result": "granted",
        "opinion": "符合条件",
        "certificate": {"name": "就业创业证", "number": "示例-2", "form": "paper"},
    }
)

Prepare = Callable[[Preparing], Awaitable[Ready]]


def _handoff(*acts: str, role: Role | None = None, **changes: Any) -> Prepare:
    async def prepare(at: Preparing) -> Ready:
        case, officer = await at.online(*acts, **changes)
        person = at.at(role, case.location) if role else officer
        return Ready(person, {"handoff_id": case.handoff, "case_number": case.number})

    return prepare


async def _long(at: Preparing) -> Ready:
    """Accepted, of an item whose law knows a special procedure and an extension."""
    ready, receiver = await at.parcel("sealing", "handover")
    found = {"found": list(ready.papers)}
    await receiver.post(f"/routing/v1/parcels/{ready.path['parcel_id']}/scan", found)
    case = ready.cases[0]
    officer = await at.claimed(case, "acceptance")
    return Ready(officer, {"handoff_id": case.handoff})


async def _long_for_supervisor(at: Preparing) -> Ready:
    ready = await _long(at)
    return replace(ready, person=at.at(Role.SUPERVISOR, remote_collection.OFFICE))


async def _joint(at: Preparing) -> Ready:
    case = await at.case(joint_handling.SUBMISSION)
    officer = await at.claimed(case)
    held = (await officer.get(f"/routing/v1/handoffs/{case.handoff}")).json()
    if held["status"] == "received":
        await officer.post(f"/routing/v1/handoffs/{case.handoff}/acceptance")
    return Ready(officer, {"handoff_id": case.handoff})


async def _remote(at: Preparing) -> Ready:
    case = await at.case(remote_collection.SUBMISSION)
    officer = await at.claimed(case)
    return Ready(officer, {"handoff_id": case.handoff})


async def _at_the_window(at: Preparing) -> Ready:
    case = await at.case(remote_collection.SUBMISSION)
    return Ready(at.clerk, {"handoff_id": case.handoff})


async def _asked_again(at: Preparing) -> tuple[Ready, Person]:
    """A notice was answered, and what came is still not right."""
    case, officer = await at.online("notice")
    await at.clerk.until(
        f"/intake/v1/cases/{case.number}", lambda seen: seen["notices"], what="告知书"
    )
    again = {"materials": [{"code": "M2", "form": "electronic", "count": 1}]}
    await at._fresh(at.clerk, f"/intake/v1/cases/{case.number}/supplements", again)
    path = f"/routing/v1/handoffs/{case.handoff}"
    await officer.until(path, lambda seen: seen["status"] != "noticed", what="补正")
    return Ready(officer, {"handoff_id": case.handoff}), at.at(Role.SUPERVISOR, case.location)


async def _repeat(at: Preparing) -> Ready:
    return (await _asked_again(at))[0]


async def _approval(at: Preparing) -> Ready:
    ready, supervisor = await _asked_again(at)
    path = f"/routing/v1/handoffs/{ready.path['handoff_id']}/approvals"
    asked = await ready.person.post(path, {"kind": "repeat_notice", "reason": "仍未签字"})
    return Ready(supervisor, {"approval_id": asked["id"]})


async def _case_at_the_window(at: Preparing) -> Ready:
    case = await at.case(full_online.SUBMISSION)
    return Ready(at.clerk, {"case_number": case.number})


def _answering(at: Preparing) -> Person:
    """Who answers for the window where the case was taken."""
    return at.at(Role.SUPERVISOR, WINDOW)


async def _asked_to_erase(at: Preparing) -> Ready:
    case = await at.case(full_online.SUBMISSION)
    return Ready(_answering(at), {"case_number": case.number})


async def _held(at: Preparing) -> Ready:
    ready = await _asked_to_erase(at)
    body = {"kind": "review", "reason": "行政复议机关已受理（示例）"}
    hold = await ready.person.post(f"/intake/v1/cases/{ready.path['case_number']}/holds", body)
    return replace(ready, path={**ready.path, "hold_id": hold["hold_id"]})


async def _auditor(at: Preparing) -> Ready:
    return Ready(at.at(Role.AUDITOR))


async def _noticed(at: Preparing) -> Ready:
    """Of an item that has the materials and the fields which the examples name."""
    case = await at.case(remote_collection.SUBMISSION)
    return Ready(at.clerk, {"case_number": case.number})


async def _charged(at: Preparing) -> Ready:
    """Of an item that asks for a fee: imported for the occasion."""
    item = (await at.clerk.get("/intake/v1/items/CL-001")).json()
    costly = {**item, "code": "SL-002", "fee": {"amount": "40.00", "due": "on_receipt"}}
    imported = {"format": "tongban.catalogue/1", "items": [costly]}
    await at._fresh(at.ops(), "/intake/v1/catalogue", imported)
    body = {**remote_collection.SUBMISSION, "item_code": "SL-002", "form": item["form_example"]}
    taken = await at._fresh(at.clerk, "/intake/v1/cases", body)
    return Ready(at.clerk, {"case_number": taken["case_number"]})


async def _appointment(at: Preparing) -> Ready:
    case = await at.case(full_online.SUBMISSION)
    made = await at._fresh(
        at.clerk,
        f"/routing/v1/cases/{case.number}/appointments",
        {"starts_at": "2030-01-02T02:00:00Z", "minutes": 30, "subject": "远程核验"},
    )
    return Ready(at.clerk, {"appointment_id": made["id"]})


async def _papers(at: Preparing) -> Ready:
    cases = [await at.case(remote_collection.SUBMISSION) for _ in range(2)]
    papers = tuple(case.papers[0] for case in cases)
    return Ready(at.at(Role.DISPATCHER, WINDOW), {}, papers)


def _parcel(*steps: str, received: bool = False) -> Prepare:
    async def prepare(at: Preparing) -> Ready:
        ready, receiver = await at.parcel(*steps)
        return replace(ready, person=receiver) if received else ready

    return prepare


async def _suspended(at: Preparing) -> Ready:
    ready = await _long(at)
    path = f"/routing/v1/handoffs/{ready.path['handoff_id']}/suspension"
    procedure = {"procedure": "S1", "working_days": 5, "reason": "需要评定"}
    await ready.person.post(path, procedure)
    return ready


async def _with_the_window(at: Preparing) -> Ready:
    ready = await _joint(at)
    path = f"/routing/v1/handoffs/{ready.path['handoff_id']}/window-return"
    await ready.person.post(path, {"reason": "受理单信息填错"})
    return replace(ready, person=at.clerk)


async def _kept_at_the_window(at: Preparing) -> Ready:
    case = await at.case(remote_collection.SUBMISSION)
    return Ready(at.clerk, {}, case.papers)


async def _given_back(at: Preparing) -> Ready:
    ready = await _kept_at_the_window(at)
    body = {"location": WINDOW, "originals": [ready.papers[0]]}
    await at._fresh(at.clerk, "/routing/v1/custody/give-back", body)
    return ready


async def _one_more_paper(at: Preparing) -> Ready:
    ready, _ = await at.parcel()
    return replace(ready, papers=(await at.case(remote_collection.SUBMISSION)).papers)


async def _missing(at: Preparing) -> Ready:
    """Of the papers of two cases only one's arrived."""
    ready, receiver = await at.parcel("sealing", "handover")
    path = f"/routing/v1/parcels/{ready.path['parcel_id']}/scan"
    scan = await receiver.post(path, {"found": list(ready.cases[0].papers)})
    gap = scan["discrepancies"][0]["id"]
    return replace(ready, path={**ready.path, "discrepancy_id": gap})


async def _coming_back(at: Preparing) -> Ready:
    ready, receiver = await at.parcel("sealing", "handover")
    await receiver.post(f"/routing/v1/parcels/{ready.path['parcel_id']}/return", {})
    return ready


async def _unroutable(at: Preparing) -> Ready:
    body = {**full_online.SUBMISSION, "basis": {"household_registration": "110101"}}
    item = (await at.clerk.get("/intake/v1/items/RS-002")).json()
    taken = await at._fresh(at.clerk, "/intake/v1/cases", {**body, "form": item["form_example"]})
    number = taken["case_number"]
    ops = at.ops()
    await ops.until(
        "/routing/v1/unroutable?limit=200", lambda page: number in str(page), what="无办理地"
    )
    return Ready(ops, {"case_number": number})


async def _taken_by_mistake(at: Preparing) -> Ready:
    case = await at.case(full_online.SUBMISSION)
    return Ready(at.ops(), {"case_number": case.number})


async def _delivery(at: Preparing) -> Ready:
    """Of an item that offers both ways which the examples change to."""
    case = await at.case(_BOOKLET)
    officer = await at.claimed(case, "acceptance")
    await officer.post(f"/routing/v1/handoffs/{case.handoff}/decision", dict(_PAPER))
    delivery = await at.delivery(case, lambda each: "change" in each["allowed_steps"])
    return Ready(at.clerk, {"delivery_id": delivery["id"]})


async def _collected(at: Preparing) -> Ready:
    case = await at.case(_CARD, delivery={"method": "handling_pickup"})
    officer = await at.claimed(case, "acceptance")
    await officer.post(f"/routing/v1/handoffs/{case.handoff}/decision", dict(_PAPER))
    delivery = await at.delivery(case, lambda each: "arrive" in each["allowed_steps"])
    await officer.post(f"/notify/v1/deliveries/{delivery['id']}/arrival")
    return Ready(officer, {"delivery_id": delivery["id"]})


async def _dispatch(at: Preparing) -> Ready:
    case = await at.case(_CARD)
    officer = await at.claimed(case, "acceptance")
    await officer.post(f"/routing/v1/handoffs/{case.handoff}/decision", dict(_PAPER))
    delivery = await at.delivery(case, lambda each: each["dispatch"])
    sender = at.at(Role.DISPATCHER, case.location)
    return Ready(sender, {"dispatch_id": delivery["dispatch"]["id"]})


async def _dispatched(at: Preparing) -> Ready:
    ready = await _dispatch(at)
    waybill = {"carrier": "EMS", "waybill": f"EB{next(_numbers):09d}CN"}
    await ready.person.post(f"/notify/v1/dispatches/{ready.path['dispatch_id']}/handover", waybill)
    return ready


def _somebody() -> dict[str, Any]:
    """Who broke a promise may make none: another person each time."""
    applicant = full_online.SUBMISSION["applicant"]
    body = f"{applicant['id_number'][:14]}{next(_numbers) % 1000:03d}"
    return {**applicant, "id_number": body + by_mod_11_2(body)}


async def _revocable(at: Preparing) -> Ready:
    case = await at.case(_PROMISED, applicant=_somebody())
    officer = await at.claimed(case, "acceptance", "decision")
    return Ready(officer, {"handoff_id": case.handoff})


async def _broken_promise(at: Preparing) -> Ready:
    ready = await _revocable(at)
    found = {"kept": False, "finding": "所承诺的条件不符"}
    path = f"/routing/v1/handoffs/{ready.path['handoff_id']}/later-check"
    await ready.person.post(path, found)
    return ready


async def _subscription(at: Preparing) -> Ready:
    ops = at.ops()
    body = {"name": "示例系统", "url": "https://hooks.example.gov.cn/example"}
    made = await at._fresh(ops, "/notify/v1/subscriptions", body)
    return Ready(ops, {"subscription_id": made["id"]})


async def _clerk(at: Preparing) -> Ready:
    return Ready(at.clerk)


async def _ops(at: Preparing) -> Ready:
    return Ready(at.ops())


async def _partner(preparing: Preparing) -> Ready:
    return Ready(preparing.ops(), {"partner": "P-620000"})


async def _client(preparing: Preparing) -> Ready:
    account = {"name": f"示例系统{next(_numbers)}", "role": "partner", "partner": "P-620000"}
    opened = await preparing.ops().post("/routing/v1/clients", account)
    return Ready(preparing.ops(), {"client_id": opened["id"]})


# These change what others stand on, so they go one by one, after all others.
_ALONE = (
    "claim_handoffs",
    "import_catalogue",
    "import_registry",
    "load_notices",
    "register_agreements",
    "register_locations",
    "register_partners",
    "register_rules",
    "revoke_token",
    "set_local_days",
    "set_partner_access",
)
_AT_ONCE = 4


async def at_once(visits: Iterable[tuple[str, Callable[[], Awaitable[Any]]]]) -> list[Any]:
    """Operations and what is to be done with each: several at a time, for most of what it takes is
    waiting for messages to travel."""
    turns = asyncio.Semaphore(_AT_ONCE)
    listed = list(visits)

    async def in_turn(visit: Callable[[], Awaitable[Any]]) -> Any:
        async with turns:
            return await visit()

    done = await asyncio.gather(*(in_turn(do) for name, do in listed if name not in _ALONE))
    return [*done, *[await do() for name, do in listed if name in _ALONE]]


PREPARED: Mapping[str, Prepare] = MappingProxyType(
    {
        "import_catalogue": _ops,
        "republish_catalogue": _ops,
        "correct_case": _noticed,
        "note_verifications": _noticed,
        "note_payment": _charged,
        "check_case": _clerk,
        "submit_case": _clerk,
        "search_cases": _clerk,
        "set_hold": _asked_to_erase,
        "lift_hold": _held,
        "ask_erasure": _asked_to_erase,
        "show_holdings": _auditor,
        "show_routing_holdings": _auditor,
        "show_notify_holdings": _auditor,
        "preview_assignment": _clerk,
        "give_supplement": _noticed,
        "request_withdrawal": _case_at_the_window,
        "receive_handoff": _remote,
        "return_to_window": _joint,
        "hand_back": _with_the_window,
        "resume_handoff": _suspended,
        "give_back_originals": _kept_at_the_window,
        "take_in_originals": _given_back,
        "fill_parcel": _one_more_paper,
        "empty_parcel": _parcel(),
        "seal_parcel": _parcel(),
        "settle_discrepancy": _missing,
        "return_parcel": _parcel("sealing", "handover", received=True),
        "take_back_parcel": _coming_back,
        "lose_parcel": _parcel("sealing", "handover"),
        "claim_handoffs": _handoff(role=Role.OFFICER),
        "reassign_handoff": _handoff(role=Role.SUPERVISOR),
        "accept_handoff": _handoff(),
        "refuse_handoff": _handoff(),
        "notice_handoff": _handoff(),
        "transfer_handoff": _handoff(),
        "answer_handoff": _joint,
        "prereview_handoff": _remote,
        "verify_originals": _at_the_window,
        "suspend_handoff": _long,
        "extend_handoff": _long_for_supervisor,
        "decide_handoff": _handoff("acceptance"),
        "check_later": _revocable,
        "revoke_decision": _broken_promise,
        "ask_for_approval": _repeat,
        "approve_request": _approval,
        "refuse_request": _approval,
        "ask_what_if": _long,
        "write_message": _case_at_the_window,
        "send_reminder": _case_at_the_window,
        "make_appointment": _case_at_the_window,
        "settle_appointment": _appointment,
        "open_parcel": _papers,
        "hand_over_parcel": _parcel("sealing"),
        "scan_parcel": _parcel("sealing", "handover", received=True),
        "assign_unroutable": _unroutable,
        "cancel_case": _taken_by_mistake,
        "register_locations": _ops,
        "register_partners": _ops,
        "register_agreements": _ops,
        "register_rules": _ops,
        "import_registry": _ops,
        "issue_partner_secret": _partner,
        "set_partner_access": _partner,
        "open_client": _ops,
        "rotate_client_secret": _client,
        "load_notices": _ops,
        "set_local_days": _ops,
        "revoke_token": _ops,
        "change_delivery": _delivery,
        "hand_over_result": _collected,
        "create_subscription": _ops,
        "change_subscription": _subscription,
        "rotate_secret": _subscription,
        "recover_webhooks": _subscription,
        "hand_over_dispatch": _dispatch,
        "report_dispatch": _dispatched,
    }
)


def with_papers(body: Any, papers: tuple[str, ...]) -> Any:
    """The example, with real papers where it names papers: those are made with a case."""
    rest = iter(papers)

    def real(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: real(each) for name, each in part.items()}
        if isinstance(part, list):
            return [real(each) for each in part]
        return next(rest) if isinstance(part, str) and LABEL.match(part) else part

    return real(body)
