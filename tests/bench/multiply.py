"""Makes a few real cases into as many as are wanted, in the tables of all houses.

Every column of a sample's rows is taken over as it is, but for what tells one case from another:
numbers, ids (mapped alike wherever they occur, so that references hold), times, places, people. So
the tables may change without this file. What is looked up or opened by the calls that are measured
is really sealed and indexed, in Python, and goes in by COPY; the rest follows inside the database.
Left as it was: sealed words that nobody opens here, and the proofs of the audit trail.

    numbers = await multiply(connection, keys, samples={"63000026…": 0.9, …}, count=1_000_000, …)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from pydantic_core import from_json, to_json

from services.intake.actions import blinding, seals
from shared.chance import new_tracking_code
from shared.identity import case_numbers
from shared.security.blind_indexes import NEXT
from shared.security.keys import Keyring

HOUSES = ("intake", "routing", "notify")
# How a table without a case's number finds its case: its column, and the table that has it.
PARENTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("routing", "watch"): ("handoff_id", "handoff"),
    ("routing", "custody_entry"): ("original_id", "original"),
    ("routing", "holding"): ("original_id", "original"),
    ("notify", "delivery_step"): ("delivery_id", "delivery"),
    ("notify", "result_link"): ("delivery_id", "delivery"),
}
# Messages are forgotten after some days: only the youngest cases still have them.
FORGOTTEN: Mapping[str, int] = {"outbox": 14, "inbox": 30}
# Numbers of transactions and of changes are the database's own.
LEFT_OUT = frozenset({"queue_change", "parcel_item", "approval"})
FIRST_SERIAL = 40_000_000

Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]

_UUID = """
CREATE OR REPLACE FUNCTION bench_uuid(old uuid, place integer, at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
    || '7' || substr(md5(old::text || place), 14, 3)
    || '8' || substr(md5(old::text || place), 18, 15)
)::uuid
"""
_NUMBERS = """
CREATE UNLOGGED TABLE IF NOT EXISTS bench_number (
    place integer, sample text, case_number text, at timestamptz, shift interval, days integer,
    window_code text, window_division text, office_code text, office_division text
)
"""


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    division: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A real case; `share` of all are made from it."""

    number: str
    received_at: datetime
    window: Place
    office: Place | None
    share: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` cases, received one after another until `until`; `first` is the place in line of the
    first, so that more can be added later."""

    count: int
    until: datetime
    division: str
    windows: Sequence[Place]
    offices: Sequence[Place]
    first: int = 0
    span: timedelta = timedelta(days=365)

    def number(self, place: int) -> str:
        year = self.until.year % 100 + 2000
        return case_numbers.compose(self.division, year, FIRST_SERIAL + place)

    def at(self, place: int) -> datetime:
        return self.until - self.span * ((self.first + self.count - place) / self.count)


async def multiply(
    connect: Connect,
    keys: Keyring,
    *,
    shares: Mapping[str, float],
    plan: Plan,
    houses: Sequence[str] = HOUSES,
) -> Sequence[str]:
    """`connect` opens connections as the tables' owner; `houses` are those whose tables are
    filled. Returns the numbers."""
    connection = await connect()
    samples = [await _sample(connection, number, share) for number, share in shares.items()]
    await connection.execute(_UUID)
    await connection.execute(_NUMBERS)
    await connection.execute("TRUNCATE bench_number")
    placed = list(_placed(samples, plan))
    await connection.copy_records_to_table("bench_number", records=map(_number, placed))
    await connection.execute("ANALYZE bench_number")
    tables = await _tables(connection, houses)
    kept = await _without_indexes(connection, tables)
    by_hand = {("intake", "case_file"): _files, ("routing", "routed_case"): _routed}
    work = [_fill(connect, table, samples, plan) for table in tables if table.key not in by_hand]
    await asyncio.gather(
        _one_by_one(work),
        _one_by_one(
            [
                _copy(connect, keys, key, rows, placed)
                for key, rows in by_hand.items()
                if key[0] in houses
            ]
        ),
    )
    # Two at a time, for as many cores.
    await asyncio.gather(*(_build(connect, [each for each, _ in kept][half::2]) for half in (0, 1)))
    for house in HOUSES:
        await connection.execute(f"SET search_path TO {house}")
        for table in tables:
            if table.house == house:
                await connection.execute(f'VACUUM ANALYZE "{table.name}"')
    await connection.close()
    return [each.number for each in placed]


async def _one_by_one(work: Sequence[Awaitable[None]]) -> None:
    for each in work:
        await each


async def _sample(connection: "asyncpg.Connection[Any]", number: str, share: float) -> Sample:
    row = await connection.fetchrow(
        """
        SELECT filed.received_at, filed.receiving_location, filed.receiving_division,
            handoff.location, handoff.division
        FROM intake.case_file AS filed
        LEFT JOIN routing.handoff USING (case_number)
        WHERE filed.case_number = $1 ORDER BY handoff.lead DESC LIMIT 1
        """,
        number,
    )
    assert row is not None, f"no sample {number}"
    return Sample(
        number=number,
        received_at=row["received_at"],
        window=Place(row["receiving_location"], row["receiving_division"]),
        office=Place(row["location"], row["division"]) if row["location"] else None,
        share=share,
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """One case to be made."""

    place: int
    sample: Sample
    number: str
    at: datetime
    window: Place
    office: Place


def _placed(samples: Sequence[Sample], plan: Plan) -> Iterator[Placed]:
    """Which sample a case is made from follows from its place, as evenly as the shares allow."""
    owed = dict.fromkeys(range(len(samples)), 0.0)
    for place in range(plan.first, plan.first + plan.count):
        for each, sample in enumerate(samples):
            owed[each] += sample.share
        chosen = max(owed, key=lambda each: owed[each])
        owed[chosen] -= 1.0
        yield Placed(
            place=place,
            sample=samples[chosen],
            number=plan.number(place),
            at=plan.at(place),
            window=plan.windows[place % len(plan.windows)],
            office=plan.offices[place % len(plan.offices)],
        )


def _number(placed: Placed) -> tuple[Any, ...]:
    shift = placed.at - placed.sample.received_at
    return (
        placed.place,
        placed.sample.number,
        placed.number,
        placed.at,
        shift,
        shift.days,
        placed.window.code,
        placed.window.division,
        placed.office.code,
        placed.office.division,
    )


@dataclass(frozen=True, slots=True)
class Table:
    house: str
    name: str
    columns: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        return self.house, self.name

    def of_sample(self) -> str | None:
        """The condition that finds a sample's rows; None: it has nothing of a case."""
        if self.name in LEFT_OUT:
            return None
        for column in ("case_number", "subject"):
            if column in self.columns:
                return f"t.{column} = $1"
        if self.key in PARENTS:
            column, parent = PARENTS[self.key]
            return f"t.{column} IN (SELECT id FROM {self.house}.{parent} WHERE case_number = $1)"
        return None


async def _tables(connection: "asyncpg.Connection[Any]", houses: Sequence[str]) -> list[Table]:
    rows = await connection.fetch(
        """
        SELECT table_schema, table_name, column_name, udt_name
        FROM information_schema.columns JOIN information_schema.tables
            USING (table_schema, table_name)
        WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE'
        ORDER BY table_schema, table_name, ordinal_position
        """,
        list(houses),
    )
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        columns = found.setdefault((row["table_schema"], row["table_name"]), {})
        columns[row["column_name"]] = row["udt_name"]
    tables = [Table(house, name, columns) for (house, name), columns in found.items()]
    return [table for table in tables if table.of_sample() is not None]


async def _without_indexes(
    connection: "asyncpg.Connection[Any]", tables: Sequence[Table]
) -> list[tuple[str, str]]:
    """Takes away the indexes that no constraint rests on; they are built again, each in one go."""
    rows = await connection.fetch(
        """
        SELECT pg_get_indexdef(i.indexrelid) AS definition, i.indexrelid::regclass::text AS name
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY($1) AND n.nspname || '.' || c.relname = ANY($2)
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
        """,
        list(HOUSES),
        [f"{table.house}.{table.name}" for table in tables],
    )
    for row in rows:
        await connection.execute(f"DROP INDEX {row['name']}")
    return [(row["definition"], row["name"]) for row in rows]


async def _build(connect: Connect, definitions: Sequence[str]) -> None:
    connection = await connect()
    await connection.execute("SET maintenance_work_mem = '1GB'")
    for definition in definitions:
        await connection.execute(definition)
    await connection.close()


async def _fill(connect: Connect, table: Table, samples: Sequence[Sample], plan: Plan) -> None:
    connection = await connect()
    # References hold by construction: they need not be asked row by row.
    await connection.execute("SET session_replication_role = replica")
    for sample in samples:
        rows = await connection.fetch(
            f'SELECT * FROM "{table.house}"."{table.name}" AS t WHERE {table.of_sample()}',
            sample.number,
        )
        if not rows:
            continue
        made = {
            column: _expression(column, kind, [row[column] for row in rows], sample)
            for column, kind in table.columns.items()
        }
        names = ", ".join(f'"{name}"' for name in made)
        statement = (
            f'INSERT INTO "{table.house}"."{table.name}" ({names}) OVERRIDING SYSTEM VALUE '
            f"SELECT {', '.join(made.values())} "
            f'FROM bench_number AS n CROSS JOIN "{table.house}"."{table.name}" AS t '
            f"WHERE n.sample = $1 AND {table.of_sample()}"
        )
        if table.name in FORGOTTEN:
            statement += f" AND n.at > '{plan.until - timedelta(days=FORGOTTEN[table.name])}'"
        await connection.execute(statement, sample.number)
    await connection.close()


def _expression(column: str, kind: str, values: Sequence[Any], sample: Sample) -> str:
    own = f't."{column}"'
    texts = [value for value in values if isinstance(value, str)]
    if kind == "uuid":
        return f"bench_uuid({own}, n.place, n.at)"
    if kind == "timestamptz":
        return f"{own} + n.shift"
    if kind == "date":
        return f"{own} + n.days"
    if kind == "text":
        return _text(own, texts, sample)
    if kind == "jsonb" and any(sample.number in text for text in texts):
        return f"CAST(replace(CAST({own} AS text), $1, n.case_number) AS jsonb)"
    if kind == "bytea" and column == "handle":
        return f"decode(md5(encode({own}, 'hex') || n.place), 'hex')"
    return own


def _text(own: str, texts: Sequence[str], sample: Sample) -> str:
    if texts and all(text == sample.number for text in texts):
        return "n.case_number"
    if any(sample.number in text for text in texts):
        return f"replace({own}, $1, n.case_number)"
    moved = {
        sample.window.code: "n.window_code",
        sample.window.division: "n.window_division",
    }
    if sample.office is not None:
        moved |= {
            sample.office.code: "n.office_code",
            sample.office.division: "n.office_division",
        }
    found = [(text, to) for text, to in moved.items() if text in texts]
    if not found:
        return own
    cases = " ".join(f"WHEN '{text}' THEN {to}" for text, to in found)
    return f"CASE {own} {cases} ELSE {own} END"


Row = dict[str, Any]
Rows = Callable[[Keyring, Row, Sequence[Placed]], Iterator[Row]]


async def _copy(
    connect: Connect, keys: Keyring, key: tuple[str, str], make: Rows, placed: Sequence[Placed]
) -> None:
    """In portions, so that the loop can go on with what else there is to do."""
    house, name = key
    connection = await connect()
    await connection.execute("SET session_replication_role = replica")
    by_sample: dict[str, list[Placed]] = {}
    for each in placed:
        by_sample.setdefault(each.sample.number, []).append(each)
    for number, cases in by_sample.items():
        row = await connection.fetchrow(
            f"SELECT * FROM {house}.{name} WHERE case_number = $1", number
        )
        if row is None:
            continue
        for begin in range(0, len(cases), 5000):
            made = await asyncio.to_thread(
                lambda part, row=dict(row): list(make(keys, row, part)),  # type: ignore[misc]  # a default binds it now
                cases[begin : begin + 5000],
            )
            await connection.copy_records_to_table(
                name,
                schema_name=house,
                columns=list(made[0]),
                records=[tuple(each.values()) for each in made],
            )
    await connection.close()


def _moved(row: Row, each: Placed) -> Row:
    """What any table of cases has."""
    shift = each.at - each.sample.received_at
    made = {
        name: value + shift if isinstance(value, datetime) else value
        for name, value in row.items()
        # Of a rotation that is under way: the sample's own person, not this one's.
        if not name.endswith(NEXT)
    }
    return made | {
        "case_number": each.number,
        "receiving_location": each.window.code,
        "receiving_division": each.window.division,
    }


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    id_number: str
    phone: str


_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰"


def person(place: int) -> Person:
    """Some 13,000 names, so that a common one has many cases; everybody has two cases or so."""
    own = place // 2
    given = _GIVEN[own // 20 % 26] + _GIVEN[own // 520 % 26]
    return Person(
        name=_SURNAMES[own % 20] + given,
        id_number=f"620102{1950 + own % 56}0101{own // 56 % 10000:04}",
        phone=f"139{own % 100_000_000:08}",
    )


def _files(keys: Keyring, row: Row, cases: Sequence[Placed]) -> Iterator[Row]:
    opened = seals.open_application(keys, row["case_number"], row["application_sealed"])
    document = from_json(opened.model_dump_json(exclude_none=True))
    for each in cases:
        who, code = person(each.place), new_tracking_code()
        applicant = document["submission"]["applicant"]
        applicant |= {"name": who.name, "id_number": who.id_number, "phone": who.phone}
        yield _moved(row, each) | {
            "tracking_index": keys.blind(blinding.TRACKING, code),
            "tracking_sealed": seals.seal_tracking(keys, each.number, code),
            "name_index": blinding.name_index(keys, who.name),
            "id_number_index": blinding.number_index(keys, who.id_number),
            "phone_index": blinding.phone_index(keys, who.phone),
            "application_sealed": keys.seal(
                "fields", to_json(document), context=f"intake.case_file.application:{each.number}"
            ),
        }


def _routed(keys: Keyring, row: Row, cases: Sequence[Placed]) -> Iterator[Row]:
    context = "routing.routed_case.application:{}"
    opened = keys.open("fields", row["application"], context=context.format(row["case_number"]))
    for each in cases:
        sealed = keys.seal("fields", opened, context=context.format(each.number))
        yield _moved(row, each) | {"application": sealed}
