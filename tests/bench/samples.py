"""A few real cases at different stages, told over HTTP, to make many of (see multiply.py)."""

import json
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
from tests.bench.stage import Samples, Stage

WINDOW, OFFICE = full_online.WINDOW, full_online.OFFICE

_GIVE_BACK = """
UPDATE routing.handoff SET holder = NULL, holder_name = NULL, lease_until = NULL
WHERE location = $1 AND holder IS NOT NULL AND NOT bound AND closed_at IS NULL
"""


async def take_samples(stage: Stage) -> Samples:
    """At the beginning: later the office's queue is so long that nobody finds one case in it."""
    async with httpx.AsyncClient(
        transport=stage.served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        world = World(client, stage.served.issuer, lambda _: None, "samples")
        clerk = world.person(Role.CLERK, "王窗口（示例）", WINDOW)
        officer = world.person(Role.OFFICER, "赵经办（示例）", OFFICE)
        waiting = await _taken(clerk, await online(clerk), "waiting")
        await officer.in_queue(OFFICE, waiting)
        done = await full_online.tell(world)
        accepted = await _accepted(clerk, officer)
        papers = await _taken(clerk, deepcopy(dict(REMOTE_COLLECTION)), "papers")
        await clerk.until(
            f"/intake/v1/cases/{papers}", lambda case: bool(case["handoffs"]), what="分办"
        )
    return Samples(waiting=waiting, done=done, accepted=accepted, papers=papers)


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
    """So many wait in the one office's queue; what another figure has claimed of them is given
    back."""
    connection = await stage.connect()
    try:
        there = await connection.fetchval(
            "SELECT count(*) FROM routing.handoff WHERE location = $1", OFFICE
        )
        if there >= count:
            await connection.execute(_GIVE_BACK, OFFICE)
            await connection.execute("VACUUM ANALYZE routing.handoff")
            return
    finally:
        await connection.close()
    windows, office = places("centre"), next(p for p in places("office") if p.code == OFFICE)
    # All of today: nothing of them falls due while it is measured.
    plan = Plan(count, utc_now(), "630000", windows, [office], span=timedelta(minutes=30))
    shares = {stage.samples.waiting: 1.0}
    await multiply(stage.connect, stage.keys, shares=shares, plan=plan, houses=("routing",))


def places(kind: str, *, ending: str = "") -> list[Place]:
    """Those of the demo directory."""
    document = json.loads((HERE / "directory.json").read_text(encoding="utf-8"))
    return [
        Place(each["code"], each["division"])
        for each in document["locations"]
        if each["kind"] == kind and each["code"].endswith(ending)
    ]
