"""What the window notes of a case: errors put right with a trace, verification, payments."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from services.intake import events
from services.intake.api.examples import CORRECTIONS
from services.intake.models import CaseRow, CorrectionRow, VerificationRow
from services.routing import events as routing
from shared.audit.trail import AUDIT
from shared.chance import new_id
from shared.premises import Premises
from tests.intake.builders import catalogue
from tests.intake.conftest import AT, Tokens
from tests.intake.test_asking import told
from tests.intake.test_following import assigned, of_handoff, read
from tests.intake.test_items import _import
from tests.intake.window import CASES, EXAMPLES, OtherHouse, submission, submit

RIGHT = {"applicant": {"name": "李士例", "id_number": "630104199003070012"}, "reason": "录入误写"}


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


def url(number: str, what: str) -> str:
    return f"{CASES}/{number}/{what}"


async def search(client: httpx.AsyncClient, headers: dict[str, str], **sought: Any) -> list[str]:
    answer = await client.post(f"{CASES}/search", json=sought, headers=headers)
    return [each["case_number"] for each in answer.json()["cases"]]


async def test_a_clerical_error_is_put_right_and_what_stood_there_is_kept_sealed(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    answer = await client.post(url(number, "corrections"), json=RIGHT, headers=token())
    assert answer.status_code == 201, answer.text
    assert answer.json()["fields"] == ["/applicant/name", "/applicant/id_number"]
    case = await read(client, token(), number)
    (trace,) = case["corrections"]
    assert (trace["corrected_by"], trace["reason"]) == ("clerk-630000-C1", None)
    assert case["steps"][-1]["what"] == "corrected"
    look = {"unmask": "true", "purpose": "核对更正"}
    opened = (await client.get(f"{CASES}/{number}", params=look, headers=token())).json()
    assert opened["application"]["applicant"]["name"] == "李士例"
    assert opened["corrections"][0]["before"]["/applicant/name"] == "李示例"
    assert opened["corrections"][0]["after"]["/applicant/name"] == "李士例"
    assert opened["corrections"][0]["reason"] == "录入误写"
    async with premises.sessions() as session:
        row = (await session.scalars(select(CorrectionRow))).one()
        audited = (
            await session.execute(AUDIT.select().where(AUDIT.c.action == "case-corrected"))
        ).one()
    assert "李".encode() not in row.said_sealed
    assert audited.facts["fields"] == ["/applicant/name", "/applicant/id_number"]


async def test_a_corrected_person_is_found_by_what_is_right_and_no_longer_by_what_was_wrong(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    await client.post(url(number, "corrections"), json=RIGHT, headers=token())
    assert await search(client, token(), name="李士例") == [number]
    assert await search(client, token(), id_number="630104199003070012") == [number]
    assert await search(client, token(), name="李示例") == []


async def test_the_other_houses_are_told_the_parts_as_they_are_now(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    body = {"delivery": {"address": "青海省西宁市城西区示例路9号"}, "reason": "门牌误写"}
    await client.post(url(number, "corrections"), json=body, headers=token())
    (amended,) = await told(premises, number, events.ApplicationAmended)
    assert (amended.cause, amended.fields) == ("correction", ("/delivery/address",))
    assert amended.application["delivery"]["address"].endswith("9号")
    assert "materials" not in amended.application


BAD: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"applicant": {"name": "李士例"}}, {("/reason", "correction-reason")}),
    ({"reason": "x"}, {("", "correction-empty")}),
    ({"applicant": {"name": "李示例"}, "reason": "x"}, {("", "correction-empty")}),
    (
        {"mode": "full_online", "basis": {}, "applicant": {"kind": "organisation"}, "reason": "x"},
        {
            ("/mode", "correction-unfit"),
            ("/basis", "correction-unfit"),
            ("/applicant/kind", "correction-unfit"),
        },
    ),
    (
        {
            "applicant": {"id_number": "620102199003078890", "phone": "139"},
            "form": {"disability_grade": 9},
            "representative": {"name": "王玉"},
            "delivery": [],
            "reason": "x",
        },
        {
            ("/applicant/id_number", "check-character"),
            ("/applicant/phone", "length"),
            ("/form/disability_grade", "form-maximum"),
            ("/representative", "correction-absent"),
            ("/delivery", "correction-part"),
        },
    ),
    ({"delivery": {"postcode": None}, "reason": "x"}, {("/delivery/postcode", "postcode-missing")}),
]


@pytest.mark.parametrize(("body", "faults"), BAD)
async def test_everything_wrong_with_a_correction_is_said_at_once_and_nothing_changes(
    client: httpx.AsyncClient,
    token: Tokens,
    premises: Premises,
    body: dict[str, Any],
    faults: set[tuple[str, str]],
) -> None:
    number = (await submit(client, token()))["case_number"]
    answer = await client.post(url(number, "corrections"), json=body, headers=token())
    assert answer.status_code == 422
    found = {(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]}
    assert faults <= found
    async with premises.sessions() as session:
        assert (await session.get_one(CaseRow, number)).version == 1


async def test_after_acceptance_nothing_is_a_clerical_error_any_more(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    accepted = routing.HandoffAccepted(
        **of_handoff(number, handoff, "accepted"),
        accepted_at=AT,
        due_on=None,
        due_provisional=False,
        deemed=False,
        by_location="620102-CL",
    )
    await office.tell(assigned(number, handoff), accepted, subject=number, at=AT)
    answer = await client.post(url(number, "corrections"), json=RIGHT, headers=token())
    assert (answer.status_code, answer.json()["code"]) == (409, "case-act-not-allowed")


async def test_each_example_of_a_correction_works_on_the_example_case(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    for example in CORRECTIONS.values():
        answer = await client.post(
            url(number, "corrections"), json=example["value"], headers=token()
        )
        assert answer.status_code == 201, answer.text


CHECKS = [
    {"of": "applicant", "how": "card_reader"},
    {"of": "M1", "how": "original_seen"},
    {"of": "M3", "how": "original_seen"},
]


async def test_identity_and_originals_verified_on_taking_are_kept_with_who_when_and_how(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    taken = await submit(client, token(), submission(verifications=CHECKS))
    case = await read(client, token(), taken["case_number"])
    seen = {each["of"]: each for each in case["verifications"]}
    assert {of: (each["how"], each["became"]) for of, each in seen.items()} == {
        "applicant": ("card_reader", None),
        # Shown and given back; handed in and travelling.
        "M1": ("original_seen", "shown"),
        "M3": ("original_seen", "handed_in"),
    }
    assert {each["verified_by"] for each in seen.values()} == {"clerk-630000-C1"}
    assert {each["location"] for each in seen.values()} == {"630000-C1"}
    assert case["unverified"] == ["M2"]
    (received,) = await told(premises, taken["case_number"], events.CaseReceived)
    assert received.application["verifications"] == CHECKS


async def test_what_was_not_said_on_taking_can_be_noted_afterwards_and_is_told(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    assert (await read(client, token(), number))["unverified"] == ["applicant", "M1", "M2", "M3"]
    noted = await client.post(
        url(number, "verifications"), json={"verifications": CHECKS}, headers=token()
    )
    assert noted.status_code == 201, noted.text
    assert len(noted.json()["verifications"]) == 3
    case = await read(client, token(), number)
    assert case["unverified"] == ["M2"]
    (amended,) = await told(premises, number, events.ApplicationAmended)
    assert amended.cause == "verification"
    assert amended.application["verifications"] == CHECKS
    async with premises.sessions() as session:
        assert len((await session.scalars(select(VerificationRow))).all()) == 3


async def test_what_was_not_at_the_counter_cannot_have_been_verified(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    bad = [
        {"of": "representative", "how": "face"},
        {"of": "M9", "how": "original_seen"},
        {"of": "M1", "how": "original_seen"},
        {"of": "M1", "how": "video"},
        {"of": "M2", "how": "by_smell"},
    ]
    wanted = {
        ("/verifications/0/of", "verification-nobody"),
        ("/verifications/1/of", "verification-astray"),
        ("/verifications/3/of", "verification-repeated"),
        ("/verifications/4/how", "not-an-option"),
    }
    checked = await client.post(
        f"{CASES}/check", json=submission(verifications=bad), headers=token()
    )
    found = {(fault["pointer"], fault["code"]) for fault in checked.json()["faults"]}
    assert found == wanted
    number = (await submit(client, token()))["case_number"]
    later = await client.post(
        url(number, "verifications"), json={"verifications": bad[:4]}, headers=token()
    )
    found = {(fault["pointer"], fault["code"]) for fault in later.json()["faults"]}
    assert found == wanted - {("/verifications/4/how", "not-an-option")}


async def test_online_nobody_stands_at_a_counter(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token(), EXAMPLES["full_online"]))["case_number"]
    assert (await read(client, token(), number))["unverified"] == []


async def charging(premises: Premises) -> None:
    """From now on the card costs forty yuan, due on receipt."""
    raw = catalogue()
    old = next(item for item in raw["items"] if item["code"] == "CL-001")
    new = old | {"version": 2, "fee": {"amount": "40.00", "due": "on_receipt"}}
    old["valid_to"], new["valid_from"] = "2026-08-31", "2026-09-01"
    await _import(premises, {"items": [old, new]})


async def test_a_payment_is_noted_once_and_shown_with_what_is_still_due(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    await charging(premises)
    number = (await submit(client, token()))["case_number"]
    paid = {"bill_number": "63-1", "amount": "30.00", "way": "online", "payer": "王玉"}
    answer = await client.post(url(number, "payments"), json=paid, headers=token())
    assert answer.status_code == 201, answer.text
    case = await read(client, token(), number)
    assert Decimal(case["fee"]["outstanding"]) == Decimal("10.00")
    assert case["payments"][0]["noted_by"] == "clerk-630000-C1"
    again = await client.post(url(number, "payments"), json=paid, headers=token())
    assert (again.status_code, again.json()["code"]) == (409, "bill-noted")
    more = paid | {"bill_number": " ", "amount": "10.001", "paid_at": "2031-01-01T00:00:00Z"}
    bad = await client.post(url(number, "payments"), json=more, headers=token())
    assert {fault["code"] for fault in bad.json()["faults"]} == {
        "bill-number",
        "payment-amount",
        "payment-when",
    }
    over = paid | {"bill_number": "63-2", "amount": "10.01"}
    much = await client.post(url(number, "payments"), json=over, headers=token())
    assert [fault["code"] for fault in much.json()["faults"]] == ["payment-too-much"]
    async with premises.sessions() as session:
        sealed = await session.scalar(text("SELECT payer_sealed FROM case_payment"))
    assert "王玉".encode() not in bytes(sealed)


async def test_an_item_that_charges_nothing_takes_no_payment(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    paid = {"bill_number": "63-1", "amount": "30.00", "way": "cash"}
    answer = await client.post(url(number, "payments"), json=paid, headers=token())
    assert [fault["code"] for fault in answer.json()["faults"]] == ["payment-unneeded"]
    assert (await read(client, token(), number))["fee"] is None


async def test_a_search_by_name_is_narrowed_by_status_light_and_date(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    assert await search(client, token(), name="李示例", status=["received"]) == [number]
    assert await search(client, token(), name="李示例", status=["noticed"]) == []
    assert await search(client, token(), name="李示例", light=["red"]) == []
    assert await search(client, token(), name="李示例", received_from="2026-09-07") == [number]
    assert await search(client, token(), name="李示例", received_to="2026-09-06") == []


@pytest.mark.parametrize("what", ["corrections", "verifications", "payments"])
async def test_a_foreign_window_notes_nothing_and_a_stale_reader_neither(
    client: httpx.AsyncClient, token: Tokens, what: str
) -> None:
    number = (await submit(client, token()))["case_number"]
    body = {
        "corrections": RIGHT,
        "verifications": {"verifications": CHECKS},
        "payments": {"bill_number": "63-1", "amount": "1", "way": "cash"},
    }[what]
    foreign = token(location="630104-C1")
    answer = await client.post(url(number, what), json=body, headers=foreign)
    assert answer.status_code == 404
    stale = await client.post(url(number, what), json=body, headers=token() | {"If-Match": '"9"'})
    assert stale.status_code == 412
