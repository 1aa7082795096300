"""Marked values are put through every field of every endpoint, and nothing that should not know
them does: no log line, no plain column, no open part of a message, no error, no trace."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.instance import Instance
from deploy.ops import attached
from deploy.stories.people import StuckError, World
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from tests.architecture.operations import Operation
from tests.journeys.marking import Marks, listening, look_through_tables, settled
from tests.journeys.preparing import PREPARED, Preparing, with_papers
from tests.journeys.test_examples import ABSENT, HOUSES, _page

# What is written there is about offices, days and parcels, not about people, and is public or shown
# to everybody who works with it: the operations that write it, and where it lies.
OFFICIAL: dict[str, tuple[str, ...]] = {}


@pytest.mark.processes
@pytest.mark.timeout(600)
async def test_marked_values_are_nowhere_that_they_should_not_be(tmp_path: Path) -> None:
    folder, marks = tmp_path / "data", Marks()
    with listening() as (collector, traces):
        instance = Instance(folder, environment={"LOG_LEVEL": "DEBUG", "OTLP_ENDPOINT": collector})
        try:
            await instance.start()
            issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
            async with httpx.AsyncClient(base_url=instance.origin, timeout=35) as client:
                at = Preparing(World(client, issuer, lambda _: None, "marked"))
                sent, echoed = await _walk(at, marks)
            with attached(folder) as database:
                await settled(database.socket_folder, "tongban")
                tables = await look_through_tables(database.socket_folder, "tongban", marks)
        finally:
            await instance.stop()
    assert sent > 40
    assert not echoed, "\n".join(echoed)
    assert len(marks.meant) > 300
    log = instance.log.read_text(encoding="utf-8", errors="replace")
    assert log.count("request_served") > 300
    assert marks.found_in(log) == set()
    told = b"".join(traces).decode("utf-8", "ignore")
    assert "submit_case" in told
    assert marks.found_in(told) == set()
    open_ = sorted(
        f"{column}: {field}"
        for column, fields in tables.items()
        for field in fields
        if not field.startswith(OFFICIAL.get(column, ("-",)))
    )
    assert not open_, "\n".join(open_)


async def _walk(at: Preparing, marks: Marks) -> tuple[int, list[str]]:
    """How many good bodies were taken; and what quoted a value that it refused."""
    sent, echoed = 0, []
    for house in HOUSES:
        for operation in await _page(at, house):
            for name, body in operation.examples.items():
                if (operation.name, name) in ABSENT:
                    continue
                answers = await _send(at, operation, name, body, marks)
                sent += sum(answer.is_success for answer in answers)
                echoed += [each for answer in answers for each in _echo(operation, answer, marks)]
            echoed += await _ask(at, operation, marks)
    return sent, echoed


def _echo(operation: Operation, answer: httpx.Response, marks: Marks) -> list[str]:
    if answer.is_success:
        return []
    found = marks.found_in(answer.text) | marks.found_in(str(answer.headers))
    return [f"{operation} {answer.status_code} {field}: {answer.text[:300]}" for field in found]


async def _send(
    at: Preparing, operation: Operation, name: str, body: Any, marks: Marks
) -> list[httpx.Response]:
    """As the page shows it with other people in it; and once with a mark in every text."""
    try:
        ready = await PREPARED[operation.name](at)
    except StuckError as error:
        raise AssertionError(f"{operation} {name}: not prepared") from error
    path = operation.path.format_map({"location": "620102-RS", **ready.path})
    # The nonsense first: what is refused leaves things as they are.
    bodies = (marks.all_in(body, operation.name), marks.people_in(body, operation.name))
    return [
        await at.world.client.request(
            operation.method,
            path,
            json=with_papers(whole, ready.papers),
            headers={**ready.person.headers, "Idempotency-Key": str(uuid4())},
        )
        for whole in bodies
    ]


async def _ask(at: Preparing, operation: Operation, marks: Marks) -> list[str]:
    """Marks in address, query and headers: refused, not found or looked for, and not repeated."""
    named = [each["name"] for each in operation.document.get("parameters", ())]
    places = {name: marks.all_in(name, f"{operation.name}?{name}") for name in named}
    path = operation.path.format_map(places)
    asked = {
        each["name"]: places[each["name"]]
        for each in operation.document.get("parameters", ())
        if each["in"] == "query"
    }
    found = []
    for role in (Role.CLERK, Role.OPS):
        person = at.at(role, None if role is Role.OPS else "630104-C1")
        answer = await at.world.client.request(
            operation.method,
            path,
            params=asked,
            headers={**person.headers, "X-Request-Id": "a mark does not fit"},
        )
        found += _echo(operation, answer, marks)
    return found
