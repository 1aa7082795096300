"""Queues at the door: nobody twice, in order, fairly, and without a query per unchanged poll."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import Response

from services.routing import timers
from services.routing.actions.claiming import Claim, Claims
from services.routing.domain.deadlines import Light
from services.routing.domain.queues import Entry, in_order
from shared.http.idempotency import Along
from shared.means import Origin
from tests.routing.builders import OFFICE, WINDOW, House, counted

# One handoff many times over: what matters is the queue, not how it got there.
_MANY = """
INSERT INTO handoff (
    id, case_number, item_code, item_version, item_name, mode, step, step_name, role, stage, lead,
    accepts, decides, location, division, receiving_location, receiving_division, powers, why,
    status, bound, opened_at, window_received_at, handling_received_at, clock, clock_state,
    clock_revision, light, light_rank, lane_rank, turn, created_at
)
SELECT gen_random_uuid(), case_number, item_code, item_version, item_name, mode, step, step_name,
    role, stage, lead, accepts, decides, location, division, receiving_location,
    receiving_division, powers, why, status, false, opened_at,
    window_received_at + n * interval '1 second', handling_received_at, clock, clock_state,
    clock_revision, light, light_rank, lane_rank, n, created_at
FROM handoff, generate_series(1, :count) AS n
WHERE id = :id
"""


async def fill(house: House, count: int) -> str:
    number = await house.receive()
    handoff = await house.handoff_of(number)
    await house.rows(_MANY, count=count - 1, id=UUID(handoff))
    return number


@pytest.mark.timeout(300)
async def test_thirty_two_claimers_and_ten_thousand_handoffs_each_handed_out_once(
    house: House,
) -> None:
    await fill(house, 10_000)
    taken: list[str] = []

    async def claimer(number: int) -> None:
        who = house.officer(number=number)
        while True:
            answer = await house.post(f"/queues/{OFFICE}/claims", who, limit=50)
            if answer.status_code == 503:
                continue
            assert answer.status_code == 200, answer.text
            found = [each["id"] for each in answer.json()["handoffs"]]
            if not found:
                return
            taken.extend(found)

    await asyncio.gather(*(claimer(number) for number in range(32)))
    assert len(taken) == 10_000
    assert max(Counter(taken).values()) == 1
    rows = await house.rows("SELECT count(*) AS free FROM handoff WHERE holder IS NULL")
    assert rows[0].free == 0


async def test_a_lapsed_lease_comes_back_once(house: House) -> None:
    await house.receive()
    first = await house.post(f"/queues/{OFFICE}/claims", house.officer(), limit=5)
    handoff = first.json()["handoffs"][0]["id"]
    lapse = timers.lapse_leases(house.premises.sessions, house.clock)
    house.clock.forward(minutes=14)
    assert not await lapse()
    house.clock.forward(minutes=1)
    assert await lapse()
    assert not await lapse()
    answers = await asyncio.gather(
        *(
            house.post(f"/queues/{OFFICE}/claims", house.officer(number=n), limit=5)
            for n in range(2, 6)
        )
    )
    found = [each["id"] for answer in answers for each in answer.json()["handoffs"]]
    assert found == [handoff]
    late = await house.post(f"/handoffs/{handoff}/acceptance", house.officer())
    assert late.json()["code"] == "handoff-held-by-another"


async def test_an_act_makes_the_claim_lasting(house: House) -> None:
    _, handoff = await house.accepted()
    house.clock.forward(days=2)
    await timers.lapse_leases(house.premises.sessions, house.clock)()
    seen = await house.get(f"/handoffs/{handoff}", house.officer())
    assert seen.json()["holder"] == "李官员"


async def claim_all(house: House, who: dict[str, str]) -> list[str]:
    answer = await house.post(f"/queues/{OFFICE}/claims", who, limit=50)
    return [each["case_number"] for each in answer.json()["handoffs"]]


WINDOWS = (WINDOW, "630100-C1", "620100-C1")


async def _stream(house: House, senders: Sequence[str], **changes: Any) -> list[str]:
    cases = []
    for sender in senders:
        house.clock.forward(seconds=1)
        cases.append(house.case(receiving_location=sender, **changes))
        await house.receive_many(cases[-1:])
    return [each["case_number"] for each in cases]


async def test_places_that_send_take_turns(house: House) -> None:
    a, b, c = WINDOWS
    numbers = await _stream(house, [a, a, a, a, b, c])
    order = await claim_all(house, house.officer())
    assert order == [numbers[i] for i in (0, 4, 5, 1, 2, 3)]


async def _pages(house: House, limit: int = 50) -> list[str]:
    """The whole queue in its order, page by page."""
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = (await house.get(f"/queues/{OFFICE}/handoffs", house.officer(), **query)).json()
        found += [each["case_number"] for each in page["handoffs"]]
        if page["next"] is None:
            return found
        query["after"] = page["next"]


@pytest.mark.timeout(300)
async def test_who_sends_one_percent_waits_for_one_case_of_the_ninety_nine_not_for_all(
    house: House,
) -> None:
    a, b, _ = WINDOWS
    flood = [house.case(receiving_location=a) for _ in range(198)]
    await house.receive_many(flood)
    house.clock.forward(hours=1)
    few = [house.case(receiving_location=b) for _ in range(2)]
    await house.receive_many(few)
    numbers = [each["case_number"] for each in few]

    async def places() -> list[int]:
        order = await _pages(house)
        assert len(order) == 200
        return [order.index(number) + 1 for number in numbers]

    # The last to come, 199th and 200th by waiting time, are handed out second and fourth.
    assert await places() == [2, 4]
    # Left lying until all of them are late: the same again under every light.
    seen = set()
    for day in ("2026-09-10", "2026-09-14", "2026-09-18"):
        house.clock.set(day)
        while await timers.fire_watches(house.premises.sessions, house.clock)():
            pass
        rows = await house.rows("SELECT DISTINCT light FROM handoff")
        seen.add(tuple(row.light for row in rows))
        assert await places() == [2, 4], (day, rows)
    assert seen == {("yellow",), ("red",), ("missed",)}


async def test_who_rarely_sends_does_not_go_before_all_that_waits(house: House) -> None:
    a, b, _ = WINDOWS
    numbers = await _stream(house, [a, a, a])
    first = await house.post(f"/queues/{OFFICE}/claims", house.officer(), limit=2)
    assert len(first.json()["handoffs"]) == 2
    # The queue has come to the third turn: b begins there, not at the first.
    numbers += await _stream(house, [b, b, a])
    order = await claim_all(house, house.officer())
    assert order == [numbers[i] for i in (2, 3, 4, 5)]


async def test_green_lane_goes_first(house: House) -> None:
    ordinary = await _stream(house, [WINDOW, WINDOW])
    quick = await _stream(house, [WINDOW], priority="green")
    assert await claim_all(house, house.officer()) == quick + ordinary


async def test_the_stored_order_is_the_one_that_the_rules_explain(house: House) -> None:
    dice = random.Random(7)
    entries = []
    for _ in range(24):
        house.clock.forward(minutes=1)
        given = house.case(
            receiving_location=dice.choice(WINDOWS), priority=dice.choice(["green", "normal"])
        )
        await house.receive_many([given])
        entries.append(
            Entry(
                id=given["case_number"],
                light=Light.GREEN,
                green_lane=given["priority"] == "green",
                since=house.clock(),
                sender=given["receiving_location"],
            )
        )
    expected = [placed.entry.id for placed in in_order(entries)]
    assert await _pages(house, limit=5) == expected
    assert await claim_all(house, house.officer()) == expected


async def test_a_page_says_why_it_stands_there(house: House) -> None:
    a, b, _ = WINDOWS
    numbers = await _stream(house, [a, a, b])
    second = await house.handoff_of(numbers[1])
    found = (await house.get(f"/handoffs/{second}/placing", house.officer())).json()
    assert "本件是该收件地的第2件" in found["line"]
    assert found["ahead"] == await house.handoff_of(numbers[2])
    assert found["because"] == "各收件地轮流办理，轮次在前。"
    first = await house.handoff_of(numbers[0])
    found = (await house.get(f"/handoffs/{first}/placing", house.officer())).json()
    assert (found["ahead"], found["because"]) == (None, None)


async def test_an_unchanged_poll_costs_no_statement(house: House) -> None:
    await house.receive()
    path, who = f"/queues/{OFFICE}/handoffs", house.officer()
    first = await house.get(path, who)
    seen = who | {"if-none-match": first.headers["etag"]}
    await asyncio.sleep(0.3)
    await house.get(path, seen)
    await house.get(f"/queues/{OFFICE}/counts", who)
    async with counted(house.premises.engine) as statements:
        for _ in range(20):
            assert (await house.get(path, seen)).status_code == 304
            assert (await house.get(f"/queues/{OFFICE}/counts", who)).status_code == 200
    # The watcher's own look, once a tick for the whole process.
    assert [each for each in statements if "pg_snapshot_xmin" not in each] == []


async def test_a_waiting_poll_is_answered_at_once_when_something_comes(house: House) -> None:
    path, who = f"/queues/{OFFICE}/handoffs", house.officer()
    empty = await house.get(path, who)
    seen = who | {"if-none-match": empty.headers["etag"]}
    waiting = asyncio.create_task(house.get(path, seen, wait=30))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    number = await house.receive()
    answer = await asyncio.wait_for(waiting, 25)
    assert [each["case_number"] for each in answer.json()["handoffs"]] == [number]


async def test_a_waiting_poll_ends_when_its_time_is_over_or_the_house_closes(
    house: House,
) -> None:
    path, who = f"/queues/{OFFICE}/handoffs", house.officer()
    empty = await house.get(path, who)
    seen = who | {"if-none-match": empty.headers["etag"]}
    assert (await house.get(path, seen, wait=0.3)).status_code == 304
    waiting = asyncio.create_task(house.get(path, seen, wait=30))
    await asyncio.sleep(0.2)
    house.app.state.closing.set()
    assert (await asyncio.wait_for(waiting, 25)).status_code == 304


async def test_nothing_is_missed_between_two_waiting_polls(house: House) -> None:
    path, who = f"/queues/{OFFICE}/handoffs", house.officer()
    seen: set[str] = set()
    sent = [house.case() for _ in range(15)]

    async def reader() -> None:
        tag = ""
        while len(seen) < 15:
            answer = await house.get(path, who | {"if-none-match": tag}, wait=10, limit=200)
            if answer.status_code == 200:
                tag = answer.headers["etag"]
                seen.update(each["case_number"] for each in answer.json()["handoffs"])

    async def writer() -> None:
        for each in sent:
            await house.receive_many([each])

    await asyncio.wait_for(asyncio.gather(reader(), writer()), 60)
    assert seen == {each["case_number"] for each in sent}


async def test_counts_by_light_for_an_office_and_for_what_is_below(house: House) -> None:
    await house.receive()
    _, accepted = await house.accepted()
    house.clock.set("2026-09-09")
    await timers.fire_watches(house.premises.sessions, house.clock)()
    await asyncio.sleep(0.3)
    found = (await house.get(f"/queues/{OFFICE}/counts", house.officer())).json()
    assert found["open"] == {"missed": 0, "red": 0, "yellow": 1, "green": 1}
    assert found["free"] == {"missed": 0, "red": 0, "yellow": 0, "green": 1}
    above = house.token("supervisor", "620100-C1", division="620100")
    below = (await house.get("/queues", above)).json()["queues"]
    assert [(each["location"], each["open"]["green"]) for each in below] == [(OFFICE, 1)]
    listed = (await house.get("/handoffs", above, light="yellow")).json()["handoffs"]
    assert [each["id"] for each in listed] == [accepted]
    elsewhere = house.token("supervisor", "510100-C1", division="510100")
    assert (await house.get("/queues", elsewhere)).json()["queues"] == []
    assert (await house.get("/handoffs", elsewhere)).json()["handoffs"] == []
    foreign = await house.get(f"/queues/{OFFICE}/counts", house.officer("510107-RS"))
    assert foreign.status_code == 404
    # A province has thousands of places: they come in pages, each place whole.
    await house.receive(basis={"household_registration": "620103"})
    first = (await house.get("/queues", above, limit=1)).json()
    assert [each["location"] for each in first["queues"]] == [OFFICE]
    rest = (await house.get("/queues", above, limit=1, after=first["next"])).json()
    assert [each["location"] for each in rest["queues"]] == ["620103-RS"]
    assert rest["next"] is None


async def test_the_short_way_of_an_unchanged_poll_shows_a_stranger_nothing(house: House) -> None:
    await house.receive()
    path = f"/queues/{OFFICE}/handoffs"
    tag = (await house.get(path, house.officer())).headers["etag"]
    for _ in range(2):
        same = await house.get(path, house.officer() | {"if-none-match": tag})
        assert same.status_code == 304
        assert same.headers["etag"] == tag
        assert same.headers["cache-control"] == "private, no-cache"
    foreign = house.officer("510107-RS") | {"if-none-match": tag}
    assert (await house.get(path, foreign)).status_code == 404
    clerk = house.token("clerk", WINDOW) | {"if-none-match": tag}
    assert (await house.get(path, clerk)).status_code == 403
    # Who has seen another page gets this one, made once for all who poll.
    async with counted(house.premises.engine) as statements:
        for _ in range(3):
            news = await house.get(path, house.officer() | {"if-none-match": '"another"'})
            assert news.json()["handoffs"]
    own = [each for each in statements if "pg_snapshot_xmin" not in each]
    assert len(own) <= 1, own


async def test_a_claim_is_two_statements(house: House) -> None:
    for _ in range(3):
        await house.receive()
    who = house.officer() | {"idempotency-key": "claim-0001"}
    await house.get(f"/queues/{OFFICE}/handoffs", who)
    async with counted(house.premises.engine) as statements:
        answer = await house.post(f"/queues/{OFFICE}/claims", who, limit=2)
    assert answer.status_code == 200
    own = [each for each in statements if "pg_snapshot_xmin" not in each]
    # A look; the claim with the queue's change, the trail, the key and its answer.
    assert len(own) == 2, own


async def test_where_another_process_is_quicker_nothing_is_claimed_twice_and_nothing_is_left(
    house: House,
) -> None:
    """Two that know nothing of each other look at the same queue."""
    for _ in range(8):
        await house.receive()
    await house.get(f"/queues/{OFFICE}/handoffs", house.officer())
    desks = [Claims(house.premises.sessions, house.premises.carried) for _ in range(2)]
    along = Along(Response(), {})
    at = house.clock()

    def claim(number: int) -> Claim:
        by = Origin(actor=f"officer-{number}", role="officer", location=OFFICE)
        return Claim(by, 1, at, lambda _: along)

    for _ in range(4):
        await asyncio.gather(
            *(desk.take(OFFICE, claim(number)) for number, desk in enumerate(desks))
        )
    held = await house.rows("SELECT holder FROM handoff WHERE holder IS NOT NULL")
    assert sorted(row.holder for row in held) == ["officer-0"] * 4 + ["officer-1"] * 4
    told = await house.rows("SELECT facts FROM audit WHERE action = 'handoffs-claimed'")
    assert len({id_ for row in told for id_ in row.facts["handoffs"]}) == 8


async def test_a_claim_that_is_asked_for_oddly_goes_the_whole_way_to_the_same_answer(
    house: House,
) -> None:
    for _ in range(2):
        await house.receive()
    path, body = f"/routing/v1/queues/{OFFICE}/claims", b'{"limit": 1}'
    plain = house.officer() | {"idempotency-key": "plain-0001", "content-type": "application/json"}
    odd = plain | {"idempotency-key": "odd-00001", "content-type": "application/json;charset=utf-8"}
    short = await house.client.post(path, content=body, headers=plain)
    whole = await house.client.post(path, content=body, headers=odd)
    assert short.status_code == whole.status_code == 200
    assert short.json().keys() == whole.json().keys()
    assert set(short.headers) == set(whole.headers)
    again = await house.client.post(
        path, content=body, headers=odd | {"idempotency-key": "plain-0001"}
    )
    assert again.json() == short.json()
    for wrong, status in ((b'{"limit": 0}', 422), (b'{"limit": 1', 400), (b"[]", 422)):
        refused = await house.client.post(path, content=wrong, headers=plain)
        assert refused.status_code == status, refused.text


async def test_who_claims_at_the_same_moment_is_served_together_and_each_key_keeps_its_own_answer(
    house: House,
) -> None:
    for _ in range(7):
        await house.receive()
    path = f"/queues/{OFFICE}/claims"
    await house.get(f"/queues/{OFFICE}/handoffs", house.officer())

    def who(number: int) -> dict[str, str]:
        officer = house.token("officer", OFFICE, subject=f"officer-{number}")
        return officer | {"idempotency-key": f"together-{number}"}

    first = await house.post(path, who(0), limit=1)
    # The first key has its answer already: it gets that one again, and the others theirs.
    async with counted(house.premises.engine) as statements:
        answers = await asyncio.gather(*(house.post(path, who(n), limit=1) for n in range(6)))
    assert answers[0].json() == first.json()
    assert answers[0].headers["idempotency-replayed"] == "true"
    taken = [one["id"] for each in answers for one in each.json()["handoffs"]]
    assert len(set(taken)) == 6
    assert all(each.json()["handoffs"][0]["holder"] for each in answers)
    rows = await house.rows("SELECT facts FROM audit WHERE action = 'handoffs-claimed'")
    assert sorted(id_ for row in rows for id_ in row.facts["handoffs"]) == sorted(taken)
    claims = [each for each in statements if "UPDATE handoff" in each]
    assert len(claims) < 12, claims
    left = await house.post(path, house.officer(), limit=50)
    assert len(left.json()["handoffs"]) == 1


@pytest.mark.parametrize("count", [1, 16])
async def test_what_a_case_costs_to_be_taken_in(house: House, count: int) -> None:
    """Sixteen that come together cost what one does."""
    await house.receive()
    cases = [house.case() for _ in range(count)]
    async with counted(house.premises.engine) as statements:
        await house.receive_many(cases)
    own = [each for each in statements if "pg_snapshot_xmin" not in each]
    # Kept; whose turn it is; the registry's state, the turns in the queue; all that is written, in
    # whatever tables; the turn is over. And two looks whether anything is left.
    assert len(own) == 8, own


async def test_leases_are_fifteen_minutes(house: House) -> None:
    await house.receive()
    answer = await house.post(f"/queues/{OFFICE}/claims", house.officer(), limit=1)
    until = answer.json()["lease_until"]
    assert until.startswith((house.clock() + timedelta(minutes=15)).isoformat()[:19])


async def test_a_supervisor_takes_work_off_a_desk_and_a_colleague_does_not(house: House) -> None:
    number, handoff = await house.accepted()
    path = f"/handoffs/{handoff}/release"
    assert (await house.post(path, house.officer(number=2))).status_code == 409
    released = await house.post(path, house.supervisor())
    assert (released.status_code, released.json()["holder"]) == (200, None), released.text
    assert await claim_all(house, house.officer(number=2)) == [number]
