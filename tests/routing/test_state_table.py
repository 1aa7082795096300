"""The table of states walked through the door: every (status, step), allowed or refused with what
is allowed."""

import json
from typing import Any

import pytest

from services.routing.domain import duties, handoffs
from services.routing.domain.duties import Allowed, Because
from services.routing.domain.handoffs import MOVES, Status, Step
from services.routing.domain.words import Mode, Side
from tests.routing.builders import House, item_document


def _stretch(kind: str, until: str | None, told: int | None = None) -> dict[str, Any]:
    return {
        "kind": kind,
        "since": "2026-09-07",
        "until": until,
        "reason": "受理",
        "article": "",
        "told": told,
    }


def _clock(*stretches: dict[str, Any]) -> dict[str, Any]:
    return {"stretches": list(stretches), "extensions": []}


_RUNNING = _clock(_stretch("running", None))
_SUSPENDED = _clock(_stretch("running", "2026-09-07"), _stretch("suspended", None, 5))
_STOPPED = _clock(_stretch("running", "2026-09-07"))
_CLOCKS = {
    Status.ACCEPTED: (_RUNNING, "running"),
    Status.SUSPENDED: (_SUSPENDED, "suspended"),
    Status.DECIDED: (_STOPPED, "stopped"),
}

# What an office can be asked to do at the door, with a body that is in order.
_DOORS: dict[Step, tuple[str, dict[str, Any]]] = {
    Step.ACCEPT: ("acceptance", {}),
    Step.REFUSE: ("refusal", {"ground": "not_eligible", "reason": "不符合条件"}),
    Step.NOTICE: ("notice", {"faults": [{"material_code": "M2", "text": "缺签字"}]}),
    Step.SUSPEND: ("suspension", {"procedure": "S1", "working_days": 5, "reason": "评审"}),
    Step.RESUME: ("resumption", {}),
    Step.EXTEND: ("extension", {"working_days": 2, "reason": "核实"}),
    Step.DECIDE: ("decision", {"result": "granted", "opinion": "准予"}),
    Step.TRANSFER_ON: ("transfer-on", {"location": "620103-RS", "reason": "户籍"}),
    Step.LATER_CHECK: ("later-check", {"kept": False, "finding": "不实"}),
    Step.REVOKE: ("revocation", {"reason": "不实"}),
    Step.RETURN_TO_WINDOW: ("window-return", {"reason": "申请表不是本人签名"}),
    Step.PREREVIEW: ("prereview", {"answer": "send_paper"}),
    Step.ARRIVE: ("arrival", {}),
    Step.VERIFY: ("verification", {"materials": ["M1"], "passed": True, "how": "original_seen"}),
    Step.ANSWER_DONE: ("answer", {"answer": "done"}),
    Step.ANSWER_GAPS: ("answer", {"answer": "gaps", "gaps": []}),
    Step.ANSWER_IMPOSSIBLE: ("answer", {"answer": "impossible", "note": "无法办理"}),
}
_PAIRS = [(status, step) for status in Status for step in _DOORS]


async def _put(house: House, handoff: str, status: Status) -> None:
    """The handoff as if it had come to this status by itself."""
    clock, state = _CLOCKS.get(status, ({"stretches": [], "extensions": []}, "not_started"))
    closed = "now()" if status in handoffs.FINAL else "NULL"
    held = "NULL" if status in handoffs.FINAL else "'officer-1'"
    result = "'granted'" if status is Status.DECIDED else "NULL"
    await house.rows("DELETE FROM watch")
    await house.rows(
        f"UPDATE handoff SET status = :status, clock = CAST(:clock AS jsonb), clock_state = :state,"
        f" clock_revision = clock_revision + 1, closed_at = {closed}, holder = {held},"
        f" lease_until = NULL, bound = {held} IS NOT NULL, result = {result},"
        f" version = version + 1, outcome = NULL, returned_at = NULL WHERE id = :id",
        status=status.value,
        clock=json.dumps(clock),
        state=state,
        id=handoff,
    )


@pytest.mark.timeout(600)
async def test_every_status_and_step_is_allowed_or_told_what_is(house: House) -> None:
    special = [
        {"code": "S1", "name": "专家评审", "category": "expert_review", "max_working_days": 30}
    ]
    document = item_document(
        "RS-002",
        version=2,
        special_procedures=special,
        limits={"extension_max": {"value": 5}, "promised": {"value": 10}},
    )
    await house.publish(document)
    supervisor = house.token("supervisor", "620102-RS", subject="officer-1", division="620102")
    walked = {}
    for status, step in _PAIRS:
        number = await house.receive(item_version=2, commitment={"materials": ["M2"]})
        handoff = await house.handoff_of(number)
        await _put(house, handoff, status)
        if step is Step.REVOKE and status is Status.DECIDED:
            check = "later-check", _DOORS[Step.LATER_CHECK][1]
            await house.post(f"/handoffs/{handoff}/{check[0]}", supervisor, **check[1])
        path, body = _DOORS[step]
        answer = await house.post(f"/handoffs/{handoff}/{path}", supervisor, **body)
        walked[status, step] = answer.status_code
        said = duties.may(Mode.FULL_ONLINE, status, step, Side.HANDLING)
        if isinstance(said, Allowed):
            assert answer.status_code == 200, (status, step, answer.text)
            continue
        problem = answer.json()
        assert answer.status_code == 409, (status, step, answer.text)
        if said.because is Because.STATUS:
            assert (status, step) not in MOVES
            assert problem["code"] == "handoff-step-not-allowed"
            # To whoever asks: nobody is sent to a step that is another's, or of another mode.
            assert problem["allowed"] == [
                each.value
                for each in Step
                if isinstance(duties.may(Mode.FULL_ONLINE, status, each, Side.HANDLING), Allowed)
            ]
            assert status.zh in problem["detail"]
        else:
            assert (problem["code"], problem["because"]) == ("not-your-step", said.because)
            assert step.value not in problem["allowed"]
    assert len(walked) == len(Status) * len(_DOORS)
