"""Two processes that ask as a province does: one polls for every service point, the other submits
and waits at the offices for what comes. A plan comes on standard input, what came of it goes out.

    python -m tests.bench.crowd pollers|window
"""

import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from types import MappingProxyType
from typing import Any

import uvloop

from tests.bench import wire
from tests.bench.load import quantile
from tests.bench.wire import Answer, Wire

_OK, _CREATED = 200, 201
_ATTEMPTS = 5
# How long after the last submission the offices may take to hear of it.
_AFTERWARDS = 20.0


@dataclass(slots=True)
class Times:
    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        ordered = sorted(self.seconds)
        return {
            "count": len(ordered),
            "p50": quantile(ordered, 0.5),
            "p99": quantile(ordered, 0.99),
            "most": ordered[-1] if ordered else 0.0,
            "answers": dict(self.answers),
        }


class Line:
    """A connection that is opened again when the other end has closed it, as a browser does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wire: Wire | None = None
        self.opened = 0

    async def ask(self, request: bytes) -> Answer:
        for _ in range(_ATTEMPTS):
            try:
                if self._wire is None:
                    self._wire = await Wire.open(self._port)
                    self.opened += 1
                return await self._wire.ask(request)
            except ConnectionError:
                self._wire = None
        raise ConnectionError(f"no answer from {self._port} in {_ATTEMPTS} attempts")


def _poll(path: str, token: str, etag: str | None, more: str = "") -> bytes:
    headers = {"Authorization": f"Bearer {token}"}
    if etag is not None:
        headers["If-None-Match"] = etag
    return wire.request("GET", f"/routing/v1/queues/{path}/handoffs{more}", headers)


async def poll_for_all(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Every place in its own moment of the five seconds, from its first look on; the first looks
    are spread over the morning's beginning, which is not measured. A poll's time begins when it was
    due: waiting for its turn in this process counts against the service."""
    times, began = Times(), perf_counter()
    every, rounds, warm = plan["every"], plan["rounds"], plan["begin_after"]
    places: Sequence[Sequence[str]] = plan["places"]

    async def poller(place: int) -> int:
        (code, token), share = places[place], place / len(places)
        line, measured_from = Line(plan["port"]), began + warm + every * (1 + share)
        await asyncio.sleep(warm * share)
        etag = (await line.ask(_poll(code, token, None))).header("etag")
        for number in range(math.ceil((perf_counter() - measured_from) / every), rounds):
            due = measured_from + every * number
            await asyncio.sleep(max(0.0, due - perf_counter()))
            answer = await line.ask(_poll(code, token, etag))
            etag = answer.header("etag") or etag
            if number >= 0:
                times.seconds.append(perf_counter() - due)
                times.answers[str(answer.status)] += 1
        return line.opened

    opened = await asyncio.gather(*(poller(place) for place in range(len(places))))
    return {"polls": times.summary(), "connections": sum(opened)}


@dataclass(slots=True)
class Province:
    """The window that submits, and the offices that wait."""

    plan: Mapping[str, Any]
    times: Times = field(default_factory=Times)
    taken: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    all_taken: bool = False
    all_seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit_all(self) -> None:
        plan, lines = self.plan, asyncio.Queue[Line]()
        for _ in range(plan["connections"]):
            lines.put_nowait(Line(plan["intake_port"]))
        started = perf_counter() + plan["begin_after"] + plan["every"]
        async with asyncio.TaskGroup() as submitting:
            for number in range(int(plan["rate"] * plan["seconds"])):
                due = started + number / plan["rate"]
                await asyncio.sleep(max(0.0, due - perf_counter()))
                submitting.create_task(self._submit(lines, number, due))
        self.all_taken = True
        self._check()

    async def _submit(self, lines: asyncio.Queue[Line], number: int, due: float) -> None:
        line, bodies = await lines.get(), self.plan["bodies"]
        token, key = self.plan["clerk"], f"crowd-{number:08}"
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        body = bodies[number % len(bodies)].encode()
        answer = await line.ask(wire.request("POST", "/intake/v1/cases", headers, body))
        lines.put_nowait(line)
        self.times.seconds.append(perf_counter() - due)
        self.times.answers[str(answer.status)] += 1
        if answer.status == _CREATED:
            self.taken[json.loads(answer.body)["case_number"]] = perf_counter()

    async def wait_at(self, code: str, token: str) -> None:
        line, etag = Line(self.plan["port"]), None
        while True:
            answer = await line.ask(_poll(code, token, etag, "?wait=30&limit=200"))
            etag = answer.header("etag") or etag
            if answer.status == _OK:
                for each in json.loads(answer.body)["handoffs"]:
                    self.seen.setdefault(each["case_number"], perf_counter())
                self._check()

    def _check(self) -> None:
        if self.all_taken and self.taken.keys() <= self.seen.keys():
            self.all_seen.set()


async def submit_and_wait(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Whether each case that was taken shows up at its office's waiting poll, and how soon."""
    here = Province(plan)
    waiting = [asyncio.create_task(here.wait_at(*each)) for each in plan["places"]]
    await here.submit_all()
    with suppress(TimeoutError):
        await asyncio.wait_for(here.all_seen.wait(), _AFTERWARDS)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    both = here.taken.keys() & here.seen.keys()
    heard = Times([max(0.0, here.seen[each] - here.taken[each]) for each in both])
    return {
        "submissions": here.times.summary(),
        "heard": heard.summary(),
        "missed": sorted(here.taken.keys() - here.seen.keys()),
    }


_WORK: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = MappingProxyType(
    {"pollers": poll_for_all, "window": submit_and_wait}
)


async def start(kind: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """In a process of its own; what came of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.crowd",
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(json.dumps(plan).encode())
    if process.returncode:
        raise RuntimeError(f"crowd {kind}: {process.returncode}")
    found: dict[str, Any] = json.loads(out)
    return found


def main(kind: str) -> None:
    plan = json.loads(sys.stdin.buffer.read())

    async def work() -> dict[str, Any]:
        return await _WORK[kind](plan)

    sys.stdout.write(json.dumps(uvloop.run(work())) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
