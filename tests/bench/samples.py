"""A few real cases at different stages, told over HTTP, to make many of (see multiply.py)."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx

from deploy.served import HERE
from deploy.stories import full_online
from deploy.stories.people import Person, World
from services.intake.api.examples import REMOTE_COLLECTION
from shared.clock import utc_now
from shared.security.callers import Role
from tests.bench.multiply import Place, Plan, multiply
from tests.bench.stage import Stage

WINDOW, OFFICE = full_online.WINDOW, full_online.OFFICE


WAITING = "waiting"


async def take_samples(stage: Stage, *, only: str | None = None) -> Mapping[str, float]:
    """Numbers with their shares: of a year's cases most are over, few wait or are being worked on.
    The workers must be running."""
    async with httpx.AsyncClient(
        transport=stage.served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        world = World(client, stage.served.issuer, lambda _: None, "samples")
        clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)
        officer = world.person(Role.OFFICER, "赵经办（示例）", OFFICE)
        waiting = await _taken(clerk, await online(clerk), WAITING)
        await officer.in_queue(OFFICE, waiting)
        if only == WAITING:
            return {waiting: 1.0}
        done = await full_online.tell(world)
        accepted = await _accepted(clerk, officer)
        papers = await _taken(clerk, deepcopy(dict(REMOTE_COLLECTION)), "papers")
        await clerk.until(
            f"/intake/v1/cases/{papers}", lambda case: bool(case["handoffs"]), what="分办"
        )
    return {done: 0.90, waiting: 0.04, accepted: 0.04, papers: 0.02}


async def _accepted(clerk: Person, officer: Person) -> str:
    number = await _taken(clerk, await online(clerk), "accepted")
    claimed = await officer.claim(OFFICE, number)
    await officer.post(f"/routing/v1/handoffs/{claimed['id']}/acceptance")
    await clerk.until(
        f"/intake/v1/cases/{number}", lambda case: case["status"] == "accepted", what="受理"
    )
    return number


async def online(clerk: Person) -> dict[str, Any]:
    item = (await clerk.get("/intake/v1/items/RS-002")).json()
    return {**deepcopy(full_online.SUBMISSION), "form": item["form_example"]}


async def online_submission(stage: Stage) -> dict[str, Any]:
    async with httpx.AsyncClient(
        transport=stage.served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        world = World(client, stage.served.issuer, lambda _: None, "load")
        return await online(world.person(Role.CLERK, "王窗口（示例）", WINDOW))


async def _taken(clerk: Person, submission: dict[str, Any], why: str) -> str:
    # Another key for the same words: the key follows from what is said.
    submission["applicant"] = {**submission["applicant"], "name": f"示例{why}"}
    taken = await clerk.post("/intake/v1/cases", submission)
    return str(taken["case_number"])


async def fill_queue(stage: Stage, count: int) -> None:
    """So many more wait in the one office's queue, unless most of them do already: what another
    figure has claimed of them is not made up for."""
    connection = await stage.connect()
    waiting = await connection.fetchval(
        "SELECT count(*) FROM routing.handoff WHERE location = $1 AND holder IS NULL", OFFICE
    )
    await connection.close()
    if waiting >= count * 0.7:
        return
    number = next(iter(await take_samples(stage, only=WAITING)))
    windows, office = places("centre"), next(p for p in places("office") if p.code == OFFICE)
    # All of today: nothing of them falls due while it is measured.
    plan = Plan(count, utc_now(), "630000", windows, [office], span=timedelta(minutes=30))
    await multiply(stage.connect, stage.keys, shares={number: 1.0}, plan=plan, houses=("routing",))


def places(kind: str, *, ending: str = "") -> list[Place]:
    """Those of the demo directory."""
    document = json.loads((HERE / "directory.json").read_text(encoding="utf-8"))
    return [
        Place(each["code"], each["division"])
        for each in document["locations"]
        if each["kind"] == kind and each["code"].endswith(ending)
    ]
