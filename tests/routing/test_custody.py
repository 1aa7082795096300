"""Thousands of random acts against the database: every original has exactly one holder after each,
and what is not lawful the database refuses by itself, under the role that the service has."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.database import EmbeddedDatabase
from services.routing.actions import custody as deeds
from services.routing.actions import parcels, scanning
from services.routing.actions.custody import Given
from services.routing.actions.scanning import Found
from services.routing.domain import custody
from services.routing.domain.custody import Act, Entry, Holder, HolderKind
from services.routing.domain.discrepancies import Settlement
from services.routing.domain.parcels import Deed, End, State
from services.routing.models import CaseRow, ItemRow, RegistryRow, RegistryStateRow
from shared.chance import new_id
from shared.db.engine import open_engine
from shared.db.transactions import Sessions, open_sessions
from shared.errors import DomainError
from shared.means import Means
from shared.security.grants import EVERYTHING
from shared.security.keys import Keyring

NINE = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
PLACES = ("XN", "LZ", "CD")
CATALOGUE = Path(__file__).parents[2] / "deploy" / "catalogue.json"
SOME = st.lists(st.integers(0, 5), max_size=4, unique=True)

HELD = text("""
SELECT o.id, h.seq, h.holder, h.parcel_id,
    (SELECT json_agg(json_build_array(e.seq, e.act, e.from_holder, e.to_holder) ORDER BY e.seq)
     FROM custody_entry AS e WHERE e.original_id = o.id) AS ledger,
    (SELECT count(*) FROM holding AS every WHERE every.original_id = o.id) AS holders
FROM original AS o LEFT JOIN holding AS h ON h.original_id = o.id
WHERE o.case_number = :n ORDER BY o.place
""")
BAGS = text("""
SELECT p.id, p.number, p.state, p.from_location, p.to_location,
    coalesce((SELECT json_agg(i.original_id) FROM parcel_item AS i WHERE i.parcel_id = p.id), '[]')
        AS manifest
FROM parcel AS p WHERE p.id = ANY(CAST(:ids AS uuid[])) ORDER BY p.id
""")
UNSETTLED = text("""
SELECT id, parcel_id FROM discrepancy
WHERE settlement IS NULL AND parcel_id = ANY(CAST(:ids AS uuid[])) ORDER BY id
""")


class Places(RuleBasedStateMachine):
    """Six papers of a case, three places, any number of bags, on one database."""

    sessions: Sessions
    runner: asyncio.Runner
    done = 0

    def __init__(self) -> None:
        super().__init__()
        self.at = NINE
        self.papers: list[UUID] = []
        self.number = ""
        self.bags: list[UUID] = []

    def run(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        """In a transaction of its own; a refusal leaves nothing behind."""

        async def once() -> Any:
            async with self.sessions.begin() as session:
                return await work(session)

        self.at += timedelta(minutes=1)
        type(self).done += 1
        try:
            return self.runner.run(once())
        except DomainError as refusal:
            return refusal

    def ask(self, query: Any, **given: Any) -> list[Any]:
        async def once() -> list[Any]:
            async with self.sessions() as session:
                return list((await session.execute(query, given)).all())

        return self.runner.run(once())

    def typed(self, places: list[int]) -> list[str]:
        return [str(self.papers[place]) for place in places]

    def rows(self) -> list[Any]:
        return self.ask(BAGS, ids=self.bags) if self.bags else []

    def pick(self, data: st.DataObject, *states: State) -> Any:
        fitting = [row for row in self.rows() if not states or State(row.state) in states]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @initialize()
    def a_case_is_taken(self) -> None:
        self.number = f"case-{new_id()}"
        self.papers = [new_id() for _ in range(6)]

        async def take(session: AsyncSession) -> None:
            case = _case(self.number)
            session.add(case)
            await session.flush()
            given = [Given(id_, "M3", "残疾人证") for id_ in self.papers]
            await deeds.take_in(session, case, given, location="XN", at=self.at)

        self.run(take)

    @rule(places=SOME, sender=st.sampled_from(PLACES), receiver=st.sampled_from(PLACES))
    def a_bag_is_opened(self, places: list[int], sender: str, receiver: str) -> None:
        opened = self.run(
            lambda session: parcels.open_parcel(
                session,
                sender=sender,
                receiver=receiver,
                typed=self.typed(places),
                transit=True,
                scope=EVERYTHING,
                at=self.at,
            )
        )
        if not isinstance(opened, DomainError):
            self.bags.append(opened.id)

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), places=SOME)
    def filled(self, data: st.DataObject, places: list[int]) -> None:
        bag = self.pick(data, State.OPEN)
        if bag is not None:
            here = [
                str(row.id)
                for row in self.ask(HELD, n=self.number)
                if row.holder == f"location:{bag.from_location}"
            ]
            typed = here[:2] or self.typed(places)
            self.run(
                lambda session: parcels.fill_parcel(
                    session, bag.id, typed, scope=EVERYTHING, if_match=None, at=self.at
                )
            )

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), places=SOME)
    def emptied(self, data: st.DataObject, places: list[int]) -> None:
        bag = self.pick(data)
        typed = bag.manifest[:1] or self.typed(places)
        self.run(
            lambda session: parcels.empty_parcel(
                session, bag.id, typed, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), likely=st.booleans())
    def sealed(self, data: st.DataObject, likely: bool) -> None:
        bag = (likely and self.pick(data, State.OPEN)) or self.pick(data)
        self.run(
            lambda session: parcels.seal_parcel(
                session, bag.id, seal_number=None, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), carrier=st.sampled_from(["EMS", "SF"]), likely=st.booleans())
    def handed_over(self, data: st.DataObject, carrier: str, likely: bool) -> None:
        bag = (likely and self.pick(data, State.SEALED)) or self.pick(data)
        self.run(
            lambda session: parcels.hand_over_parcel(
                session,
                bag.id,
                carrier=carrier,
                waybill="W1",
                messenger=None,
                expected_on=None,
                scope=EVERYTHING,
                if_match=None,
                at=self.at,
            )
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), deed=st.sampled_from([Deed.LOSE, Deed.TURN_BACK, Deed.TAKE_BACK]))
    def gone_astray(self, data: st.DataObject, deed: Deed) -> None:
        bag = self.pick(data)
        self.run(
            lambda session: parcels.go_astray(
                session, bag.id, deed, note=None, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data())
    def found_again(self, data: st.DataObject) -> None:
        bag = self.pick(data, State.LOST) or self.pick(data)
        self.run(
            lambda session: parcels.find_parcel(
                session, bag.id, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), deed=st.sampled_from([Deed.TRANSIT, Deed.ARRIVE, Deed.TURN_BACK]))
    def told_by_a_carrier(self, data: st.DataObject, deed: Deed) -> None:
        bag = self.pick(data)
        before = self.ask(HELD, n=self.number)
        self.run(
            lambda session: parcels.track_parcel(session, bag.id, deed, told_at=self.at, at=self.at)
        )
        assert self.ask(HELD, n=self.number) == before

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), found=SOME, damaged=SOME, extra=SOME)
    def scanned(
        self, data: st.DataObject, found: list[int], damaged: list[int], extra: list[int]
    ) -> None:
        under_way = (State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED)
        bag = self.pick(data, *under_way) or self.pick(data)
        listed = [each for each in bag.manifest if each not in self.typed(extra)]
        seen = Found(
            [*listed[1:], *self.typed(found)],
            self.typed(damaged),
            [*self.typed(extra), "一张没有标签的纸"],
        )
        self.run(
            lambda session: scanning.scan_parcel(
                session, bag.id, seen, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @precondition(lambda self: self.bags)
    @rule(
        data=st.data(),
        settlement=st.sampled_from(Settlement),
        ends=st.sampled_from([(End.SENDER,), (End.RECEIVER,), (End.SENDER, End.RECEIVER)]),
    )
    def settled(self, data: st.DataObject, settlement: Settlement, ends: tuple[End, ...]) -> None:
        own = self.ask(UNSETTLED, ids=self.bags)
        if not own:
            return
        row = data.draw(st.sampled_from(own))
        for end in ends:
            self.run(self.saying(row, settlement, end))

    def saying(
        self, row: Any, settlement: Settlement, end: End
    ) -> Callable[[AsyncSession], Awaitable[Any]]:
        return lambda session: scanning.settle(
            session, row.parcel_id, row.id, settlement, end=end, scope=EVERYTHING, at=self.at
        )

    @precondition(lambda self: self.bags)
    @rule(data=st.data())
    def closed(self, data: st.DataObject) -> None:
        bag = self.pick(data)
        self.run(
            lambda session: scanning.close_parcel(
                session, bag.id, scope=EVERYTHING, if_match=None, at=self.at
            )
        )

    @rule(places=SOME, place=st.sampled_from(PLACES), back=st.booleans())
    def over_the_counter(self, places: list[int], place: str, back: bool) -> None:
        if not places:
            return
        do = deeds.give_back if back else deeds.take_back
        self.run(
            lambda session: do(session, place, self.typed(places), scope=EVERYTHING, at=self.at)
        )

    @rule(place=st.integers(0, 5), forgery=st.sampled_from(range(9)))
    def forged(self, place: int, forgery: int) -> None:
        row = self.ask(HELD, n=self.number)[place]
        before = self.ask(HELD, n=self.number)

        async def forge() -> None:
            async with self.sessions.begin() as session:
                await session.execute(*_forgery(row, forgery))

        type(self).done += 1
        with pytest.raises(DBAPIError):
            self.runner.run(forge())
        assert self.ask(HELD, n=self.number) == before

    @invariant()
    def every_paper_has_one_holder_and_the_ledger_agrees(self) -> None:
        bags = {f"parcel:{row.number}": row for row in self.rows()}
        for row in self.ask(HELD, n=self.number):
            ledger = [_entry(row.id, each, self.at) for each in row.ledger]
            assert row.holders == 1
            assert (row.seq, row.holder) == (ledger[-1].seq, str(ledger[-1].to_holder))
            custody.check([_without_source(each) for each in ledger])
            if row.holder.startswith("parcel:"):
                bag = bags[row.holder]
                assert str(row.id) in bag.manifest
                assert State(bag.state) in (State.OPEN, State.SEALED)


def _entry(original_id: UUID, row: list[Any], at: datetime) -> Entry:
    seq, act, giver, taker = row
    return Entry(str(original_id), seq, Act(act), Holder.read(giver), Holder.read(taker), at)


def _without_source(entry: Entry) -> Entry:
    """The pure ledger begins with nobody, the table with the applicant."""
    giver = None if entry.seq == 1 else entry.from_holder
    return Entry(entry.original_id, entry.seq, entry.act, giver, entry.to_holder, entry.at)


_INSERT = text("""
INSERT INTO custody_entry (original_id, seq, prev_seq, act, from_holder, to_holder, at, actor)
VALUES (:id, :seq, :prev, :act, :giver, :taker, now(), 'forger')
""")


def _forgery(row: Any, which: int) -> tuple[Any, dict[str, Any]]:
    """What a service gone wrong, or somebody with its password, could try."""
    seq, holder = row.seq, row.holder
    good = {"id": row.id, "seq": seq + 1, "prev": seq, "giver": holder, "taker": "location:ZZ"}
    act = "turn_up"
    forgeries: list[tuple[Any, dict[str, Any]]] = [
        # From somebody who does not hold it.
        (_INSERT, {**good, "act": act, "giver": "carrier:nobody/P0"}),
        # In the place of an entry, before the beginning, after a gap.
        (_INSERT, {**good, "act": act, "seq": seq, "prev": seq - 1 if seq > 1 else None}),
        (_INSERT, {**good, "act": "take_in", "seq": 1, "prev": None, "giver": "applicant:x"}),
        (_INSERT, {**good, "act": act, "seq": seq + 2, "prev": seq + 1}),
        # A move that is none, and one to the same hands.
        (_INSERT, {**good, "act": "issue"}),
        (_INSERT, {**good, "act": act, "taker": holder}),
        # What is written stays written.
        (text("UPDATE custody_entry SET to_holder = 'x' WHERE original_id = :id"), {"id": row.id}),
        (text("DELETE FROM custody_entry WHERE original_id = :id"), {"id": row.id}),
        # A holder that the ledger does not know.
        (text("UPDATE holding SET holder = 'location:ZZ' WHERE original_id = :id"), {"id": row.id}),
    ]
    return forgeries[which]


def _case(number: str) -> CaseRow:
    return CaseRow(
        case_number=number,
        item_code="CL-001",
        item_version=1,
        mode="remote_collection",
        channel="window",
        receiving_location="XN",
        receiving_division="630100",
        basis={},
        received_at=NINE,
        priority="normal",
        delivery_method="post",
        materials=[],
        application=b"",
        status="open",
        version=1,
        created_at=NINE,
    )


async def _furnish(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for code, division in zip(PLACES, ("630100", "620100", "510100"), strict=True):
            session.add(_place(code, division))
        session.add(RegistryStateRow(one=1, revision=1))
        items = json.loads(CATALOGUE.read_text("utf-8"))["items"]
        document = next(each for each in items if each["code"] == "CL-001")
        session.add(
            ItemRow(
                code="CL-001",
                version=1,
                valid_from=NINE.date(),
                valid_to=None,
                status="published",
                document=document,
            )
        )


def _place(code: str, division: str) -> RegistryRow:
    document = {
        "code": code,
        "version": 1,
        "name": code,
        "kind": "centre",
        "system": "own",
        "division": division,
        "valid_from": "2024-01-01",
        "valid_to": None,
    }
    return RegistryRow(
        kind="location",
        code=code,
        version=1,
        valid_from=NINE.date(),
        valid_to=None,
        document=document,
        registered_at=NINE,
        registered_by="test",
    )


@pytest.mark.timeout(300)
def test_thousands_of_random_acts_leave_every_original_with_exactly_one_holder(
    database: str, postgres: EmbeddedDatabase, keyring: Keyring
) -> None:
    carried = Means("routing", "urn:tongban:630000:routing", "630000", keyring)
    engine = open_engine(postgres.url("tongban_routing", database), schema="routing", name="test")
    with asyncio.Runner() as runner:
        Places.sessions, Places.runner, Places.done = open_sessions(engine, carried), runner, 0
        runner.run(_furnish(Places.sessions))
        run_state_machine_as_test(
            Places,
            settings=settings(max_examples=70, stateful_step_count=50, deadline=None),
        )
        runner.run(engine.dispose())
    assert Places.done >= 2000


async def test_the_database_checks_the_same_moves_as_the_rules(
    database: str, postgres: EmbeddedDatabase, keyring: Keyring
) -> None:
    carried = Means("routing", "urn:tongban:630000:routing", "630000", keyring)
    engine = open_engine(postgres.url("tongban_routing", database), schema="routing", name="test")
    everything = [
        (act, giver, taker)
        for act in Act
        for giver in (None, *HolderKind)
        for taker in HolderKind
        if giver is not custody.source_of(act) or (giver, taker) in custody.MOVES[act]
    ]
    async with open_sessions(engine, carried)() as session:
        written = await session.scalar(
            text(
                "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint "
                "WHERE conname = 'ck_custody_entry_lawful'"
            )
        )
        query = text(
            f"SELECT {written} FROM unnest(CAST(:acts AS text[]), CAST(:givers AS text[]), "
            "CAST(:takers AS text[])) AS tried (act, from_holder, to_holder)"
        )
        answers = await session.scalars(
            query,
            {
                "acts": [act.value for act, _, _ in everything],
                "givers": [f"{giver or custody.source_of(act)}:a" for act, giver, _ in everything],
                "takers": [f"{taker}:b" for _, _, taker in everything],
            },
        )
        found = list(answers)
    await engine.dispose()
    lawful = [
        (giver, taker) in custody.MOVES[act]
        or (giver is None and (custody.source_of(act), taker) in custody.MOVES[act])
        for act, giver, taker in everything
    ]
    assert found == lawful
