"""What a partner's window hands in: cases and files, fetched, compared, taken by our own door."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text

from services.intake import app as intake
from services.intake.actions import handed_in
from services.intake.actions.handed_in import Door, Instructions, Worker
from services.intake.models import CaseRow, ContentRow, HandedInRow
from shared.http.inner import Answer, InnerDoor, Visit
from shared.premises import Premises
from tests.intake.conftest import AT, Tokens
from tests.intake.window import CASES, submission
from tests.there import ACCESS, PDF, There

PARTNER, WINDOW = "P-620000", "630000-C1"


@dataclass
class Counter:
    """Where what was handed in is worked off."""

    premises: Premises
    there: There
    door: InnerDoor

    def worker(self, door: Door | None = None) -> Worker:
        clock = self.premises.clock
        return Worker(
            self.premises.sessions,
            door or self.door.visit,
            self.there.line(clock),
            clock,
            missing_for=timedelta(days=3),
        )

    async def keep(
        self,
        kind: str,
        content: dict[str, str],
        number: str | None = None,
        *,
        partner: str = PARTNER,
        joint: str = "J62000026000000011",
    ) -> str:
        id_ = str(uuid4())
        told = Instructions(
            partner=partner,
            webhook_id=id_,
            kind=kind,
            joint_number=joint,
            their_number="62000026000000011",
            case_number=number,
            location=WINDOW,
            content=content,
            actor={"id": "zhao", "name": "赵窗口"},
            access=ACCESS,
            at=AT - timedelta(hours=1),
        )
        async with self.premises.sessions.begin() as session:
            await handed_in.keep(session, told, at=AT)
        return id_

    async def case(self, **said: Any) -> str:
        whole = {"submission": submission("full_online"), **said}
        content = self.there.content("case", whole)
        id_ = await self.keep("case.submitted", content)
        assert await take(self.worker())
        number = (await self.row(id_)).case_number
        assert number is not None
        return number

    async def file(self, number: str, material: str = "M1", **said: Any) -> str:
        """A material's file told of; not fetched yet."""
        file = self.there.file("file", **said)
        content = self.there.content("told", {"material_code": material, "file": file})
        return await self.keep("case.file", content, number)

    async def row(self, id_: str) -> HandedInRow:
        async with self.premises.sessions() as session:
            return await session.get_one(HandedInRow, (PARTNER, id_))

    async def contents(self, number: str) -> Sequence[ContentRow]:
        async with self.premises.sessions() as session:
            query = select(ContentRow).where(ContentRow.case_number == number)
            return (await session.scalars(query)).all()

    async def faults(self, id_: str) -> list[str]:
        """Why it was rejected, as routing is told."""
        async with self.premises.sessions() as session:
            rows = await session.execute(
                text("SELECT data FROM outbox WHERE type = 'intake.handing-in-settled.v1'")
            )
            told = next(row.data for row in rows if row.data["webhook_id"] == id_)
        return [each["code"] for each in told["faults"]]


async def take(worker: Worker) -> bool:
    """Whichever is due, a case or a file."""
    return await handed_in.take_next(worker, files=False) or await handed_in.take_next(
        worker, files=True
    )


@pytest.fixture
def counter(premises: Premises) -> Counter:
    door = InnerDoor(lambda passes: intake.create_app(replace(premises, verifier=passes)))
    return Counter(premises, There(), door)


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "files").rglob("*") if path.is_file()]


async def test_a_file_that_is_handed_in_is_fetched_compared_and_sealed(
    counter: Counter, client: httpx.AsyncClient, token: Tokens, tmp_path: Path
) -> None:
    number = await counter.case()
    id_ = await counter.file(number)
    assert await take(counter.worker())
    row = await counter.row(id_)
    assert (row.outcome, row.case_number) == ("applied", number)
    got = await client.get(f"{CASES}/{number}/materials/M1/content", headers=token())
    assert got.content == PDF
    (sealed,) = stored(tmp_path)
    assert b"0123456789abcdef" not in sealed
    (content,) = await counter.contents(number)
    assert content.stored_by == f"{PARTNER}:zhao"


async def test_a_line_that_breaks_is_taken_up_where_it_broke(counter: Counter) -> None:
    number = await counter.case()
    id_ = await counter.file(number)
    counter.there.breaks = [130_000, 65_536]
    assert await take(counter.worker())
    assert (await counter.row(id_)).outcome == "applied"
    assert counter.there.fetched("file") == [None, "bytes=131072-", "bytes=196608-"]
    (content,) = await counter.contents(number)
    assert content.size == len(PDF)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"digest": "sha-256:" + 64 * "0"}, "digest-mismatch"),
        ({"size": len(PDF) - 100_000}, "content-refused"),
        ({"media_type": "image/png"}, "file-type-mismatch"),
        ({"path": "//elsewhere"}, "bad-format"),
    ],
)
async def test_a_file_that_is_not_what_was_said_is_rejected_and_nothing_of_it_kept(
    counter: Counter, tmp_path: Path, said: dict[str, Any], fault: str
) -> None:
    number = await counter.case()
    id_ = await counter.file(number, **said)
    assert await take(counter.worker())
    assert (await counter.row(id_)).outcome == "rejected"
    assert await counter.faults(id_) == [fault]
    assert await counter.contents(number) == []
    assert stored(tmp_path) == []


async def test_a_file_for_a_material_that_the_item_has_not_is_rejected(counter: Counter) -> None:
    number = await counter.case()
    id_ = await counter.file(number, "M99")
    assert await take(counter.worker())
    assert await counter.faults(id_) == ["material-unknown"]


async def test_a_file_that_is_out_of_reach_is_waited_for_with_what_follows(
    counter: Counter,
) -> None:
    number = await counter.case()
    id_ = await counter.file(number)
    counter.there.breaks = [0]
    assert await take(counter.worker())
    row = await counter.row(id_)
    assert (row.outcome, row.last_error) == (None, "ReadError")
    assert await counter.contents(number) == []
    # What was told of the same case after it does not pass it by.
    assert not await take(counter.worker())


async def test_what_is_said_not_to_be_there_is_awaited_for_its_term_and_then_rejected(
    counter: Counter,
) -> None:
    """And what follows of the same case has its turn."""
    number = await counter.case()
    id_ = await counter.file(number)
    after = await counter.keep(
        "case.withdrawn", counter.there.content("end", {"reason": "不再需要"}), number
    )
    at = [AT]
    worker = replace(counter.worker(), clock=lambda: at[0])
    for days, status in ((0, 404), (1, 503), (2, 410)):
        at[0] = AT + timedelta(days=days)
        counter.there.statuses = [status]
        assert await take(worker)
        assert (await counter.row(id_)).outcome is None
        assert not await take(worker)
    at[0] = AT + timedelta(days=3)
    counter.there.statuses = [404]
    assert await take(worker)
    assert (await counter.row(id_)).outcome == "rejected"
    assert await counter.faults(id_) == ["content-missing"]
    assert await take(worker)
    assert (await counter.row(after)).outcome == "applied"


async def test_who_is_away_is_awaited_beyond_any_term(counter: Counter) -> None:
    number = await counter.case()
    id_ = await counter.file(number)
    at = [AT]
    worker = replace(counter.worker(), clock=lambda: at[0])
    for _ in range(3):
        counter.there.statuses = [503]
        assert await take(worker)
        at[0] += timedelta(days=10)
    assert (await counter.row(id_)).outcome is None
    assert await take(worker)
    assert (await counter.row(id_)).outcome == "applied"


async def test_whoever_dies_with_the_file_stored_leaves_it_to_be_told_once(
    counter: Counter, premises: Premises
) -> None:
    number = await counter.case()
    id_ = await counter.file(number)

    async def dies_after(visit: Visit) -> Answer:
        await counter.door.visit(visit)
        raise ConnectionError("power cut")

    with pytest.raises(ConnectionError):
        await take(counter.worker(dies_after))
    async with premises.sessions.begin() as session:
        row = await session.get_one(HandedInRow, (PARTNER, id_))
        assert row.settled_at is None
        row.next_attempt_at = AT
    assert await take(counter.worker())
    assert (await counter.row(id_)).outcome == "applied"
    assert len(await counter.contents(number)) == 1
    assert len(counter.there.fetched("file")) == 1


async def test_the_lease_is_renewed_while_a_long_file_comes(counter: Counter) -> None:
    """Nobody else begins with it meanwhile."""
    number = await counter.case()
    id_ = await counter.file(number)
    at, leases = [AT], []
    worker = replace(counter.worker(), clock=lambda: at[0])

    def passes() -> None:
        at[0] = at[0].replace(minute=at[0].minute + 1)

    async def watched(visit: Visit) -> Answer:
        answer = await counter.door.visit(visit)
        leases.append((await counter.row(id_)).next_attempt_at)
        return answer

    counter.there.while_sending = passes
    await take(replace(worker, door=watched))
    assert len(PDF) // 65536 >= 4
    assert leases[0] is not None
    assert leases[0] > at[0]


async def test_a_case_counts_from_the_day_on_which_their_window_took_it(
    counter: Counter, premises: Premises
) -> None:
    friday = AT - timedelta(days=3)
    number = await counter.case(received_at=friday.isoformat())
    async with premises.sessions() as session:
        case = await session.get_one(CaseRow, number)
        assert (case.received_at, case.changed_at) == (friday, AT)
        noted = (
            await session.execute(
                text("SELECT at, facts FROM audit WHERE action = 'case-received'")
            )
        ).one()
    assert (noted.at, noted.facts["received_at"]) == (AT, friday.isoformat())


async def test_what_their_window_puts_right_is_put_right_here(
    counter: Counter, client: httpx.AsyncClient, token: Tokens
) -> None:
    number = await counter.case()
    body = {"applicant": {"phone": "13900000009"}, "reason": "录入时误写"}
    id_ = await counter.keep("case.corrected", counter.there.content("c", body), number)
    assert await take(counter.worker())
    assert (await counter.row(id_)).outcome == "applied", await counter.faults(id_)
    seen = (await client.get(f"{CASES}/{number}", headers=token())).json()
    assert seen["application"]["applicant"]["phone"].endswith("0009")


async def test_a_supplement_and_a_withdrawal_of_theirs_are_passed_on_with_their_days(
    counter: Counter, premises: Premises
) -> None:
    number = await counter.case(received_at=(AT - timedelta(days=1)).isoformat())
    given = {"materials": [{"code": "M2", "form": "electronic", "count": 1}]}
    await counter.keep("case.supplemented", counter.there.content("s", given), number)
    await counter.keep("case.withdrawn", counter.there.content("w", {"reason": "示例"}), number)
    while await take(counter.worker()):
        pass
    async with premises.sessions() as session:
        rows = await session.execute(
            text("SELECT type, data FROM outbox WHERE subject = :n ORDER BY sequence"),
            {"n": number},
        )
        told = {row.type: row.data for row in rows}
    on = (AT - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert told["intake.supplement-given.v1"]["given_at"] == on
    assert told["intake.withdrawal-requested.v1"]["at"] == on


async def test_a_case_with_faults_is_rejected_with_all_of_them(counter: Counter) -> None:
    wrong = submission("full_online", basis={}, materials=[])
    id_ = await counter.keep("case.submitted", counter.there.content("case", {"submission": wrong}))
    assert await take(counter.worker())
    assert (await counter.row(id_)).outcome == "rejected"
    assert len(await counter.faults(id_)) > 1


async def test_one_partners_slow_line_holds_up_no_other_and_one_of_its_own_files_only(
    counter: Counter,
) -> None:
    number = await counter.case()
    content = counter.there.content(
        "told", {"material_code": "M1", "file": counter.there.file("file")}
    )
    await counter.keep("case.file", content, number)
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(visit: Visit) -> Answer:
        begun.set()
        await goes_on.wait()
        return await counter.door.visit(visit)

    coming = asyncio.create_task(handed_in.take_next(counter.worker(slow), files=True))
    await begun.wait()
    await counter.keep("case.file", content, number, joint="J62000026000000029")
    assert not await handed_in.take_next(counter.worker(), files=True)
    await counter.keep("case.file", content, number, partner="P-510000")
    assert await handed_in.take_next(counter.worker(), files=True)
    goes_on.set()
    assert await coming
    assert await handed_in.take_next(counter.worker(), files=True)
    assert len(await counter.contents(number)) == 1
