"""The state table walked whole, against a copy of it that is read as a jurist would read it."""

import pytest

from services.routing.domain.handoffs import (
    FINAL,
    MOVES,
    OPEN,
    OUTCOMES,
    Outcome,
    Status,
    Step,
    StepNotAllowedError,
    after,
    allowed,
    outcome_of,
)

# status: step -> where it leads; a step that is not named is refused.
LAW = {
    "pending": {
        "prereview": "pending",
        "verify": "pending",
        "supplement": "pending",
        "return_to_window": "pending",
        "hand_back": "pending",
        "arrive": "received",
        "refuse": "refused",
        "transfer_on": "closed",
        "withdraw": "closed",
        "cancel": "closed",
    },
    "received": {
        "verify": "received",
        "supplement": "received",
        "return_to_window": "received",
        "hand_back": "received",
        "accept": "accepted",
        "deem_accepted": "accepted",
        "refuse": "refused",
        "notice": "noticed",
        "answer_done": "decided",
        "answer_gaps": "noticed",
        "answer_impossible": "closed",
        "transfer_on": "closed",
        "withdraw": "closed",
        "cancel": "closed",
    },
    "noticed": {
        "verify": "noticed",
        "supplement": "received",
        "refuse": "refused",
        "lapse": "closed",
        "withdraw": "closed",
        "cancel": "closed",
    },
    "accepted": {
        "verify": "accepted",
        "supplement": "accepted",
        "notice": "accepted",
        "return_to_window": "accepted",
        "hand_back": "accepted",
        "extend": "accepted",
        "suspend": "suspended",
        "decide": "decided",
        "answer_done": "decided",
        "answer_impossible": "closed",
        "withdraw": "closed",
        "cancel": "closed",
    },
    "suspended": {
        "verify": "suspended",
        "supplement": "suspended",
        "resume": "accepted",
        "withdraw": "closed",
        "cancel": "closed",
    },
    "decided": {
        "supplement": "decided",
        "notice": "decided",
        "hand_over": "decided",
        "later_check": "decided",
        "revoke": "closed",
    },
    "refused": {},
    "closed": {},
}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("step", list(Step))
def test_every_step_is_allowed_or_refused_with_what_is_allowed(status: Status, step: Step) -> None:
    leads_to = LAW[status.value].get(step.value)
    if leads_to is not None:
        assert after(status, step).value == leads_to
        return
    with pytest.raises(StepNotAllowedError) as refusal:
        after(status, step)
    assert {each.value for each in refusal.value.allowed} == set(LAW[status.value])
    assert refusal.value.facts["status"] == status.value
    assert status.zh in refusal.value.message_zh
    assert step.zh in refusal.value.message_zh


def test_what_has_ended_is_never_open_again() -> None:
    for (status, _), leads_to in MOVES.items():
        if status in FINAL:
            assert leads_to in FINAL
    assert frozenset(Status) == OPEN | FINAL


def test_whatever_closes_says_how() -> None:
    closing = {step for (_, step), leads_to in MOVES.items() if leads_to is Status.CLOSED}
    assert closing == set(OUTCOMES)
    # What a lapsed supplement comes to is the item's to say: 终结, or 退回.
    assert set(OUTCOMES.values()) | {Outcome.RETURNED} == set(Outcome)
    assert outcome_of(Step.LAPSE) is Outcome.LAPSED
    assert outcome_of(Step.ACCEPT) is None


def test_a_refused_handoff_cannot_be_decided() -> None:
    with pytest.raises(StepNotAllowedError, match="nothing"):
        after(Status.REFUSED, Step.DECIDE)
    assert allowed(Status.REFUSED) == ()


def test_every_status_can_be_reached_and_every_step_be_taken_somewhere() -> None:
    reached, waiting = {Status.PENDING}, [Status.PENDING]
    while waiting:
        status = waiting.pop()
        for step in allowed(status):
            leads_to = after(status, step)
            if leads_to not in reached:
                reached.add(leads_to)
                waiting.append(leads_to)
    assert reached == set(Status)
    assert {step for _, step in MOVES} == set(Step)


def test_the_table_cannot_be_changed_while_running() -> None:
    with pytest.raises(TypeError):
        MOVES[Status.REFUSED, Step.ACCEPT] = Status.ACCEPTED  # type: ignore[index]  # the point
