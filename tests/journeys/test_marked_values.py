"""Marked values are put through every field of every endpoint, and nothing that should not know
them does: no log line, no plain column, no open part of a message, no file, no error, no trace."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.instance import Instance
from deploy.ops import attached
from deploy.stories import full_online
from deploy.stories.people import StuckError, World
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from tests.architecture.operations import Operation
from tests.journeys.collector import Collector
from tests.journeys.marking import (
    Marks,
    filled,
    look_through_files,
    look_through_tables,
    settled,
    telling,
)
from tests.journeys.preparing import PREPARED, Preparing, at_once, with_papers
from tests.journeys.test_examples import ABSENT, HOUSES, page_of
from tests.shared.files import samples

# What is written there is about offices, days, parcels and systems, and shown to everybody who
# works with it; who works on a handoff is shown by name to colleagues; and what somebody looks at a
# person for stands on the trail, for auditors to read.
OFFICIAL = (
    *("change_subscription/name", "create_subscription/name", "open_client/name"),
    *("import_catalogue", "load_notices", "register_", "set_local_days"),
    *("hand_over_dispatch/carrier", "seal_parcel/seal_number"),
    *("reassign_handoff/to", "refuse_handoff/competent_authority", "revoke_token/account"),
    *("purpose", "show_holdings/purpose", "show_routing_holdings/purpose"),
    "show_notify_holdings/purpose",
)
# Whom the examples leave out, and what.
ATTORNEY = {
    "kind": "person",
    "name": "赵代办（示例）",
    "id_type": "resident_id",
    "id_number": "630104197901010013",
    "phone": "13900000001",
    "address": "青海省西宁市城西区示例路1号",
    "capacity": "attorney",
}
MORE: Mapping[str, Mapping[str, Any]] = {
    "check_case": {"representative": ATTORNEY},
    "submit_case": {"representative": ATTORNEY},
    "answer_handoff": {"documents": [{"name": "准予迁入证明", "number": "示例-3"}]},
}
# A place without a system acts by the window's hand: tests/routing/test_offline.py looks there.
# Gaps are the other answer, and go where a notice's faults go. A partner's own words are signed.
ELSEWHERE = ("/proof/acted_by", "answer_handoff/gaps[]/text", "receive_partner_webhook/subject")


@dataclass(slots=True)
class Walk:
    at: Preparing
    marks: Marks
    shown: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    telling: set[str] = field(default_factory=set)
    things: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self, operation: Operation, answer: httpx.Response) -> None:
        """What is refused is not repeated; a page that anybody may see tells of nobody."""
        if answer.is_success and operation.document.get("security"):
            return
        found = self.marks.found_in(answer.text) | self.marks.found_in(str(answer.headers))
        self.wrong += [
            f"{operation} {answer.status_code} {each}: {answer.text[:300]}" for each in found
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    made.start()
    yield made
    made.stop()


@pytest.mark.processes
@pytest.mark.timeout(600)
async def test_marked_values_are_nowhere_that_they_should_not_be(
    place: Path, collector: Collector
) -> None:
    folder, marks = place / "data", Marks()
    told = {"LOG_LEVEL": "DEBUG", "OTLP_ENDPOINT": collector.address}
    instance = Instance(folder, environment=told)
    try:
        await instance.start()
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        async with httpx.AsyncClient(base_url=instance.origin, timeout=35) as client:
            walk = Walk(Preparing(World(client, issuer, lambda _: None, "marked")), marks)
            await _walk(walk)
            await _keep_files(walk)
        with attached(folder) as database:
            await settled(database.socket_folder, "tongban")
            tables = await look_through_tables(database.socket_folder, "tongban", marks)
    finally:
        await instance.stop()
    spans = collector.once(lambda spans: len(spans) > 300, 30)
    traced = b"".join(span.SerializeToString() for _, span in spans)
    lying = {
        **tables,
        **look_through_files(folder, marks),
        "traces": marks.found_in(traced.decode("utf-8", "ignore")),
    }
    open_ = [
        f"{place}: {each}"
        for place, fields in sorted(lying.items())
        for each in sorted(fields)
        if place.count(".") < 2 or not each.startswith(OFFICIAL)
    ]
    unwritten = [
        f"{each} was never written"
        for each in sorted(walk.telling - walk.written)
        if not each.endswith(ELSEWHERE)
    ]
    assert not walk.wrong + open_ + unwritten, "\n".join(walk.wrong + open_ + unwritten)
    # And there was something to find, and somewhere to look.
    assert walk.taken == walk.shown
    assert len(walk.taken) > 60
    assert len(marks.meant) > 300
    assert instance.log.read_text(encoding="utf-8").count("request_served") > 300
    assert "submit_case" in {span.name for _, span in spans}


async def _walk(walk: Walk) -> None:
    operations = [each for house in HOUSES for each in await page_of(walk.at, house)]
    await at_once((each.name, partial(visit, walk, each)) for each in operations)
    await asyncio.gather(*(_look_at_people(walk, each) for each in operations))
    assert walk.seen > 3


async def _look_at_people(walk: Walk, operation: Operation) -> None:
    """Of whatever the walk has met, with a purpose, by all who may."""
    parameters = {each["name"] for each in operation.document.get("parameters", ())}
    if operation.method != "GET" or "purpose" not in parameters:
        return
    told = {**walk.things, "material_code": "M1"}
    if not operation.parameters.keys() <= told.keys():
        return
    purpose = walk.marks.new("purpose")
    asked = {"purpose": purpose, "unmask": "true"}
    for role, location in ((Role.CLERK, "630104-C1"), (Role.OFFICER, "620102-RS")):
        answer = await walk.at.world.client.get(
            operation.path.format_map(told),
            params={name: each for name, each in asked.items() if name in parameters},
            headers=walk.at.at(role, location).headers,
        )
        walk.look(operation, answer)
        walk.seen += answer.is_success


async def _keep_files(walk: Walk) -> None:
    """What is in a file, and what it is called by whoever sends it."""
    case = await walk.at.case(full_online.SUBMISSION)
    code = full_online.SUBMISSION["materials"][0]["code"]
    content = samples.pdf() + walk.marks.new("content of a file").encode() + b"%%EOF\n"
    name = f'attachment; filename="{walk.marks.new("name of a file")}.pdf"'
    headers = [
        *((key.encode(), value.encode()) for key, value in walk.at.clerk.headers.items()),
        (b"Content-Type", b"application/pdf"),
        (b"Content-Disposition", name.encode()),
    ]
    for method, path in (
        ("PUT", f"/intake/v1/cases/{case.number}/materials/{code}/content"),
        ("POST", f"/routing/v1/cases/{case.number}/attachments"),
    ):
        answer = await walk.at.world.client.request(method, path, content=content, headers=headers)
        assert answer.status_code == 201, answer.text


async def visit(walk: Walk, operation: Operation) -> None:
    walk.telling.update(telling(operation.body, operation.schemas, operation.name))
    for name, body in operation.examples.items():
        if (operation.name, name) not in ABSENT:
            walk.shown.add(operation.name)
            await _send(walk, operation, name, body)
    await _ask(walk, operation)


async def _send(walk: Walk, operation: Operation, name: str, body: Any) -> None:
    """With a mark in every text, which is refused, and what is refused leaves things as they are;
    then as the page shows it with other people in it, and all that may be written beside it, or
    without. One of them is taken."""
    try:
        ready = await PREPARED[operation.name](walk.at)
    except StuckError as error:
        raise AssertionError(f"{operation} {name}: not prepared") from error
    walk.things.update(ready.path)
    path = operation.path.format_map({"location": "620102-RS", **ready.path})
    said = ""
    for whole in _bodies(walk.marks, operation, body):
        answer = await walk.at.world.client.request(
            operation.method,
            path,
            json=with_papers(whole, ready.papers),
            headers={**ready.person.headers, "Idempotency-Key": str(uuid4())},
        )
        walk.look(operation, answer)
        if answer.is_success:
            walk.taken.add(operation.name)
            walk.written |= walk.marks.fields_of(whole)
            return
        said = answer.text
    walk.wrong.append(f"{operation} {name} was not taken: {said[:400]}")


def _bodies(marks: Marks, operation: Operation, body: Any) -> Iterator[Any]:
    shape = (operation.body, operation.schemas, marks, operation.name)
    more = {**body, **MORE[operation.name]} if operation.name in MORE else body
    nonsense = marks.all_in(more, operation.name)
    if nonsense != more:
        yield filled(nonsense, *shape)
    for each in (more, body):
        good = marks.people_in(each, operation.name)
        yield filled(good, *shape)
        yield good


async def _ask(walk: Walk, operation: Operation) -> None:
    """Marks in address, query, headers and as a file: refused, not found, or kept sealed."""
    parameters: Sequence[Mapping[str, Any]] = operation.document.get("parameters", ())
    told = {each["name"]: walk.marks.new(f"{operation.name}?{each['name']}") for each in parameters}
    path = operation.path.format_map(told)
    asked = {each["name"]: told[each["name"]] for each in parameters if each["in"] == "query"}
    sealed = walk.marks.new(f"{operation.name}: content").encode()
    for role in (Role.CLERK, Role.OPS):
        person = walk.at.at(role, None if role is Role.OPS else "630104-C1")
        request = walk.at.world.client.build_request(
            operation.method,
            path,
            params=asked,
            content=samples.pdf() + sealed + b"%%EOF\n",
            headers=[
                *((name.encode(), value.encode()) for name, value in person.headers.items()),
                (b"Content-Type", b"application/pdf"),
                (b"X-Request-Id", sealed),
                (b"Content-Disposition", b'attachment; filename="%s.pdf"' % sealed),
                (b"If-Match", b'"%s"' % sealed),
            ],
        )
        try:
            answer = await walk.at.world.client.send(request)
        except httpx.ReadError:
            # Refused before its body had come, and the line was closed: it is asked again.
            answer = await walk.at.world.client.send(request)
        walk.look(operation, answer)
