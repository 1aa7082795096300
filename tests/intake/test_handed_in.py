"""What a partner's window hands in: cases and files, fetched, compared, taken by our own door."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text

from services.intake import app as intake
from services.intake.actions import handed_in
from services.intake.actions.handed_in import Door, Instructions, Worker
from services.intake.models import ContentRow, HandedInRow
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
            self.premises.sessions, door or self.door.visit, self.there.line(clock), clock
        )

    async def keep(self, kind: str, content: dict[str, str], number: str | None = None) -> str:
        id_ = str(uuid4())
        told = Instructions(
            partner=PARTNER,
            webhook_id=id_,
            kind=kind,
            joint_number="J62000026000000011",
            their_number="62000026000000011",
            case_number=number,
            location=WINDOW,
            content=content,
            actor={"id": "zhao", "name": "赵窗口"},
            access=ACCESS,
        )
        async with self.premises.sessions.begin() as session:
            await handed_in.keep(session, told, at=AT)
        return id_

    async def case(self) -> str:
        content = self.there.content("case", {"submission": submission("full_online")})
        id_ = await self.keep("case.submitted", content)
        assert await handed_in.take_next(self.worker())
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
    assert await handed_in.take_next(counter.worker())
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
    assert await handed_in.take_next(counter.worker())
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
    assert await handed_in.take_next(counter.worker())
    assert (await counter.row(id_)).outcome == "rejected"
    assert await counter.faults(id_) == [fault]
    assert await counter.contents(number) == []
    assert stored(tmp_path) == []


async def test_a_file_for_a_material_that_the_item_has_not_is_rejected(counter: Counter) -> None:
    number = await counter.case()
    id_ = await counter.file(number, "M99")
    assert await handed_in.take_next(counter.worker())
    assert await counter.faults(id_) == ["material-unknown"]


async def test_a_file_that_is_out_of_reach_is_waited_for_with_what_follows(
    counter: Counter,
) -> None:
    number = await counter.case()
    id_ = await counter.file(number)
    counter.there.breaks = [0]
    assert await handed_in.take_next(counter.worker())
    row = await counter.row(id_)
    assert (row.outcome, row.last_error) == (None, "ReadError")
    assert await counter.contents(number) == []
    # What was told of the same case after it does not pass it by.
    assert not await handed_in.take_next(counter.worker())


async def test_whoever_dies_with_the_file_stored_leaves_it_to_be_told_once(
    counter: Counter, premises: Premises
) -> None:
    number = await counter.case()
    id_ = await counter.file(number)

    async def dies_after(visit: Visit) -> Answer:
        await counter.door.visit(visit)
        raise ConnectionError("power cut")

    with pytest.raises(ConnectionError):
        await handed_in.take_next(counter.worker(dies_after))
    async with premises.sessions.begin() as session:
        row = await session.get_one(HandedInRow, (PARTNER, id_))
        assert row.settled_at is None
        row.next_attempt_at = AT
    assert await handed_in.take_next(counter.worker())
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
    await handed_in.take_next(replace(worker, door=watched))
    assert len(PDF) // 65536 >= 4
    assert leases[0] is not None
    assert leases[0] > at[0]
