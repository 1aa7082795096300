"""Originals are taken only for a case that has a place to go."""

import io
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader

from services.intake import events
from services.routing import events as routing
from shared.chance import new_id
from shared.premises import Premises
from tests.intake.conftest import AT, Tokens
from tests.intake.test_asking import PHOTO, told
from tests.intake.test_following import assigned, read
from tests.intake.window import CASES, EXAMPLES, OtherHouse, submission, submit

_REASON = {"why": "nothing-found", "message_zh": "查无办理地", "message_en": "none"}


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


async def receipt(client: httpx.AsyncClient, headers: dict[str, str], number: str) -> str:
    answer = await client.get(f"{CASES}/{number}/documents/receipt", headers=headers)
    assert answer.status_code == 200, answer.text
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pages))


def nowhere(number: str) -> routing.CaseUnroutable:
    return routing.CaseUnroutable(case_number=number, reasons=[_REASON])


def given_back(number: str, originals: list[dict[str, Any]]) -> routing.OriginalsMoved:
    return routing.OriginalsMoved(
        case_number=number,
        parcel_number=None,
        at=AT,
        originals=[
            routing.OriginalMoved(
                original_id=UUID(each["original_id"]),
                label=f"TB{place}",
                material_code=each["material_code"],
                kind="material",
                act="give_back",
                holder_kind="applicant",
                holder=number,
            )
            for place, each in enumerate(originals)
        ],
    )


async def test_while_the_answer_is_on_its_way_the_originals_lie_on_the_counter(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    """The clerk has asked `preview`, which says the same; the applicant stands there."""
    taken = await submit(client, token())
    case = await read(client, token(), taken["case_number"])
    assert taken["originals"]
    assert {each["holder"] for each in case["originals"]} == {"location:630000-C1"}
    assert case["asked_of_window"] is None


async def test_without_a_place_the_window_gives_back_what_it_has_and_then_operations_are_next(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    taken = await submit(client, token())
    number = taken["case_number"]
    await office.tell(nowhere(number), subject=number, at=AT)
    case = await read(client, token(), number)
    assert (case["status"], case["next_actor"]) == ("unroutable", "receiving")
    assert "退还申请人" in case["asked_of_window"]
    to_do = await client.get(f"{CASES}?next_actor=receiving", headers=token())
    assert number in [each["case_number"] for each in to_do.json()["cases"]]
    await office.tell(given_back(number, taken["originals"]), subject=number, at=AT)
    case = await read(client, token(), number)
    assert (case["next_actor"], case["asked_of_window"]) == ("ops", None)
    await office.tell(assigned(number, new_id()), subject=number, at=AT)
    assert (await read(client, token(), number))["status"] == "assigned"


async def test_without_a_place_the_receipt_says_that_everything_was_given_back(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = (await submit(client, token()))["case_number"]
    assert "收存，随办件流转" in await receipt(client, token(), number)
    await office.tell(nowhere(number), subject=number, at=AT)
    after = await receipt(client, token(), number)
    assert "收存" not in after
    assert "核验后当场退还" in after


async def test_without_a_place_an_original_is_refused_with_words_to_read_out(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = (await submit(client, token()))["case_number"]
    path = f"{CASES}/{number}/supplements"
    await office.tell(nowhere(number), subject=number, at=AT)
    refused = await client.post(path, json=PHOTO, headers=token())
    assert refused.status_code == 422, refused.text
    (fault,) = refused.json()["faults"]
    assert (fault["pointer"], fault["code"]) == ("/materials/0/form", "original-without-place")
    assert "当场退还申请人" in fault["message_zh"]
    # Looked at and given back: that stays possible.
    seen = {"verifications": [{"of": "M3", "how": "original_seen"}]}
    shown = await client.post(f"{CASES}/{number}/verifications", json=seen, headers=token())
    assert shown.status_code == 201, shown.text
    assert (await read(client, token(), number))["verifications"][-1]["became"] == "shown"
    await office.tell(assigned(number, new_id()), subject=number, at=AT)
    taken = await client.post(path, json=PHOTO, headers=token())
    assert taken.status_code == 202, taken.text
    assert len(taken.json()["originals"]) == 1


async def test_a_visit_that_is_only_registered_leaves_every_original_with_the_applicant(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    """Nobody handles it yet, and it may lapse; what was shown stays once it is completed."""
    materials = EXAMPLES["remote_collection"]["materials"]
    brought = [each for each in materials if each["code"] != "M1"]
    seen = [{"of": "M3", "how": "original_seen"}]
    body = submission(materials=brought, verifications=seen, keep_incomplete=True)
    taken = await submit(client, token(), body)
    number = taken["case_number"]
    assert (taken["status"], taken["originals"]) == ("received_incomplete", [])
    case = await read(client, token(), number)
    assert case["originals"] == []
    assert case["verifications"][0]["became"] == "shown"
    assert "收存" not in await receipt(client, token(), number)
    rest = [each for each in materials if each["code"] == "M1"]
    done = await client.post(
        f"{CASES}/{number}/supplements", json={"materials": rest}, headers=token()
    )
    assert [each["material_code"] for each in done.json()["originals"]] == ["M3"]
    (received,) = await told(premises, number, events.CaseReceived)
    assert [each.material_code for each in received.originals] == ["M3"]
    assert "收存，随办件流转" in await receipt(client, token(), number)
