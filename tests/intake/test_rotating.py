"""While keys are rotated, half of what people are found by is made with the old key and half with
the new: nothing is missed by a search, by a code, or by what forbids a second promise."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from services.intake.actions.resealing import SEALED
from services.intake.models import CaseRow, PromiseRow
from shared.clock import utc_now
from shared.premises import Premises
from shared.security.keys import KNOWN_TO_ALL, Keyring, Purpose
from shared.security.resealing import reseal_all
from tests.intake.conftest import AT, Tokens
from tests.intake.window import CASES, submission, submit

NAME = submission()["applicant"]["name"]
PURPOSES: tuple[Purpose, ...] = ("fields", "index")


@pytest.fixture
def keys(premises: Premises) -> Keyring:
    return premises.carried.keys


def _rotate(keys: Keyring) -> None:
    """Long enough ago for every process to know it."""
    for purpose in PURPOSES:
        keys.rotate(purpose, clock=lambda: utc_now() - timedelta(minutes=1))


async def _reseal(premises: Premises) -> int:
    at = utc_now() - timedelta(minutes=1)
    return await reseal_all(
        premises.sessions, SEALED, clock=utc_now, rotated_at=at, grace=KNOWN_TO_ALL
    )


async def _found(client: httpx.AsyncClient, headers: dict[str, str], **by: str) -> set[str]:
    answer = await client.post(f"{CASES}/search", json=by, headers=headers)
    assert answer.status_code == 200, answer.text
    return {case["case_number"] for case in answer.json()["cases"]}


async def _are_found(
    client: httpx.AsyncClient, headers: dict[str, str], taken: list[dict[str, Any]]
) -> None:
    numbers = {each["case_number"] for each in taken}
    applicant = submission()["applicant"]
    for field in ("name", "id_number", "phone"):
        assert await _found(client, headers, **{field: applicant[field]}) == numbers
    for each in taken:
        public = await client.get(f"/intake/v1/progress/{each['tracking_code']}")
        assert public.status_code == 200


async def test_nothing_is_missed_before_during_and_after(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    taken = [await submit(client, token())]
    _rotate(keys)
    taken.append(await submit(client, token()))
    await _are_found(client, token(), taken)
    async with premises.sessions() as session:
        indexes = set(await session.scalars(select(CaseRow.name_index)))
    assert indexes == set(keys.blinds("name", NAME))
    assert len(indexes) == 2
    assert await _reseal(premises) > 0
    await _are_found(client, token(), taken)
    async with premises.sessions() as session:
        assert set(await session.scalars(select(CaseRow.name_index))) == {keys.blind("name", NAME)}


async def test_nothing_is_missed_while_a_row_is_being_made_anew(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    """As a search meets the re-sealing: the row is changed, and not yet committed."""
    taken = [await submit(client, token()), await submit(client, token())]
    _rotate(keys)
    async with premises.sessions.begin() as session:
        await session.execute(
            update(CaseRow)
            .where(CaseRow.case_number == taken[0]["case_number"])
            .values(name_index=keys.blind("name", NAME))
        )
        numbers = {each["case_number"] for each in taken}
        assert await _found(client, token(), name=NAME) == numbers
    assert await _found(client, token(), name=NAME) == numbers


@pytest.mark.parametrize("resealed", [False, True])
async def test_who_is_barred_stays_barred(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring, resealed: bool
) -> None:
    await submit(client, token())
    async with premises.sessions.begin() as session:
        await session.execute(
            update(PromiseRow).values(
                broken_at=AT,
                barred_until=AT.date().replace(year=2027),
                id_number_index=keys.blind("id_number", submission()["applicant"]["id_number"]),
            )
        )
    _rotate(keys)
    if resealed:
        await _reseal(premises)
    answer = await client.post(
        CASES, json=submission(), headers=token() | {"Idempotency-Key": "a-key-of-its-own"}
    )
    assert [fault["code"] for fault in answer.json()["faults"]] == ["deferral-barred"]


async def test_one_code_is_given_once_whatever_key_made_its_index(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    """Two indexes of one code differ while keys are rotated; the code itself leads to one case."""
    taken = await submit(client, token())
    _rotate(keys)
    await _reseal(premises)
    async with premises.sessions() as session:
        row = (await session.execute(text("SELECT tracking_index FROM case_file"))).one()
    assert row.tracking_index == keys.blind(
        "tracking_code", taken["tracking_code"].replace("-", "")
    )
