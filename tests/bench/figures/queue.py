"""Polling a queue: nothing new, and a page of 50; both against the same by hand."""

from shared.security.callers import Role
from tests.bench import samples, wire
from tests.bench.load import Job
from tests.bench.report import Figure, Rounds
from tests.bench.stage import Spent, Stage
from tests.bench.wire import Wire

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = 16
WAITING = 100_000


async def measure(stage: Stage) -> list[Figure]:
    office, headers = samples.OFFICE, stage.headers(Role.OFFICER, samples.OFFICE)
    await samples.fill_queue(stage, WAITING)
    path = f"/routing/v1/queues/{office}/handoffs?limit=50"
    port, pid = await stage.floor("queue")
    changed = wire.request("GET", path, headers)
    one = await Wire.open(stage.port("routing"))
    tag = (await one.ask(changed)).header("etag")
    one.close()
    assert tag is not None
    unchanged = wire.request("GET", path, {**headers, "If-None-Match": tag})
    async with stage.without_workers():
        return [
            await _against(
                stage, "poll_unchanged", (unchanged, 304), (port, pid, "/unchanged"), least=0.5
            ),
            await _against(
                stage,
                "poll_changed",
                (changed, 200),
                (port, pid, f"/queues/{office}/handoffs"),
                least=0.4,
            ),
        ]


async def _against(
    stage: Stage,
    name: str,
    asked: tuple[bytes, int],
    floor: tuple[int, int, str],
    *,
    least: float,
) -> Figure:
    request, expect = asked
    port, pid, path = floor
    ours = Job(stage.port("routing"), (request,), CONNECTIONS, SECONDS, expect=expect)
    bare = Job(port, (wire.request("GET", path),), CONNECTIONS, SECONDS, expect=expect)
    found, mine, hand = Rounds(), Spent(stage.pid("routing")), Spent(pid)
    for _ in range(ROUNDS):
        with mine:
            answered = await stage.loader.run(ours)
        with hand:
            by_hand = await stage.loader.run(bare)
        mine.count += answered.count
        hand.count += by_hand.count
        found.add(answered.rate, by_hand.rate)
    said = f"CPU of the process per poll: {mine.each:.2f} ms, by hand {hand.each:.2f} ms"
    return found.figure(name, "req/s", least=least, said=said)
