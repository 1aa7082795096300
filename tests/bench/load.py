"""A process of its own that asks as it is told, and says how long each answer took.

One job per line of standard input, one result per line of standard output.
"""

import asyncio
import base64
import json
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import uvloop

from tests.bench.wire import Answer, Wire, keyed


@dataclass(frozen=True, slots=True)
class Job:
    """`connections` ask one after another for `seconds`; with `rate`, that many a second begin,
    whether or not earlier ones are answered (their wait in line counts as theirs)."""

    port: int
    requests: tuple[bytes, ...]
    connections: int
    seconds: float
    rate: float | None = None
    expect: int = 200

    def line(self) -> bytes:
        known = asdict(self)
        known["requests"] = [base64.b64encode(each).decode() for each in self.requests]
        return json.dumps(known).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> "Job":
        known = json.loads(line)
        known["requests"] = tuple(base64.b64decode(each) for each in known["requests"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Result:
    count: int
    seconds: float
    p50: float
    p99: float
    others: dict[str, int]
    sample: str = ""

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(slots=True)
class _Tally:
    times: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    sample: str = ""

    def note(self, job: Job, answer: Answer, seconds: float) -> None:
        if answer.status == job.expect:
            self.times.append(seconds)
        else:
            self.others[str(answer.status)] += 1
            self.sample = self.sample or answer.body[:300].decode("utf-8", "replace")


async def perform(job: Job) -> Result:
    wires = [await Wire.open(job.port) for _ in range(job.connections)]
    run, tally, started = secrets.randbits(60), _Tally(), perf_counter()
    try:
        if job.rate is None:
            await _as_fast_as_can_be(job, wires, run, tally)
        else:
            await _at_rate(job, wires, run, tally, job.rate)
    finally:
        for wire in wires:
            wire.close()
    spent = perf_counter() - started
    times = sorted(tally.times)
    return Result(
        count=len(times),
        seconds=spent,
        p50=quantile(times, 0.5),
        p99=quantile(times, 0.99),
        others=dict(tally.others),
        sample=tally.sample,
    )


async def _as_fast_as_can_be(job: Job, wires: Sequence[Wire], run: int, tally: _Tally) -> None:
    until = perf_counter() + job.seconds
    number = 0

    async def ask(wire: Wire) -> None:
        nonlocal number
        while (began := perf_counter()) < until:
            number += 1
            template = job.requests[number % len(job.requests)]
            answer = await wire.ask(keyed(template, number, run))
            tally.note(job, answer, perf_counter() - began)

    await asyncio.gather(*(ask(wire) for wire in wires))


async def _at_rate(job: Job, wires: Sequence[Wire], run: int, tally: _Tally, rate: float) -> None:
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for wire in wires:
        free.put_nowait(wire)
    started = perf_counter()
    until = started + job.seconds + 1

    async def ask(number: int) -> None:
        due = started + number / rate
        wire = await free.get()
        if perf_counter() > until:
            # Too slow for this rate: what has not been asked by now is left out, and not counted.
            free.put_nowait(wire)
            return
        template = job.requests[number % len(job.requests)]
        answer = await wire.ask(keyed(template, number, run))
        free.put_nowait(wire)
        tally.note(job, answer, perf_counter() - due)

    async with asyncio.TaskGroup() as asking:
        for number in range(int(rate * job.seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            asking.create_task(ask(number))


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Loader:
    """The process as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "Loader":
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.bench.load",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**24,
            )
        )

    async def run(self, job: Job, *, all_expected: bool = True) -> Result:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(job.line())
        line = await self._process.stdout.readline()
        if not line:
            raise UnexpectedAnswerError("the loader ended")
        result = Result(**json.loads(line))
        if all_expected and (result.others or not result.count):
            raise UnexpectedAnswerError(f"{result.others} {result.sample}")
        return result

    async def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


class UnexpectedAnswerError(Exception):
    """A figure of wrong answers would be no figure."""


def main() -> None:
    for line in sys.stdin.buffer:
        result: dict[str, Any] = asdict(uvloop.run(perform(Job.of(line))))
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
