"""Who owes a deferred paper is reminded before the day and on it, until it is there."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from services.intake.events import Promise
from services.notify import timers
from services.notify.domain.promises import PromiseTerms, reminders
from services.notify.models import MessageRow
from services.notify.queries import seals
from shared.premises import Premises
from shared.workdays.calendar import Workdays
from tests.notify import town
from tests.notify.town import Post, Time

OWED = Promise(materials=("M1",), due_on=date(2026, 9, 18))  # a Friday


async def told(premises: Premises) -> list[str]:
    async with premises.sessions() as session:
        rows = await session.scalars(
            select(MessageRow.source).where(MessageRow.event == "promise_due")
        )
        return sorted(rows)


async def texts(premises: Premises) -> list[str]:
    async with premises.sessions() as session:
        rows = await session.scalars(select(MessageRow).where(MessageRow.event == "promise_broken"))
        opened = [seals.open_content(premises.carried.keys, row.id, row.content) for row in rows]
        return [each.text for each in opened]


async def on(day: int, premises: Premises, time: Time) -> list[str]:
    time.at = datetime(2026, 9, day, 1, tzinfo=UTC)
    work = timers.remind_of_promises(premises.sessions, time)
    while await work():
        pass
    return await told(premises)


async def test_three_working_days_before_and_on_the_day(
    post: Post, premises: Premises, time: Time
) -> None:
    await post.tell(town.case_received(deferral=OWED))
    assert await on(14, premises, time) == []
    assert await on(15, premises, time) == ["2026-09-18:1"]
    assert await on(15, premises, time) == ["2026-09-18:1"]
    assert await on(18, premises, time) == ["2026-09-18:1", "2026-09-18:2"]
    assert await on(30, premises, time) == ["2026-09-18:1", "2026-09-18:2"]


@pytest.mark.parametrize("ends", ["supplement", "late supplement", "closed"])
async def test_who_owes_nothing_any_more_is_not_reminded(
    post: Post, premises: Premises, time: Time, ends: str
) -> None:
    await post.tell(town.case_received(deferral=OWED))
    if ends == "closed":
        await post.tell(town.case_closed())
    else:
        if ends == "late supplement":
            await post.tell(town.case_decided())
        await post.tell(town.supplement_given("M1"))
    assert await on(18, premises, time) == []


async def test_who_has_a_second_term_is_told_and_reminded_of_its_end(
    post: Post, premises: Premises, time: Time
) -> None:
    await post.tell(town.case_received(deferral=OWED))
    await on(18, premises, time)
    await post.tell(town.promise_broken("M1", follows="paused", next_due_on=date(2026, 9, 25)))
    assert (await on(21, premises, time))[2:] == []
    assert (await on(22, premises, time))[2:] == ["2026-09-25:1"]
    assert (await on(25, premises, time))[2:] == ["2026-09-25:1", "2026-09-25:2"]
    (text,) = await texts(premises)
    assert "请于9月25日前补交" in text


@pytest.mark.parametrize(
    ("follows", "says"),
    [("held", "暂不送达"), ("revoke", "是否撤销决定"), ("returned", None)],
)
async def test_what_follows_is_told_once_and_an_end_is_told_as_such(
    post: Post, premises: Premises, time: Time, follows: str, says: str | None
) -> None:
    await post.tell(town.case_received(deferral=OWED))
    await on(18, premises, time)
    await post.tell(town.promise_broken("M1", follows=follows))
    found = await texts(premises)
    assert len(found) == (1 if says else 0)
    assert all(says is not None and says in text for text in found)
    assert (await on(30, premises, time))[2:] == []


def test_days_are_counted_over_holidays() -> None:
    found = reminders(date(2026, 10, 9), PromiseTerms(), Workdays.national())
    assert found[-1] == date(2026, 10, 9)
    assert found[0] < date(2026, 10, 1)


def test_a_reminder_after_the_day_is_no_reminder() -> None:
    with pytest.raises(ValueError, match="before the day"):
        PromiseTerms((3, -1))
