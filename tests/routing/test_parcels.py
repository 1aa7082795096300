"""Originals between two places: bags, seals, carriers, what is missing on arrival."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.database import EmbeddedDatabase
from services.routing import timers
from shared.chance import new_id
from tests.routing.bench import OFFICE, WINDOW, Bench, Person, Taken, open_bench


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "CL-001", "GA-003") as opened:
        yield opened


@pytest.fixture
def sender(bench: Bench) -> Person:
    return bench.person("dispatcher", WINDOW)


@pytest.fixture
def receiver(bench: Bench) -> Person:
    return bench.person("dispatcher", OFFICE)


async def sent(sender: Person, originals: list[str], **handover: Any) -> dict[str, Any]:
    """A bag on its way to the office."""
    bag = await sender.post(
        "/parcels", {"from": WINDOW, "to": OFFICE, "originals": originals}, status=201
    )
    await sender.post(f"/parcels/{bag['id']}/sealing", {})
    given = {"carrier": "EMS", "waybill": "EA123456789CN", **handover}
    handed: dict[str, Any] = await sender.post(f"/parcels/{bag['id']}/handover", given)
    return handed


async def custody(person: Person, case: Taken) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get(f"/cases/{case.number}/custody"))["originals"]
    return found


async def test_a_paper_that_was_handed_in_lies_at_the_window(bench: Bench, sender: Person) -> None:
    await sender.get("/cases/63000026999999999/custody", status=404)
    case = await bench.receive(["M2", "M3"])
    papers = await custody(sender, case)
    assert [each["original_id"] for each in papers] == case.originals
    assert [each["label"] for each in papers] == [case.label(1), case.label(2)]
    assert {each["holder"] for each in papers} == {f"location:{WINDOW}"}
    (entry,) = papers[0]["ledger"]
    assert entry["from_holder"] == f"applicant:{case.number}"
    assert papers[0]["destination"]["location"] == OFFICE
    held = await sender.get(f"/custody?location={WINDOW}")
    assert {each["original_id"] for each in held["originals"]} == set(case.originals)
    await sender.get(f"/custody?location={OFFICE}", status=404)


async def test_an_item_that_needs_its_paper_is_received_when_the_paper_is_scanned_in(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    first, second = await bench.receive(["M2", "M3"]), await bench.receive(["M3"])
    officer = bench.person("officer", OFFICE)
    (pending,) = await bench.handoffs(first.number)
    assert (pending.status, pending.clock_state) == ("pending", "not_started")
    bag = await sent(sender, [*first.originals, *second.originals])
    assert (bag["state"], bag["due_on"]) == ("handed_over", "2026-09-09")
    papers = await custody(receiver, first)
    assert {each["holder"] for each in papers} == {f"carrier:EMS/{bag['number']}"}
    assert {each["destination"]["location"] for each in papers} == {OFFICE}

    bench.now += timedelta(days=1)
    scan = await receiver.post(
        f"/parcels/{bag['id']}/scan", {"found": [first.label(1), first.label(2)]}
    )
    assert (scan["state"], len(scan["found"])) == ("scanned", 2)
    assert scan["missing"] == second.originals
    assert [row.status for row in await bench.handoffs(first.number)] == ["received"]
    assert [row.status for row in await bench.handoffs(second.number)] == ["pending"]

    (gap,) = scan["discrepancies"]
    path = f"/parcels/{bag['id']}/discrepancies/{gap['id']}/settlement"
    said = await receiver.post(path, {"settlement": "lost"})
    assert said["settlement"] is None
    await sender.post(path, {"settlement": "turned_up", "end": "receiver"}, status=404)
    said = await sender.post(path, {"settlement": "turned_up"})
    assert said["settlement"] is None
    said = await receiver.post(path, {"settlement": "turned_up"})
    assert said["settlement"] == "turned_up"
    await receiver.post(path, {"settlement": "lost"}, status=409)
    assert [row.status for row in await bench.handoffs(second.number)] == ["received"]
    seen = await sender.get(f"/parcels/{bag['id']}")
    assert seen["state"] == "closed"
    assert {line["scanned"] for line in seen["manifest"]} == {"found", "missing"}

    handoff = await officer.claim(OFFICE, first.number, status="received")
    accepted = await officer.post(f"/handoffs/{handoff}/acceptance")
    assert accepted["clock"]["state"] == "running"
    papers = await custody(receiver, second)
    assert [each["act"] for each in papers[0]["ledger"]] == [
        "take_in",
        "fill",
        "hand_over",
        "scan_in",
    ]


async def test_what_was_never_put_in_goes_with_the_next_bag(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    scan = await receiver.post(f"/parcels/{bag['id']}/scan", {"found": []})
    (gap,) = scan["discrepancies"]
    path = f"/parcels/{bag['id']}/discrepancies/{gap['id']}/settlement"
    for person in (receiver, sender):
        await person.post(path, {"settlement": "never_sent"})
    (paper,) = await custody(sender, case)
    assert paper["holder"] == f"location:{WINDOW}"
    again = await sent(sender, case.originals, waybill="EA2")
    scan = await receiver.post(f"/parcels/{again['id']}/scan", {"found": case.originals})
    assert (scan["state"], scan["missing"]) == ("closed", [])
    assert [row.status for row in await bench.handoffs(case.number)] == ["received"]


async def test_a_settlement_of_an_old_bag_does_not_touch_a_paper_in_a_new_one(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    scan = await receiver.post(f"/parcels/{bag['id']}/scan", {"found": []})
    (gap,) = scan["discrepancies"]
    # It turns up at the window, as something extra in a bag from elsewhere, and is sent again.
    other = await bench.receive(["M3"])
    back = await sent(sender, other.originals, waybill="EA2")
    await receiver.post(f"/parcels/{back['id']}/scan", {"found": other.originals})
    back = await receiver.post(
        "/parcels", {"from": OFFICE, "to": WINDOW, "originals": other.originals}, status=201
    )
    await receiver.post(f"/parcels/{back['id']}/sealing")
    await receiver.post(f"/parcels/{back['id']}/handover", {"carrier": "EMS", "waybill": "EA3"})
    await sender.post(
        f"/parcels/{back['id']}/scan", {"found": other.originals, "extra": case.originals}
    )
    again = await sent(sender, case.originals, waybill="EA4")
    path = f"/parcels/{bag['id']}/discrepancies/{gap['id']}/settlement"
    for person in (receiver, sender):
        await person.post(path, {"settlement": "lost"})
    (paper,) = await custody(sender, case)
    assert paper["holder"] == f"carrier:EMS/{again['number']}"


async def test_everything_wrong_with_a_filling_is_said_at_once(
    bench: Bench, sender: Person
) -> None:
    case = await bench.receive(["M2", "M3"])
    elsewhere = await bench.receive(
        ["M1"],
        item_code="GA-003",
        basis={"household_registration": "510104"},
        materials=[],
    )
    bag = await sent(sender, [case.originals[0]])
    body: dict[str, Any] = {
        "from": WINDOW,
        "to": OFFICE,
        "originals": [case.originals[0], case.label(2), case.originals[1], *elsewhere.originals],
    }
    answer = await sender.post("/parcels", body, status=422)
    assert [(each["pointer"], each["code"]) for each in answer["faults"]] == [
        ("/originals/0", "original-held-elsewhere"),
        ("/originals/2", "named-twice"),
        ("/originals/3", "wrong-way"),
    ]
    body["originals"] = ["nobody knows it", str(new_id())]
    answer = await sender.post("/parcels", body, status=422)
    assert [each["code"] for each in answer["faults"]] == ["unknown-original"] * 2
    body = {"from": WINDOW, "to": OFFICE, "originals": elsewhere.originals, "transit": True}
    await sender.post("/parcels", body, status=201)
    assert bag["allowed"] == ["transit", "arrive", "scan", "turn_back", "lose"]


async def test_each_deed_belongs_to_its_end_and_strangers_see_nothing(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sender.post(
        "/parcels", {"from": WINDOW, "to": OFFICE, "originals": case.originals}, status=201
    )
    path = f"/parcels/{bag['id']}"
    refused = await receiver.post(f"{path}/sealing", {}, status=409)
    assert (refused["code"], refused["ends"]) == ("parcel-other-end", ["sender"])
    stranger = bench.person("dispatcher", "630200-C1")
    await stranger.get(path, status=404)
    await stranger.post(f"{path}/sealing", {}, status=404)
    body = {"from": WINDOW, "to": OFFICE, "originals": []}
    await stranger.post("/parcels", body, status=404)
    await receiver.post("/parcels", body, status=404)
    refused = await sender.post(f"{path}/handover", {"carrier": "EMS", "waybill": "1"}, status=409)
    assert refused["allowed"] == ["fill", "take_out", "seal", "discard"]
    above = bench.person("supervisor", None, division="620100")
    assert [each["id"] for each in (await above.get("/parcels"))["parcels"]] == [bag["id"]]
    far = bench.person("supervisor", None, division="510000")
    assert (await far.get("/parcels"))["parcels"] == []


async def test_a_bag_is_opened_again_before_it_leaves_and_its_manifest_is_fixed_by_the_seal(
    bench: Bench, sender: Person
) -> None:
    case = await bench.receive(["M2", "M3"])
    bag = await sender.post("/parcels", {"from": WINDOW, "to": OFFICE}, status=201)
    path = f"/parcels/{bag['id']}"
    empty = await sender.post(f"{path}/sealing", {}, status=409)
    assert empty["code"] == "parcel-empty"
    await sender.post(f"{path}/originals", {"originals": case.originals})
    one = await sender.post(f"{path}/sealing", {"seal_number": "F-1"})
    await sender.post(f"{path}/originals", {"originals": case.originals}, status=409)
    await sender.post(f"{path}/removals", {"originals": case.originals[:1]}, status=409)
    await sender.post(f"{path}/unsealing")
    await sender.post(f"{path}/removals", {"originals": case.originals[:1]})
    two = await sender.post(f"{path}/sealing", {"seal_number": "F-2"})
    assert one["manifest_digest"] != two["manifest_digest"]
    papers = await custody(sender, case)
    assert [each["holder"] for each in papers] == [
        f"location:{WINDOW}",
        f"parcel:{bag['number']}",
    ]
    seen = await sender.get(path)
    assert [line["label"] for line in seen["manifest"]] == [case.label(2)]


async def test_a_lost_bag_is_told_to_everybody_and_found_again(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    await receiver.post(f"/parcels/{bag['id']}/loss", {"note": "承运人查无下落"})
    (paper,) = await custody(sender, case)
    assert (paper["holder"], paper["destination"]["what"]) == (f"lost:{bag['number']}", "search")
    (lost,) = await bench.told("routing.parcel-lost.v1")
    assert lost["clocks"] == [
        {
            "case_number": case.number,
            "handoff_id": str((await bench.handoffs(case.number))[0].id),
            "clock_state": "not_started",
            "due_on": None,
        }
    ]
    (delayed,) = await bench.told("routing.papers-delayed.v1")
    assert (delayed["case_number"], delayed["what"]) == (case.number, "lose")
    await sender.post(f"/parcels/{bag['id']}/finding")
    scan = await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    assert scan["state"] == "closed"
    (paper,) = await custody(sender, case)
    assert paper["holder"] == f"location:{OFFICE}"
    assert [each["act"] for each in paper["ledger"]][-3:] == ["lose", "find", "scan_in"]


async def test_a_bag_that_comes_back_is_the_senders_again(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals, carrier="messenger", waybill=None, messenger="示例")
    path = f"/parcels/{bag['id']}"
    await receiver.post(f"{path}/arrival")
    await receiver.post(f"{path}/return", {"note": "误投"})
    refused = await sender.post(f"{path}/closing", status=409)
    assert refused["allowed"] == ["take_back", "lose"]
    await sender.post(f"{path}/taking-back")
    (paper,) = await custody(sender, case)
    assert paper["holder"] == f"location:{WINDOW}"
    closed = await sender.post(f"{path}/closing")
    assert closed["state"] == "closed"
    deeds = [each["deed"] for each in (await sender.get(path))["deeds"]]
    assert deeds == ["fill", "seal", "hand_over", "arrive", "turn_back", "take_back", "close"]


async def test_a_carriers_late_word_annotates_and_moves_nothing_back(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)

    async def says(what: str) -> str:
        await bench.tell(
            "notify.parcel-tracked.v1",
            f"waybill:{new_id()}",
            {"carrier": "EMS", "waybill": bag["waybill"], "what": what, "at": bench.now},
        )
        state: str = (await sender.get(f"/parcels/{bag['id']}"))["state"]
        return state

    assert await says("in_transit") == "in_transit"
    assert await says("customs") == "in_transit"
    assert await says("arrived") == "arrived"
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    assert await says("in_transit") == "closed"
    assert await says("returning") == "closed"
    (paper,) = await custody(sender, case)
    assert paper["holder"] == f"location:{OFFICE}"


async def test_a_bag_that_does_not_arrive_in_time_is_asked_about_at_both_ends(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    remind = timers.remind_of_parcels(bench.premises.sessions, lambda: bench.now)
    for days, expected in ((2, 0), (1, 1), (0, 1), (1, 1), (3, 2)):
        bench.now += timedelta(days=days)
        while await remind():
            pass
        assert len(await bench.told("routing.parcel-overdue.v1")) == expected
    # Each end finds it on its list, with when both were reminded; the windows of its cases hear.
    for end, place in ((sender, WINDOW), (receiver, OFFICE)):
        query = {"location": place, "overdue": True}
        (late,) = (await end.get("/parcels", params=query))["parcels"]
        assert (late["id"], late["overdue"]) == (bag["id"], True)
    seen = await receiver.get(f"/parcels/{bag['id']}")
    assert [(each["deed"], each["end"]) for each in seen["deeds"]][-2:] == [
        ("remind", "system"),
        ("remind", "system"),
    ]
    delays = await bench.told("routing.papers-delayed.v1")
    assert [(each["case_number"], each["what"]) for each in delays] == [
        (case.number, "overdue"),
        (case.number, "overdue"),
    ]
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    bench.now += timedelta(days=30)
    assert not await remind()
    assert (await sender.get("/parcels", params={"overdue": True}))["parcels"] == []


async def test_one_call_says_what_a_label_is_and_where_it_goes(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    stranger = bench.person("dispatcher", "630200-C1")
    seen = await stranger.get(f"/labels/{case.label(1)}")
    assert seen["original"]["destination"] == {
        "what": "send",
        "location": OFFICE,
        "location_name": seen["original"]["destination"]["location_name"],
        "why": "办理地需要这份原件",
    }
    bag = await sent(sender, case.originals)
    for label in (bag["number"], bag["number"].lower(), bag["waybill"], bag["id"]):
        (found,) = (await stranger.get(f"/labels/{label}"))["parcels"]
        assert (found["number"], found["destination"]["location"]) == (bag["number"], OFFICE)
    wrong = bag["number"][:-1] + str((int(bag["number"][-1]) + 1) % 10)
    await stranger.get(f"/labels/{wrong}", status=404)
    seen = await stranger.get(f"/labels/{case.originals[0]}")
    assert seen["original"]["destination"]["what"] == "on_its_way"
    await bench.tell(
        "intake.withdrawal-requested.v1",
        case.number,
        {"case_number": case.number, "withdrawal_id": str(new_id()), "at": bench.now},
    )
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    seen = await stranger.get(f"/labels/{case.label(1)}")
    assert (
        seen["original"]["destination"]["what"],
        seen["original"]["destination"]["location"],
    ) == (
        "send",
        WINDOW,
    )


async def test_papers_go_back_over_the_counter_and_come_again(bench: Bench, sender: Person) -> None:
    case = await bench.receive(["M3"])
    clerk = bench.person("clerk", WINDOW)
    body = {"location": WINDOW, "originals": case.originals}
    refused = await clerk.post("/custody/take-in", body, status=409)
    assert refused["code"] == "original-held-elsewhere"
    given = await clerk.post("/custody/give-back", body)
    assert given["originals"][0]["holder"] == f"applicant:{case.number}"
    await clerk.post("/custody/give-back", body, status=409)
    await clerk.post("/custody/take-in", body)
    (paper,) = await custody(clerk, case)
    assert [each["act"] for each in paper["ledger"]] == ["take_in", "give_back", "take_in"]
    stranger = bench.person("clerk", "630200-C1")
    await stranger.post("/custody/give-back", body, status=404)


async def test_what_was_given_back_is_not_taken_again_without_a_place_to_go(bench: Bench) -> None:
    case = await bench.receive(["M3"], basis={"household_registration": "310101"})
    clerk = bench.person("clerk", WINDOW)
    body = {"location": WINDOW, "originals": case.originals}
    await clerk.post("/custody/give-back", body)
    refused = await clerk.post("/custody/take-in", body, status=409)
    assert (refused["code"], refused["cases"]) == ("original-without-place", [case.number])
    assert "当场退还申请人" in refused["detail"]


async def test_the_result_on_paper_is_kept_in_the_same_ledger(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    officer = bench.person("officer", OFFICE)
    handoff = await officer.claim(OFFICE, case.number)
    await officer.post(f"/handoffs/{handoff}/acceptance")
    certificate = {"name": "残疾人证", "number": "示例-1", "form": "paper"}
    body = {"result": "granted", "opinion": "准予换领", "certificate": certificate}
    await officer.post(f"/handoffs/{handoff}/decision", body)
    old, new = await custody(officer, case)
    assert (old["destination"]["what"], new["kind"], new["label"]) == (
        "stay",
        "result",
        case.label(2),
    )
    assert new["ledger"][0]["from_holder"] == f"issuer:{OFFICE}"
    delivery = {"case_number": case.number, "delivery_id": str(new_id()), "method": "post"}
    for _ in range(2):
        await bench.tell(
            "notify.delivery-changed.v1",
            case.number,
            {**delivery, "status": "on_way", "at": bench.now},
        )
    await bench.tell(
        "notify.result-delivered.v1", case.number, {**delivery, "delivered_at": bench.now}
    )
    new = (await custody(officer, case))[1]
    assert [each["act"] for each in new["ledger"]] == ["issue", "post", "collect"]


async def decided_on_paper(bench: Bench, case: Taken) -> Person:
    """The officer who granted it, with a certificate to hold in one's hand."""
    (row,) = await bench.handoffs(case.number)
    await bench.person("dispatcher", OFFICE).post(f"/handoffs/{row.id}/arrival")
    officer = bench.person("officer", OFFICE)
    handoff = await officer.claim(OFFICE, case.number)
    await officer.post(f"/handoffs/{handoff}/acceptance")
    certificate = {"name": "残疾人证", "number": "示例-1", "form": "paper"}
    body = {"result": "granted", "opinion": "准予换领", "certificate": certificate}
    await officer.post(f"/handoffs/{handoff}/decision", body)
    return officer


@pytest.mark.parametrize(
    ("method", "told", "way"),
    [
        ("window_pickup", ["on_way", "on_way", "ready"], ["post", "scan_in"]),
        ("window_pickup", ["ready", "unclaimed", "returned"], ["turn_up", "turn_up"]),
        ("window_pickup", ["on_way", "lost", "on_way", "ready"],
         ["post", "lose", "find", "scan_in"]),
        ("post", ["booked", "on_way", "failed", "on_way"], ["post", "scan_in", "post"]),
        ("handling_pickup", ["pending", "ready"], []),
        ("electronic", ["ready"], []),
    ],
)  # fmt: skip
async def test_a_result_on_paper_is_in_the_hands_that_its_delivery_tells_of(
    bench: Bench, method: str, told: list[str], way: list[str]
) -> None:
    case = await bench.receive([], delivery_method=method)
    officer = await decided_on_paper(bench, case)
    delivery = {"case_number": case.number, "delivery_id": str(new_id()), "method": method}
    for status in told:
        news = {**delivery, "status": status, "at": bench.now}
        await bench.tell("notify.delivery-changed.v1", case.number, news)
    (paper,) = await custody(officer, case)
    assert [each["act"] for each in paper["ledger"]] == ["issue", *way]
    handed = {**delivery, "delivered_at": bench.now}
    await bench.tell("notify.result-delivered.v1", case.number, handed)
    # Whatever is told afterwards: who has it keeps it.
    late = {**delivery, "status": "on_way", "at": bench.now}
    await bench.tell("notify.delivery-changed.v1", case.number, late)
    (paper,) = await custody(officer, case)
    assert paper["holder"] == f"applicant:{case.number}"


async def test_a_result_for_the_window_may_travel_in_a_bag_like_any_paper(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive([], delivery_method="window_pickup")
    officer = await decided_on_paper(bench, case)
    (paper,) = await custody(officer, case)
    assert paper["destination"]["location"] == WINDOW
    body = {"from": OFFICE, "to": WINDOW, "originals": [paper["label"]]}
    bag = await receiver.post("/parcels", body, status=201)
    await receiver.post(f"/parcels/{bag['id']}/sealing")
    handed = {"carrier": "EMS", "waybill": "EA9"}
    await receiver.post(f"/parcels/{bag['id']}/handover", handed)
    await sender.post(f"/parcels/{bag['id']}/scan", {"found": [paper["label"]]})
    (paper,) = await custody(sender, case)
    assert (paper["holder"], paper["destination"]["what"]) == (f"location:{WINDOW}", "give")


async def test_no_paper_leaves_the_window_for_a_case_without_a_place_to_go(
    bench: Bench, sender: Person
) -> None:
    case = await bench.receive(["M3"], basis={"household_registration": "110101"})
    (paper,) = await custody(sender, case)
    assert (paper["holder"], paper["destination"]["what"]) == (f"location:{WINDOW}", "stay")
    body = {"from": WINDOW, "to": OFFICE, "originals": case.originals}
    refused = await sender.post("/parcels", body, status=422)
    assert [each["code"] for each in refused["faults"]] == ["wrong-way"]
    # It is given back at once, should nobody be found.
    await sender.post("/custody/give-back", {"location": WINDOW, "originals": case.originals})


async def test_the_same_key_opens_one_bag(bench: Bench, sender: Person) -> None:
    case = await bench.receive(["M3"])
    body = {"from": WINDOW, "to": OFFICE, "originals": case.originals}
    first = await sender.post("/parcels", body, status=201, key="the-same-key")
    again = await sender.post("/parcels", body, status=201, key="the-same-key")
    assert first == again
    headers = sender.headers
    answer = await bench.client.post("/routing/v1/parcels", headers=headers, json=body)
    assert answer.status_code == 422


async def test_everybody_who_follows_a_case_is_told_where_its_papers_are(
    bench: Bench, sender: Person, receiver: Person
) -> None:
    case = await bench.receive(["M3"])
    bag = await sent(sender, case.originals)
    await receiver.post(f"/parcels/{bag['id']}/scan", {"found": case.originals})
    told = await bench.told("routing.originals-moved.v1")
    holders = [(each["originals"][0]["act"], each["originals"][0]["holder"]) for each in told]
    assert holders == [
        ("fill", bag["number"]),
        ("hand_over", f"EMS/{bag['number']}"),
        ("scan_in", OFFICE),
    ]
    assert {each["parcel_number"] for each in told} == {bag["number"]}
    for type_ in ("sealed", "handed-over", "scanned", "closed"):
        (event,) = await bench.told(f"routing.parcel-{type_}.v1")
        assert event["cases"] == [case.number]
    trail = await bench.rows(
        "SELECT action FROM audit WHERE case_number = :n ORDER BY id", n=case.number
    )
    assert [row.action for row in trail if row.action.startswith("parcel-")] == [
        "parcel-fill",
        "parcel-seal",
        "parcel-hand-over",
        "parcel-scan",
        "parcel-close",
    ]
