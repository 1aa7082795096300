"""The promise of a transport, to which each is held alike: nothing lost, so each applied once."""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.messaging import keeping, parked
from shared.messaging.apply import Patience
from shared.messaging.envelope import Lane, Message
from shared.messaging.topology import Topology
from shared.messaging.transport import Listener, NotCarriedError, Transport, TransportAwayError
from tests.shared.messaging.doomed import POINTS
from tests.shared.messaging.street import House, Moved, Street, until
from tests.shared.messaging.test_apply import Clumsy

pytestmark = pytest.mark.timeout(240)

Condition = Callable[[], Awaitable[bool]]


def has_applied(house: House, count: int) -> Condition:
    async def is_so() -> bool:
        return await house.count_applied() >= count

    return is_so


def has_published(house: House) -> Condition:
    async def is_so() -> bool:
        return await house.count_unpublished() == 0

    return is_so


def in_order(**counts: int) -> Mapping[str, Sequence[int]]:
    return {subject: list(range(1, count + 1)) for subject, count in counts.items()}


async def test_what_was_recorded_arrives_once_and_in_order(street: Street) -> None:
    for n in range(20):
        await street.north.say(f"s{n}", 10)
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 200))
        await until(has_published(street.north))
    assert await street.south.applied() == in_order(**{f"s{n}": 10 for n in range(20)})


async def test_what_is_recorded_while_all_run_arrives_promptly(street: Street) -> None:
    async with street.relaying().listening().applying().open():
        await street.north.say("warm")
        await until(has_applied(street.south, 1))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await street.north.say("a")
        await until(has_applied(street.south, 2), every=0.005)
        assert loop.time() - begun < 1.5


async def test_a_bulk_load_does_not_delay_what_people_wait_for(street: Street) -> None:
    for n in range(40):
        await street.north.say(f"bulk{n}", 20, lane=Lane.BULK)
    async with street.relaying(batch=20).listening().applying().open():
        await until(has_applied(street.south, 1))
        await street.north.say("clerk")

        async def clerk_is_served() -> bool:
            return "clerk" in await street.south.applied()

        await until(clerk_is_served, every=0.01)
        assert await street.south.count_applied() < 801
        await until(has_applied(street.south, 801), seconds=30)


async def test_two_relays_two_listeners_two_appliers_apply_each_once(street: Street) -> None:
    """As two processes of each kind would."""
    for n in range(15):
        await street.north.say(f"s{n}", 12)
    street.relaying(batch=9).relaying(batch=9).listening().applying().applying()
    if street.north_transport is not street.south_transport:
        street.listening()
    async with street.open():
        await until(has_applied(street.south, 180))
        await until(has_published(street.north))
    assert await street.south.applied() == in_order(**{f"s{n}": 12 for n in range(15)})


class Unruly:
    """Hands on some twice, some later, all shuffled, and forgets to say of some that it did."""

    def __init__(self, inner: Transport, seed: int) -> None:
        self._inner = inner
        self._dice = random.Random(seed)
        self._late: list[Message] = []

    @property
    def healthy(self) -> bool:
        return self._inner.healthy

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        if self._dice.random() < 0.2:
            raise TransportAwayError("mood")
        withheld = set(self._pick(messages, 4))
        given = [message for message in messages if message.id not in withheld]
        given += [message for message in given if message.id in self._pick(given, 2)]
        given += self._late
        self._late = given[:3]
        self._dice.shuffle(given)
        failed = dict(await self._inner.publish(given))
        for id_ in (*withheld, *self._pick(messages, 4)):
            failed[id_] = NotCarriedError("forgotten")
        return failed

    def _pick(self, messages: Sequence[Message], one_in: int) -> Sequence[UUID]:
        chosen = self._dice.sample(messages, len(messages) // one_in)
        return [message.id for message in chosen]

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        await self._inner.listen(listener, stop)

    async def close(self) -> None:
        await self._inner.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_twice_late_and_out_of_order_makes_no_difference(street: Street, seed: int) -> None:
    for n in range(8):
        await street.north.say(f"s{n}", 8)
    unruly = Unruly(street.north_transport, seed)
    async with street.relaying(transport=unruly, batch=10).listening().applying().open():
        await until(has_published(street.north), seconds=30)
        await until(has_applied(street.south, 64))
    assert await street.south.applied() == in_order(**{f"s{n}": 8 for n in range(8)})


@pytest.mark.processes
@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", POINTS)
async def test_a_process_killed_at_any_point_loses_and_doubles_nothing(
    street: Street,
    point: str,
    database_url: str,
    keyring_file: Path,
    topology: Topology,
    request: pytest.FixtureRequest,
) -> None:
    for n in range(5):
        await street.north.say(f"s{n}", 6)
    arguments = [point, database_url, str(keyring_file)]
    if street.north_transport is not street.south_transport:
        arguments += [request.getfixturevalue("amqp_url"), topology.prefix]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.shared.messaging.doomed",
        *arguments,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await asyncio.wait_for(process.wait(), 60) == -9
    await street.north.say("after", 1)
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 31), seconds=30)
        await until(has_published(street.north))
    assert await street.south.applied() == in_order(**{f"s{n}": 6 for n in range(5)}, after=1)


async def test_a_store_that_is_away_for_a_while_loses_nothing(street: Street) -> None:
    south, refused = street.south, 0
    keep = south.store()

    async def moody(messages: Sequence[Message]) -> Collection[UUID]:
        nonlocal refused
        if refused < 4:
            refused += 1
            raise ConnectionRefusedError("the database restarts")
        return await keep(messages)

    await street.north.say("a", 5)
    async with street.relaying().listening(store=moody).applying().open():
        await until(has_applied(south, 5), seconds=30)
    assert refused == 4
    assert await south.applied() == in_order(a=5)


async def test_poison_is_parked_and_the_rest_goes_on(street: Street) -> None:
    await street.north.say("a", 3)
    await street.north.say("b", 3)
    async with street.north.sessions.begin() as session:
        await session.execute(
            text("UPDATE outbox SET data = '{}' WHERE subject = 'a' AND sequence = 2")
        )

    async def parked_now() -> list[int]:
        async with street.south.sessions() as session:
            return [row.sequence for row in await parked.list_parked(session)]

    async def is_parked() -> bool:
        return await parked_now() == [2]

    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 4))
        await until(has_published(street.north))
        await until(is_parked)
    assert await street.south.applied() == {"a": [1], "b": [1, 2, 3]}
    assert await parked_now() == [2]


async def test_a_handler_that_always_fails_holds_up_its_own_subject_only(street: Street) -> None:
    clumsy = Clumsy("a", 1000, RuntimeError("no"))
    applier = street.south.applier({Moved.type: clumsy}, patience=Patience(first=0.01))
    for subject in ("a", "b", "c"):
        await street.north.say(subject, 4)

    async def is_parked() -> bool:
        async with street.south.sessions() as session:
            return bool(await parked.list_parked(session))

    async with street.relaying().listening().applying(applier).open():
        await until(has_applied(street.south, 8))
        await until(is_parked)
        assert await street.south.applied() == in_order(b=4, c=4)
        clumsy.left = 0
        async with street.south.sessions.begin() as session:
            assert await parked.replay_all(session) == 1
        await until(has_applied(street.south, 12))
    assert await street.south.applied() == in_order(a=4, b=4, c=4)


async def test_a_house_restored_from_a_backup_is_told_again(street: Street) -> None:
    await street.north.say("a", 5)
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 5))
        await until(has_published(street.north))
    async with street.south.sessions.begin() as session:
        await session.execute(text("DELETE FROM inbox WHERE sequence > 2"))
        await session.execute(text("DELETE FROM effect WHERE sequence > 2"))
        await session.execute(text("UPDATE inbox_subject SET applied = 2, stored = 2"))
    async with street.north.sessions() as session:
        since = (await session.execute(text("SELECT now() - interval '1 hour'"))).scalar_one()
    assert await keeping.republish_since(street.north.sessions, since, batch=2) == 5
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 5))
        await until(has_published(street.north))
    assert await street.south.applied() == in_order(a=5)


async def test_one_subject_can_be_told_again(street: Street) -> None:
    await street.north.say("a", 3)
    await street.north.say("b", 3)
    async with street.relaying().listening().applying().open():
        await until(has_published(street.north))
        await until(has_applied(street.south, 6))
        async with street.north.sessions.begin() as session:
            assert await keeping.republish_subject(session, "a", sequence=2) == 2
        await until(has_published(street.north))
    assert await street.south.applied() == in_order(a=3, b=3)


async def test_stopping_is_clean_and_quick(street: Street) -> None:
    for n in range(40):
        await street.north.say(f"s{n}", 10)
    loop = asyncio.get_running_loop()
    async with street.relaying(batch=20).listening().applying().open():
        await until(has_applied(street.south, 1))
        begun = loop.time()
    assert loop.time() - begun < 5
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 400), seconds=30)
    assert await street.south.applied() == in_order(**{f"s{n}": 10 for n in range(40)})


async def test_it_says_whether_it_can_carry(street: Street) -> None:
    async def is_healthy() -> bool:
        return street.south_transport.healthy

    assert not await is_healthy()
    async with street.relaying().listening().open():
        await until(is_healthy)
