"""Who has much under way waits for those who have little."""

import asyncio

from shared.http.turns import Turns


class Hall:
    """Writes down who was let in, in that order."""

    def __init__(self, patience: float = 5.0) -> None:
        self.turns = Turns(inside=2, patience=patience)
        self.came: list[str] = []

    async def come(self, who: str) -> None:
        await self.turns.enter(who)
        self.came.append(who)

    async def all_come(self, *callers: str) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.come(who)) for who in callers]
        await settled()
        return tasks


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_caller_gets_so_many_places_and_another_comes_in_at_once() -> None:
    hall = Hall()
    await hall.all_come("flood", "flood", "flood", "flood", "clerk")
    assert hall.came == ["flood", "flood", "clerk"]


async def test_a_place_that_is_free_again_goes_round_among_those_who_wait() -> None:
    hall = Hall()
    tasks = await hall.all_come("a", "b", "a", "a", "b", "b")
    for who in ("a", "b", "a", "b"):
        hall.turns.leave(who)
        await settled()
    assert hall.came == ["a", "b", "a", "b", "a", "b"]
    assert all(task.done() for task in tasks)


async def test_while_there_are_others_inside_the_flood_waits_for_them_too() -> None:
    hall = Hall()
    await hall.all_come("flood", "clerk", "officer", "flood")
    hall.turns.leave("flood")
    await settled()
    assert hall.came == ["flood", "clerk", "officer"]
    hall.turns.leave("clerk")
    await settled()
    assert hall.came == ["flood", "clerk", "officer", "flood"]


async def test_who_waits_long_gets_a_place_anyhow() -> None:
    hall = Hall(patience=0.02)
    tasks = await hall.all_come("slow", "slow", "slow")
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    assert hall.came == ["slow"] * 3


async def test_who_goes_away_while_waiting_leaves_no_gap() -> None:
    hall = Hall()
    *_, gone, last = await hall.all_come("a", "a", "a", "a")
    gone.cancel()
    await settled()
    hall.turns.leave("a")
    await asyncio.wait_for(last, 60)
    for _ in range(2):
        hall.turns.leave("a")
    await hall.all_come("a", "a")
    assert hall.came == ["a"] * 5
