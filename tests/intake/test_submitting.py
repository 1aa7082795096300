"""Submitting at the window: a case, or every fault at once and nothing stored."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, select, text

from services.intake import events
from services.intake.models import CaseRow, MaterialRow, OriginalRow, PromiseRow, StepRow
from shared.audit.trail import AUDIT
from shared.identity import case_numbers, tracking_codes
from shared.messaging.envelope import unseal
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.intake.conftest import Tokens
from tests.intake.window import CASES, EXAMPLES, submission, submit


async def count(premises: Premises, table: Any) -> int:
    async with premises.sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


def codes(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]}


@pytest.mark.parametrize("mode", EXAMPLES)
async def test_each_example_is_taken_as_it_stands(
    client: httpx.AsyncClient, token: Tokens, mode: str
) -> None:
    checked = await client.post(f"{CASES}/check", json=EXAMPLES[mode], headers=token())
    assert checked.json() == {"complete": True, "faults": []}
    taken = await submit(client, token(), EXAMPLES[mode])
    assert case_numbers.is_valid(taken["case_number"])
    assert taken["case_number"].startswith("63000026")
    assert tracking_codes.is_valid(taken["tracking_code"])
    assert taken["status"] == "received"
    assert taken["item"] == {"code": EXAMPLES[mode]["item_code"], "version": 1}


async def test_the_original_that_is_handed_in_is_listed(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    taken = await submit(client, token())
    assert [each["material_code"] for each in taken["originals"]] == ["M3"]
    assert taken["receipt_url"].endswith(f"{taken['case_number']}/documents/receipt")


async def test_a_case_is_stored_with_its_papers_its_announcement_and_its_trail(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    taken = await submit(client, token())
    number = taken["case_number"]
    async with premises.sessions() as session:
        case = await session.get_one(CaseRow, number)
        assert (case.status, case.next_actor) == ("received", "handling")
        assert case.receiving_location == "630000-C1"
        announced = (await session.execute(OUTBOX.select().where(OUTBOX.c.subject == number))).one()
        audited = (await session.execute(AUDIT.select().where(AUDIT.c.case_number == number))).one()
        promised = (await session.scalars(select(PromiseRow))).one()
    assert await count(premises, MaterialRow) == 4
    assert await count(premises, OriginalRow) == 1
    assert await count(premises, StepRow) == 1
    assert (promised.kind, promised.material_code) == ("deferral", "M4")
    assert promised.due_on is not None
    assert (audited.action, audited.actor) == ("case-received", "clerk-630000-C1")
    received = unseal(
        announced.data, events.CaseReceived, id=announced.id, keys=premises.carried.keys
    )
    assert received.application["applicant"] == EXAMPLES["remote_collection"]["applicant"]
    assert received.deferral is not None
    assert received.deferral.due_on == promised.due_on


async def test_nothing_personal_is_stored_in_the_open(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    await submit(client, token())
    async with premises.sessions() as session:
        for table in ("case_file", "case_material", "outbox", "audit", "idempotency"):
            rows = (await session.execute(text(f"SELECT * FROM {table}"))).all()
            told = repr(rows)
            for secret in ("李示例", "620102199003078896", "13900000000", "示例路3号"):
                assert secret not in told, table


async def test_a_submission_takes_one_statement(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    await submit(client, token())
    statements: list[str] = []
    engine = premises.engine.sync_engine

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await submit(client, token())
    finally:
        event.remove(engine, "before_cursor_execute", note)
    # The key and its answer, the case with everything that belongs to it: one round trip, which is
    # its own transaction. And once a second whether catalogue or places have changed.
    kept = [each for each in statements if not each.lstrip().startswith("SELECT")]
    assert len(kept) == 1, kept
    assert len(statements) <= 4, statements


_ODD = {"content-type": "application/json; charset=utf-8"}


async def test_the_short_way_and_the_whole_way_are_one_and_the_same(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    """What is odd about a request makes it go the whole way; nobody can tell."""
    body = json.dumps(submission()).encode()
    answers = []
    for number, odd in enumerate(({"content-type": "application/json"}, _ODD)):
        headers = {**token(), **odd, "Idempotency-Key": f"which-way-{number}"}
        answers.append(await client.post("/intake/v1/cases", content=body, headers=headers))
    short, whole = answers
    assert short.status_code == whole.status_code == 201
    assert short.json().keys() == whole.json().keys()
    assert set(short.headers) == set(whole.headers)
    trails = [await _trail(premises, each.json()["case_number"]) for each in answers]
    assert trails[0] == trails[1]


async def test_a_key_of_the_short_way_holds_on_the_whole_way(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    body = json.dumps(submission()).encode()
    headers = {**token(), "Idempotency-Key": "one-key-two-ways"}
    short = await client.post(
        "/intake/v1/cases", content=body, headers={**headers, "content-type": "application/json"}
    )
    whole = await client.post("/intake/v1/cases", content=body, headers={**headers, **_ODD})
    assert short.json() == whole.json()
    assert await count(premises, CaseRow) == 1


async def _trail(premises: Premises, number: str) -> list[tuple[object, ...]]:
    async with premises.sessions() as session:
        rows = await session.execute(
            text(
                "SELECT actor, actor_role, action, outcome, facts::text FROM audit "
                "WHERE case_number = :number"
            ),
            {"number": number},
        )
        return [tuple(row) for row in rows]


@pytest.mark.timeout(240)
async def test_a_thousand_at_once_get_a_thousand_numbers(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    headers = token()
    taken = await asyncio.gather(*(submit(client, headers) for _ in range(1000)))
    numbers = {each["case_number"] for each in taken}
    assert len(numbers) == 1000
    assert len({each["tracking_code"] for each in taken}) == 1000
    assert await count(premises, CaseRow) == 1000


async def test_fifty_with_one_key_are_one_case(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    headers = token()
    taken = await asyncio.gather(*(submit(client, headers, key="one-key-1") for _ in range(50)))
    assert all(each == taken[0] for each in taken)
    assert await count(premises, CaseRow) == 1


async def test_another_key_is_another_case_and_another_body_with_the_same_key_is_refused(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    first = await submit(client, token(), key="the-key-1")
    second = await submit(client, token(), key="the-key-2")
    assert first["case_number"] != second["case_number"]
    headers = token() | {"Idempotency-Key": "the-key-1"}
    other = await client.post(CASES, json=submission("full_online"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_submission_without_a_key_is_refused(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    answer = await client.post(CASES, json=submission(), headers=token())
    assert answer.status_code == 422
    assert codes(answer) == {("/header/Idempotency-Key", "idempotency-key")}
    assert await count(premises, CaseRow) == 0


def _applicant(**changes: Any) -> dict[str, Any]:
    return {**EXAMPLES["remote_collection"]["applicant"], **changes}


BAD: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "unknown item": ({"item_code": "XX-999"}, ("/item_code", "unknown-item")),
    "not in this mode": ({"mode": "joint_handling"}, ("/mode", "mode-not-offered")),
    "wrong check digit": (
        {"applicant": _applicant(id_number="620102199003078897")},
        ("/applicant/id_number", "check-character"),
    ),
    "unknown division": (
        {"basis": {"household_registration": "999999"}},
        ("/basis/household_registration", "division-unknown"),
    ),
    "retired division": (
        {"basis": {"household_registration": "110103"}},
        ("/basis/household_registration", "division-retired"),
    ),
    "missing basis": ({"basis": {}}, ("/basis/household_registration", "basis-missing")),
    "missing main material": (
        {"materials": EXAMPLES["remote_collection"]["materials"][:3]},
        ("/materials", "main-material-missing"),
    ),
    "unknown field": ({"receiving_location": "1"}, ("/receiving_location", "unknown-field")),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_named_and_nothing_is_stored(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, name: str
) -> None:
    changes, fault = BAD[name]
    headers = token() | {"Idempotency-Key": "bad-input-1"}
    answer = await client.post(CASES, json=submission(**changes), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert fault in codes(answer)
    assert await count(premises, CaseRow) == 0
    assert await count(premises, OUTBOX) == len(premises_items())


def premises_items() -> list[str]:
    """What loading the catalogue announced."""
    from tests.intake.builders import items

    return list(items())


async def test_several_faults_are_said_at_once_by_check_and_submit_alike(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    bad = submission(
        basis={},
        materials=EXAMPLES["remote_collection"]["materials"][:3],
        applicant=_applicant(id_number="620102199003078897", phone="12"),
        surprise=1,
        channel="pigeon",
        delivery={"method": "post"},
    )
    headers = token() | {"Idempotency-Key": "several-1"}
    submitted = await client.post(CASES, json=bad, headers=headers)
    checked = await client.post(f"{CASES}/check", json=bad, headers=token())
    assert (submitted.status_code, checked.status_code) == (422, 200)
    assert checked.json()["complete"] is False
    assert checked.json()["faults"] == submitted.json()["faults"]
    pointers = {pointer for pointer, _ in codes(submitted)}
    assert {
        "/surprise",
        "/channel",
        "/applicant/id_number",
        "/applicant/phone",
        "/basis/household_registration",
        "/materials",
        "/delivery/address",
        "/delivery/recipient",
    } <= pointers


# One fault for each duty of the window, and none twice.
TEN = {
    ("/channel", "not-an-option"),
    ("/applicant/id_number", "check-character"),
    ("/applicant/phone", "length"),
    ("/representative/capacity", "capacity-unfit"),
    ("/basis/household_registration", "division-too-coarse"),
    ("/form/residence", "form-blank"),
    ("/materials/0/form", "material-form"),
    ("/materials", "main-material-missing"),
    ("/deferral/committed", "deferral-not-committed"),
    ("/delivery/postcode", "postcode"),
}


async def test_ten_different_faults_are_said_by_check_and_submit_alike(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    good = submission()
    bad = submission(
        channel="fax",
        applicant=_applicant(id_number="620102199003078897", phone="139"),
        representative={
            "kind": "person",
            "name": "王玉",
            "id_type": "resident_id",
            "id_number": "630104199003070012",
            "capacity": "legal_representative",
        },
        basis={"household_registration": "620100"},
        form=good["form"] | {"residence": ""},
        materials=[
            {"code": "M1", "form": "copy"},
            *(each for each in good["materials"] if each["code"] == "M3"),
        ],
        deferral={"committed": False, "materials": ["M4"]},
        delivery=good["delivery"] | {"postcode": "81000"},
    )
    headers = token() | {"Idempotency-Key": "ten-faults"}
    submitted = await client.post(CASES, json=bad, headers=headers)
    checked = await client.post(f"{CASES}/check", json=bad, headers=token())
    assert (submitted.status_code, checked.status_code) == (422, 200)
    assert checked.json()["complete"] is False
    assert checked.json()["faults"] == submitted.json()["faults"]
    assert codes(submitted) == TEN
    assert len(submitted.json()["faults"]) == len(TEN)
    assert await count(premises, CaseRow) == 0


async def test_a_failed_submission_leaves_its_key_free(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    headers = token() | {"Idempotency-Key": "again-and-again"}
    refused = await client.post(CASES, json=submission(basis={}), headers=headers)
    assert refused.status_code == 422
    assert (await client.post(CASES, json=submission(), headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("999999-C9", "receiving-location-unknown"),
        ("513201-CL", "receiving-location-kind"),
    ],
)
async def test_a_place_that_cannot_receive_is_named_with_all_else(
    client: httpx.AsyncClient, token: Tokens, location: str, code: str
) -> None:
    headers = token(location=location)
    answer = await client.post(f"{CASES}/check", json=submission(basis={}), headers=headers)
    found = {(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]}
    assert ("/receiving_location", code) in found
    assert ("/basis/household_registration", "basis-missing") in found


async def test_an_agent_collects_but_does_not_take_what_the_window_accepts_itself(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    headers = token(location="630103-P1")
    await submit(client, headers, submission("remote_collection"))
    refused = await client.post(
        f"{CASES}/check", json=submission("joint_handling"), headers=headers
    )
    assert {fault["code"] for fault in refused.json()["faults"]} == {"agent-place"}


async def test_malformed_json_is_400(client: httpx.AsyncClient, token: Tokens) -> None:
    headers = token() | {"Idempotency-Key": "malformed-1", "Content-Type": "application/json"}
    answer = await client.post(CASES, content=b'{"item_code": ', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"x"'])
async def test_json_that_is_no_object_is_a_fault(
    client: httpx.AsyncClient, token: Tokens, body: bytes
) -> None:
    headers = token() | {"Idempotency-Key": "no-object-1", "Content-Type": "application/json"}
    answer = await client.post(CASES, content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["faults"]


async def test_a_body_too_large_is_413(client: httpx.AsyncClient, token: Tokens) -> None:
    headers = token() | {"Idempotency-Key": "too-large-1"}
    answer = await client.post(CASES, json=submission(note="x" * 600_000), headers=headers)
    assert answer.status_code == 413


async def test_without_a_token_it_is_401_and_with_another_role_403(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    headers = {"Idempotency-Key": "no-token-1"}
    assert (await client.post(CASES, json=submission(), headers=headers)).status_code == 401
    for role in ("officer", "ops", "auditor", "dispatcher", "supervisor"):
        answer = await client.post(CASES, json=submission(), headers=token(role) | headers)
        assert answer.status_code == 403, role
    homeless = await client.post(CASES, json=submission(), headers=token(location=None) | headers)
    assert (homeless.status_code, homeless.json()["code"]) == (403, "no-location")
