"""While keys are rotated, people are found by what the old key made until what the new one makes is
ready beside it for all: nothing is missed by a search, by a code, or by what forbids a second
promise, and nothing that was written meanwhile is undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions.resealing import SEALED
from services.intake.models import CaseRow, PromiseRow
from shared.clock import utc_now
from shared.premises import Premises
from shared.security import resealing
from shared.security.keys import KNOWN_TO_ALL, Keyring, Purpose
from shared.security.resealing import count_stale, reseal_all
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


async def _names(premises: Premises) -> list[tuple[bytes | None, bytes | None]]:
    async with premises.sessions() as session:
        columns = select(CaseRow.name_index, CaseRow.name_index_next)
        return [(row[0], row[1]) for row in await session.execute(columns)]


async def test_who_has_not_read_the_new_ring_finds_every_row_until_all_are_ready(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    taken = [await submit(client, token()), await submit(client, token())]
    old = keys.blind("name", NAME)
    _rotate(keys)
    while await resealing._round(premises.sessions, SEALED):
        pass
    new = keys.blind("name", NAME)
    assert await _names(premises) == [(old, new)] * 2
    await _are_found(client, token(), taken)
    # Six columns of the two cases wait for the switch, and nothing else.
    assert await count_stale(premises.sessions, SEALED) == {
        "case_file.*_next": 2,
        "case_promise.*_next": 2,
    }
    await _reseal(premises)
    assert await _names(premises) == [(new, None)] * 2
    assert await count_stale(premises.sessions, SEALED) == {}
    await _are_found(client, token(), taken)


async def test_nothing_is_missed_when_some_rows_are_switched_and_others_not(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    taken = [await submit(client, token()) for _ in range(3)]
    old = keys.blind("name", NAME)
    _rotate(keys)
    while await resealing._round(premises.sessions, SEALED):
        pass
    new = keys.blind("name", NAME)
    held = select(CaseRow).where(CaseRow.case_number == taken[1]["case_number"])
    async with premises.sessions.begin() as session:
        await session.execute(held.with_for_update())
        assert await resealing._switch(premises.sessions, SEALED) > 0
        assert sorted(await _names(premises)) == sorted([(new, None), (old, new), (new, None)])
        await _are_found(client, token(), taken)
    await _reseal(premises)
    assert await _names(premises) == [(new, None)] * 3


async def test_what_is_corrected_meanwhile_is_not_undone(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    (number, other) = [(await submit(client, token()))["case_number"] for _ in range(2)]
    _rotate(keys)
    while await resealing._round(premises.sessions, SEALED):
        pass
    right = {"applicant": {"name": "李士例"}, "reason": "录入误写"}
    answer = await client.post(f"{CASES}/{number}/corrections", json=right, headers=token())
    assert answer.status_code == 201, answer.text
    async with premises.sessions() as session:
        case = await session.get_one(CaseRow, number)
    # Only what has changed is void: the number is still the same person's.
    assert case.name_index_next is None
    assert case.id_number_index_next is None
    assert case.tracking_index_next is not None
    await _reseal(premises)
    assert await _found(client, token(), name="李士例") == {number}
    assert await _found(client, token(), name=NAME) == {other}


async def test_a_correction_in_the_seconds_before_all_know_the_new_key_is_taken_to_it_too(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    """Sealed with the new key, which others look up when they meet it; found by the old one."""
    number = (await submit(client, token()))["case_number"]
    at = utc_now()
    for purpose in PURPOSES:
        keys.rotate(purpose)
    right = {"applicant": {"name": "李士例"}, "reason": "录入误写"}
    answer = await client.post(f"{CASES}/{number}/corrections", json=right, headers=token())
    assert answer.status_code == 201, answer.text
    await reseal_all(premises.sessions, SEALED, clock=utc_now, rotated_at=at, grace=KNOWN_TO_ALL)
    ((name, waiting),) = await _names(premises)
    assert name == keys.blind_with(keys.primary("index"), "name", "李士例")
    assert waiting is None


async def test_the_index_may_be_rotated_alone(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    taken = [await submit(client, token())]
    keys.rotate("index", clock=lambda: utc_now() - timedelta(minutes=1))
    assert await _reseal(premises) > 0
    assert await _names(premises) == [(keys.blind("name", NAME), None)]
    await _are_found(client, token(), taken)


class _KilledError(Exception):
    pass


class _Mortal:
    """Sessions of a process that is killed when it begins one transaction too many."""

    def __init__(self, premises: Premises, turns: int) -> None:
        self._premises = premises
        self._left = turns

    def __call__(self) -> AsyncSession:
        return self._premises.sessions()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._premises.sessions.begin() as session:
            yield session
            self._left -= 1
            if self._left < 0:
                raise _KilledError


async def test_whoever_is_killed_at_any_turn_goes_on_where_it_stood(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, keys: Keyring
) -> None:
    taken = [await submit(client, token()), await submit(client, token())]
    _rotate(keys)
    at = utc_now() - timedelta(minutes=1)
    seen, turns = set(), 0
    while True:
        mortal: Any = _Mortal(premises, turns)
        try:
            await reseal_all(mortal, SEALED, clock=utc_now, rotated_at=at, grace=KNOWN_TO_ALL)
        except _KilledError:
            turns += 1
            await _are_found(client, token(), taken)
            seen.add(tuple(await count_stale(premises.sessions, SEALED)))
        else:
            break
    # Each kind of work was cut off: sealing, and the switch of one table and of the other.
    assert any("case_file.application_sealed" in each for each in seen)
    assert ("case_file.*_next", "case_promise.*_next") in seen
    assert ("case_promise.*_next",) in seen
    assert turns > 15
    assert await count_stale(premises.sessions, SEALED) == {}
    assert await _names(premises) == [(keys.blind("name", NAME), None)] * 2
    await _are_found(client, token(), taken)


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
