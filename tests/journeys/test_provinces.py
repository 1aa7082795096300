"""Two installations as two provinces: cases cross and return, whoever is killed on the way."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import partner_check, provinces
from deploy.provinces import Pair, Province
from deploy.stories import crossing, remote_collection
from deploy.stories import full_online as online
from deploy.stories.people import Person, World
from shared.security.callers import Role
from shared.webhooks import secrets

# Who is killed when a story comes to the line that begins so: the handling side with the files on
# their way to it, the receiving side with the originals between the two.
CUTS = (("【窗口】收件", 1), ("【材料交接】原件装袋封装", 0))


@pytest.mark.processes
@pytest.mark.timeout(600)
async def test_with_either_side_killed_in_the_middle_every_case_still_returns(place: Path) -> None:
    async with provinces.two_provinces(place) as pair:
        await _conforms(pair)
        cuts = _Cuts(pair)
        telling = asyncio.create_task(provinces.tell(pair, cuts.say))
        await cuts.happen()
        assert await telling == len(provinces.STORIES)
        ours, theirs = (each.world("beside", lambda _: None) for each in pair)
        await _withdrawn(ours, theirs)
        await _differing(ours, theirs)
        assert await provinces.agree(pair) == []
        await asyncio.gather(*(asyncio.to_thread(_conserve, each) for each in pair))


class _Cuts:
    """Each when its line is said, one after the other; a story may say it again meanwhile."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._reached = [asyncio.Event() for _ in CUTS]

    def say(self, said: str) -> None:
        for reached, (line, _) in zip(self._reached, CUTS, strict=True):
            if said.startswith(line):
                reached.set()

    async def happen(self) -> None:
        for reached, (_, side) in zip(self._reached, CUTS, strict=True):
            await asyncio.wait_for(reached.wait(), 240)
            killed = self._pair[side].instance
            killed.kill()
            await killed.start()
            await provinces.resume(self._pair)


async def _conforms(pair: Pair) -> None:
    """What we ask of a partner's endpoint, our own keeps."""
    host, guest = pair
    path = f"/routing/v1/partners/{guest.partner}/secrets"
    secret = (await host.ops("checking").post(path, {}))["secret"]
    url = f"{host.instance.origin}/routing/webhooks/partners/{guest.partner}"
    found = await partner_check.check(url, secrets.decode(secret))
    assert [(each.zh, each.detail) for each in found if not each.conforms] == []


async def _withdrawn(ours: World, theirs: World) -> None:
    """The applicant withdraws at our window what their office has begun to look at."""
    clerk = ours.person(Role.CLERK, "王窗口（示例）", online.WINDOW)
    officer = theirs.person(Role.OFFICER, "赵经办（示例）", online.OFFICE)
    taken, number = await crossing.hand_in(ours, clerk, online.SUBMISSION)
    claimed = await officer.claim(online.OFFICE, number)
    handoff = f"/routing/v1/handoffs/{claimed['id']}"
    case = f"/intake/v1/cases/{taken['case_number']}"
    await clerk.post(f"{case}/withdrawal", {"reason": "申请人不再需要"})
    for who, path in ((officer, handoff), (clerk, case)):
        await who.until(path, lambda seen: seen["status"] == "closed", what="撤回")
    late = await officer.send("POST", f"{handoff}/acceptance", json={})
    assert late.status_code == 409, late.text


_DAMAGED = remote_collection.SUBMISSION
_NEVER_SENT = _DAMAGED | {"applicant": _DAMAGED["applicant"] | remote_collection.NEIGHBOUR}


async def _differing(ours: World, theirs: World) -> None:
    """Of two cases' papers one was never put in and one arrives damaged: both ends say so, and
    agree. What is scanned over there is what was printed here."""
    clerk = ours.person(Role.CLERK, "王窗口（示例）", remote_collection.WINDOW)
    sender = ours.person(Role.DISPATCHER, "孙交接（示例）", remote_collection.WINDOW)
    receiver = theirs.person(Role.DISPATCHER, "钱交接（示例）", remote_collection.OFFICE)
    cases = [
        (await crossing.hand_in(ours, clerk, submission))[0]
        for submission in (_DAMAGED, _NEVER_SENT)
    ]
    papers = [each["original_id"] for case in cases for each in case["originals"]]
    way = (remote_collection.WINDOW, remote_collection.OFFICE)
    bag = await crossing.send_bag(sender, cases[0]["case_number"], papers, way)
    damaged, never_sent = (f"{case['case_number']}-01" for case in cases)
    looked = await receiver.until(
        f"/routing/v1/labels/{bag['number']}", lambda seen: seen["parcels"], what="袋子的消息"
    )
    there = f"/routing/v1/parcels/{looked[0]['parcel_id']}"
    await receiver.until(there, lambda seen: seen["state"] != "sealed", what="袋子交寄的消息")
    scan = await receiver.post(f"{there}/scan", {"damaged": [damaged]})
    assert {each["kind"] for each in scan["discrepancies"]} == {"missing", "damaged"}
    assert (await receiver.get(f"/routing/v1/labels/{never_sent}")).json()["kind"] == "original"
    here = f"/routing/v1/parcels/{bag['id']}"
    await _says(sender, here, {"missing": "never_sent", "damaged": "accepted"})
    await _says(receiver, there, {"missing": "never_sent", "damaged": "accepted"})
    for who, path in ((sender, here), (receiver, there)):
        await who.until(path, lambda seen: seen["state"] == "closed", what="了结")


async def _says(person: Person, parcel: str, settlements: dict[str, str]) -> None:
    def told(seen: Any) -> Any:
        return len(seen["discrepancies"]) == len(settlements) and seen["discrepancies"]

    for each in await person.until(parcel, told, what="差异"):
        path = f"{parcel}/discrepancies/{each['id']}/settlement"
        await person.post(path, {"settlement": settlements[each["kind"]]})


def _conserve(province: Province) -> None:
    """Its own command says the same."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.ops", "conserve"],
        env={**os.environ, "DATA_DIR": str(province.instance.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_province_calls_the_other_ones_places_a_partners() -> None:
    for division, other in (("630000", "620000"), ("620000", "630000")):
        directory = provinces.directory_of(division)
        systems = {
            place["division"][:2]: place["system"]
            for place in directory["locations"]
            if place["division"][:2] in ("62", "63")
        }
        assert systems[other[:2]] == f"partner:P-{other}"
        assert systems[division[:2]] != f"partner:P-{division}"
        assert json.dumps(directory).count(f"partner:P-{division}") == 0
