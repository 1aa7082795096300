"""When a term runs out at the window: deferred papers, registered visits."""

import copy
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.intake import events, timers
from services.intake.models import PromiseRow
from services.routing import events as routing
from shared.chance import new_id
from shared.premises import Premises
from tests.intake.builders import catalogue
from tests.intake.conftest import AT, Tokens
from tests.intake.test_asking import PHOTO, told
from tests.intake.test_documents import decided
from tests.intake.test_following import assigned, of_handoff, read
from tests.intake.test_items import _import
from tests.intake.window import CASES, EXAMPLES, OtherHouse, submission, submit

# Fifteen working days from 7 September 2026: the Mid-Autumn and National Day holidays lie between.
DUE = date(2026, 9, 28)


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


async def pass_to(premises: Premises, day: date) -> None:
    await timers.expire_promises(premises.sessions, lambda: morning(day))()


async def promise(premises: Premises, number: str) -> PromiseRow:
    async with premises.sessions() as session:
        query = select(PromiseRow).where(PromiseRow.case_number == number)
        return (await session.scalars(query)).one()


async def with_terms(premises: Premises, **terms: str) -> None:
    raw = catalogue()
    old = next(item for item in raw["items"] if item["code"] == "CL-001")
    new = copy.deepcopy(old) | {"version": 2}
    new["deferral"] |= terms
    old["valid_to"], new["valid_from"] = "2026-08-31", "2026-09-01"
    await _import(premises, {"items": [old, new]})


async def test_nothing_follows_before_the_last_day_is_over(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    assert (await promise(premises, number)).due_on == DUE
    await pass_to(premises, DUE)
    assert (await promise(premises, number)).broken_at is None
    assert await told(premises, number, events.PromiseBroken) == []


@pytest.mark.parametrize("policy", ["deemed_withdrawn", "acceptance_revoked"])
async def test_what_the_item_says_follows_once_and_a_new_promise_is_barred_for_its_term(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, policy: str
) -> None:
    await with_terms(premises, expiry_policy=policy)
    number = (await submit(client, token()))["case_number"]
    after = DUE + timedelta(days=1)
    for _ in range(3):
        await pass_to(premises, after)
    (broken,) = await told(premises, number, events.PromiseBroken)
    assert (broken.follows, broken.materials, broken.due_on) == (policy, ("M4",), DUE)
    assert broken.barred_until == date(2027, 9, 29)
    case = await read(client, token(), number)
    assert case["promises"][0]["barred_until"] == "2027-09-29"
    assert case["steps"][-1]["what"] == "promise_broken"
    again = await client.post(f"{CASES}/check", json=submission(), headers=token())
    assert [fault["code"] for fault in again.json()["faults"]] == ["deferral-barred"]


async def test_a_pause_gives_the_same_term_once_more_and_then_the_file_is_returned(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    taken = await submit(client, token())
    number = taken["case_number"]
    await pass_to(premises, DUE + timedelta(days=1))
    last = (await promise(premises, number)).expires_on
    assert last is not None
    assert last > DUE + timedelta(days=15)
    (shown,) = (await read(client, token(), number))["promises"]
    assert (shown["follows"], shown["next_due_on"]) == ("paused", last.isoformat())
    asked = (await client.get(f"/intake/v1/progress/{taken['tracking_code']}")).json()["asked"]
    assert asked["until"] == last.isoformat()
    (told_once,) = await told(premises, number, events.PromiseBroken)
    assert told_once.next_due_on == last
    await pass_to(premises, last)
    await pass_to(premises, last + timedelta(days=1))
    await pass_to(premises, last + timedelta(days=90))
    follows = [each.follows for each in await told(premises, number, events.PromiseBroken)]
    assert follows == ["paused", "returned"]


async def test_a_paper_that_the_window_has_in_hand_came_in_time(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    """Though the office has not said so yet."""
    number = (await submit(client, token()))["case_number"]
    given = await client.post(f"{CASES}/{number}/supplements", json=PHOTO, headers=token())
    assert given.status_code == 202
    await pass_to(premises, DUE + timedelta(days=1))
    kept = await promise(premises, number)
    assert (kept.broken_at, kept.expires_on) == (None, None)
    assert await told(premises, number, events.PromiseBroken) == []


async def test_a_promise_kept_while_paused_ends_it_but_stays_broken(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, office: OtherHouse
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    await office.tell(assigned(number, handoff), subject=number, at=AT)
    await pass_to(premises, DUE + timedelta(days=1))
    asked = await client.post(f"{CASES}/{number}/supplements", json=PHOTO, headers=token())
    applied = routing.SupplementApplied(
        **of_handoff(number, handoff, "received"),
        supplement_id=UUID(asked.json()["request_id"]),
        at=AT,
    )
    await office.tell(applied, subject=number, at=AT)
    late = await promise(premises, number)
    assert late.kept_at is not None
    assert late.broken_at is not None
    await pass_to(premises, DUE + timedelta(days=90))
    assert len(await told(premises, number, events.PromiseBroken)) == 1


async def _granted(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, result: str = "granted"
) -> tuple[str, UUID]:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    await office.tell(
        assigned(number, handoff), decided(number, handoff, result), subject=number, at=AT
    )
    return number, handoff


async def test_what_is_over_or_denied_owes_nothing(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, office: OtherHouse
) -> None:
    closed = (await submit(client, token()))["case_number"]
    await office.tell(
        routing.CaseClosed(case_number=closed, outcome="cancelled", at=AT), subject=closed, at=AT
    )
    denied, _ = await _granted(client, token, office, "denied")
    await pass_to(premises, DUE + timedelta(days=1))
    for number in (closed, denied):
        assert await told(premises, number, events.PromiseBroken) == []
        assert (await promise(premises, number)).barred_until is None


@pytest.mark.parametrize(("said", "follows"), [("hold", "held"), ("revoke", "revoke")])
@pytest.mark.parametrize("late", ["stands", "lifts"])
async def test_a_granted_case_is_held_or_to_be_revoked_and_a_late_paper_does_what_the_item_says(
    client: httpx.AsyncClient,
    token: Tokens,
    premises: Premises,
    office: OtherHouse,
    said: str,
    follows: str,
    late: str,
) -> None:
    await with_terms(premises, once_decided=said, late_paper=late)
    number, handoff = await _granted(client, token, office)
    for _ in range(2):
        await pass_to(premises, DUE + timedelta(days=1))
    (broken,) = await told(premises, number, events.PromiseBroken)
    assert (broken.follows, broken.next_due_on) == (follows, None)
    (shown,) = (await read(client, token(), number))["promises"]
    assert (shown["follows"], shown["barred_until"]) == (follows, "2027-09-29")
    asked = await client.post(f"{CASES}/{number}/supplements", json=PHOTO, headers=token())
    applied = routing.SupplementApplied(
        **of_handoff(number, handoff, "decided"),
        supplement_id=UUID(asked.json()["request_id"]),
        at=AT,
    )
    await office.tell(applied, subject=number, at=AT)
    again = await client.post(f"{CASES}/check", json=submission(), headers=token())
    faults = [fault["code"] for fault in again.json()["faults"]]
    assert faults == ([] if late == "lifts" else ["deferral-barred"])
    (shown,) = (await read(client, token(), number))["promises"]
    assert shown["kept_at"] is not None
    assert shown["broken_at"] is not None


async def test_a_promise_of_a_registered_visit_begins_when_the_visit_is_completed(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    materials = EXAMPLES["remote_collection"]["materials"]
    partial = submission(materials=materials[:3], keep_incomplete=True)
    number = (await submit(client, token(), partial))["case_number"]
    assert (await promise(premises, number)).expires_on is None
    await client.post(
        f"{CASES}/{number}/supplements", json={"materials": materials[3:]}, headers=token()
    )
    assert (await promise(premises, number)).expires_on == DUE


async def test_a_registered_visit_lapses_when_nobody_completes_it_and_says_until_when(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    materials = EXAMPLES["remote_collection"]["materials"][:3]
    taken = await submit(client, token(), submission(materials=materials, keep_incomplete=True))
    number = taken["case_number"]
    case = await read(client, token(), number)
    assert case["asked_until"] == "2026-10-07"
    assert case["notices"][0]["supplement_due_on"] == "2026-10-07"
    asked = (await client.get(f"/intake/v1/progress/{taken['tracking_code']}")).json()["asked"]
    assert asked["until"] == "2026-10-07"
    for day, status in ((7, "received_incomplete"), (8, "closed")):
        await timers.close_unfinished(premises.sessions, partial(at_day, day))()
        case = await read(client, token(), number)
        assert case["status"] == status
    assert case["outcome"] == "lapsed"
    late: dict[str, Any] = {"materials": EXAMPLES["remote_collection"]["materials"][3:]}
    answer = await client.post(f"{CASES}/{number}/supplements", json=late, headers=token())
    assert answer.status_code == 409


def at_day(day: int) -> datetime:
    return datetime(2026, 10, day, 1, tzinfo=UTC)
