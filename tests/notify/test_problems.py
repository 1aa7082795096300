"""The list of what a person must look at: by working days, for both ends, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from services.notify.models import DispatchRow
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import OFFICE, WINDOW, Post, Time

PATH = "/notify/v1/dispatches/problems"


async def posted(post: Post, count: int) -> None:
    for number in range(count):
        case = f"6300002600000{number:04}"
        await post.tell(town.case_received("post", number=case), subject=case)
        await post.tell(town.case_decided(case, form="paper"), subject=case)


async def listed(
    client: httpx.AsyncClient, headers: dict[str, str], **asked: Any
) -> dict[str, Any]:
    answer = await client.get(PATH, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def handed_over(
    client: httpx.AsyncClient, premises: Premises, headers: dict[str, str]
) -> str:
    async with premises.sessions() as session:
        dispatch_id = (await session.scalars(select(DispatchRow.id))).one()
    await client.post(
        f"/notify/v1/dispatches/{dispatch_id}/handover",
        json={"carrier": "EMS", "waybill": "EA473124829CN"},
        headers=headers,
    )
    return str(dispatch_id)


async def test_silence_is_counted_in_working_days(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens, time: Time
) -> None:
    headers = token("dispatcher", OFFICE)
    time.at = datetime(2026, 9, 30, 2, tzinfo=UTC)  # the day before the National Day holiday
    await posted(post, 1)
    await handed_over(client, premises, headers)
    time.at = datetime(2026, 10, 7, 2, tzinfo=UTC)
    assert (await listed(client, headers))["problems"] == []
    time.at = datetime(2026, 10, 13, 2, tzinfo=UTC)
    found = (await listed(client, headers))["problems"]
    assert [each["problems"] for each in found] == [["no_movement"]]


async def test_what_came_back_or_was_lost_is_listed_for_a_month(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens, time: Time
) -> None:
    headers = token("dispatcher", OFFICE)
    await posted(post, 1)
    dispatch_id = await handed_over(client, premises, headers)
    assert (await listed(client, headers))["problems"] == []
    await client.post(
        f"/notify/v1/dispatches/{dispatch_id}/report", json={"report": "lost"}, headers=headers
    )
    found = (await listed(client, headers))["problems"]
    assert [(each["dispatch"]["id"], each["problems"]) for each in found] == [
        (dispatch_id, ["lost"])
    ]
    assert (await listed(client, headers, kind="returned"))["problems"] == []
    time.at += timedelta(days=32)
    assert (await listed(client, headers))["problems"] == []


async def test_pages_hold_everything_once_and_only_what_one_may_see(
    post: Post, client: httpx.AsyncClient, token: Tokens, time: Time
) -> None:
    await posted(post, 5)
    time.at += timedelta(days=3)
    headers = token("dispatcher", OFFICE)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await listed(client, headers, limit=2, **({"after": after} if after else {}))
        assert all(each["problems"] == ["not_booked"] for each in page["problems"])
        seen += [each["dispatch"]["id"] for each in page["problems"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert (await listed(client, token("dispatcher", WINDOW)))["problems"] == []
    assert len((await listed(client, token("ops", None)))["problems"]) == 5
    assert (await client.get(PATH, headers=token("clerk", WINDOW))).status_code == 403
