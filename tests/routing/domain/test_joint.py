"""Stages open exactly once, gaps become one notice, and an end in the middle closes the rest."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.handoffs import Outcome, Status, Step
from services.routing.domain.joint import (
    Answer,
    BranchesOpenError,
    Cause,
    MergedGap,
    StepState,
    check_may_grant,
    decided,
    merge_gaps,
    opening_status,
    ready_to_notify,
    supplemented,
    to_close,
    to_open,
    unanswered,
)
from services.routing.domain.notices import Gap


def lead(id_: str, stage: int, status: Status | None = None, *, decides: bool = True) -> StepState:
    return StepState(id_, stage, True, stage == 1, decides, status)


def branch(id_: str, stage: int, status: Status | None = None) -> StepState:
    return StepState(id_, stage, False, False, False, status)


def with_status(steps: Sequence[StepState], **status: Status) -> list[StepState]:
    return [replace(step, status=status.get(step.id, step.status)) for step in steps]


MOVE = (lead("permit", 1, decides=False), branch("out", 2), lead("settle", 3))


def test_the_first_stage_opens_at_once_and_the_next_when_it_is_done() -> None:
    assert to_open(MOVE) == ("permit",)
    steps = with_status(MOVE, permit=Status.ACCEPTED)
    assert to_open(steps) == ()
    steps = with_status(MOVE, permit=Status.DECIDED)
    assert to_open(steps) == ("out",)
    steps = with_status(MOVE, permit=Status.DECIDED, out=Status.RECEIVED)
    assert to_open(steps) == ()
    steps = with_status(MOVE, permit=Status.DECIDED, out=Status.DECIDED)
    assert to_open(steps) == ("settle",)


def test_parallel_steps_open_the_next_stage_once_whoever_is_last() -> None:
    steps = [lead("a", 1, Status.DECIDED, decides=False), branch("b", 1, Status.RECEIVED),
             branch("c", 2), branch("d", 2), lead("e", 3)]  # fmt: skip
    assert to_open(steps) == ()
    steps = with_status(steps, b=Status.DECIDED)
    assert to_open(steps) == ("c", "d")
    assert to_open(with_status(steps, c=Status.RECEIVED, d=Status.RECEIVED)) == ()


def test_a_lead_that_decides_at_the_end_lets_the_branches_start_once_it_has_accepted() -> None:
    steps = [lead("lead", 1, Status.RECEIVED), branch("b", 2)]
    assert to_open(steps) == ()
    assert to_open(with_status(steps, lead=Status.ACCEPTED)) == ("b",)
    assert to_open(with_status(steps, lead=Status.SUSPENDED)) == ("b",)


@pytest.mark.parametrize("status", [Status.REFUSED, Status.CLOSED])
def test_nothing_opens_once_a_step_has_failed(status: Status) -> None:
    steps = [lead("a", 1, Status.DECIDED, decides=False), branch("b", 1, status), branch("c", 2)]
    assert to_open(steps) == ()


def test_what_was_handed_on_is_replaced_and_holds_nothing_up() -> None:
    wrong = replace(branch("out", 2, Status.CLOSED), outcome=Outcome.TRANSFERRED_ON)
    steps = [lead("permit", 1, Status.DECIDED, decides=False), wrong,
             branch("out-2", 2, Status.DECIDED), lead("settle", 3)]  # fmt: skip
    assert to_open(steps) == ("settle",)
    check_may_grant(steps, "settle")


def test_in_what_status_a_step_opens() -> None:
    assert opening_status(MOVE[0], awaits_paper=False) is Status.RECEIVED
    assert opening_status(MOVE[0], awaits_paper=True) is Status.PENDING
    assert opening_status(MOVE[1], awaits_paper=False) is Status.RECEIVED
    assert opening_status(MOVE[2], awaits_paper=False) is Status.ACCEPTED


def test_gaps_of_several_places_become_one_notice() -> None:
    answers = [
        Answer("h1", "LZ", (Gap("M2", "缺第二页"), Gap("M3", "未盖章"))),
        Answer("h2", "CD", (Gap("M3", "未盖章"), Gap("M3", "日期不清"))),
    ]
    assert merge_gaps(answers, own=[Gap("M2", "照片不清")]) == (
        MergedGap("M2", ("照片不清", "缺第二页"), ("LZ",)),
        MergedGap("M3", ("未盖章", "日期不清"), ("LZ", "CD")),
    )
    assert merge_gaps([]) == ()


def test_the_lead_waits_for_the_branches_that_still_look() -> None:
    steps = [lead("a", 1, Status.RECEIVED), branch("b", 1, Status.NOTICED),
             branch("c", 1, Status.RECEIVED)]  # fmt: skip
    assert not ready_to_notify(steps)
    assert unanswered(steps) == ("c",)
    steps = with_status(steps, c=Status.DECIDED)
    assert ready_to_notify(steps)
    assert not ready_to_notify(with_status(steps, b=Status.DECIDED))
    noticed = with_status(steps, a=Status.NOTICED)
    assert supplemented(noticed) == ("a", "b")


def test_granting_needs_every_answer() -> None:
    steps = [lead("a", 1, Status.ACCEPTED), branch("b", 1, Status.RECEIVED), branch("c", 2)]
    with pytest.raises(BranchesOpenError) as refusal:
        check_may_grant(steps, "a")
    assert refusal.value.facts["waiting"] == ["b", "c"]
    check_may_grant(with_status(steps, b=Status.DECIDED, c=Status.DECIDED), "a")


def test_a_withdrawal_closes_what_is_open_and_leaves_what_is_done() -> None:
    steps = with_status(MOVE, permit=Status.DECIDED, out=Status.RECEIVED)
    assert to_close(steps, Cause.WITHDRAWN) == (("out", Step.WITHDRAW), ("settle", Step.CANCEL))
    assert to_close(steps, Cause.FAILED) == (("out", Step.CANCEL), ("settle", Step.CANCEL))
    assert to_close(steps, Cause.FAILED, spared="settle") == (("out", Step.CANCEL),)
    assert not decided(steps)
    assert decided(with_status(MOVE, settle=Status.DECIDED))


stages = st.lists(
    st.tuples(st.integers(1, 3), st.none() | st.sampled_from(Status)), min_size=1, max_size=7
)


@given(stages)
def test_opening_never_skips_a_stage_and_never_repeats(
    plan: list[tuple[int, Status | None]],
) -> None:
    steps = [branch(str(i), stage, status) for i, (stage, status) in enumerate(plan)]
    opened = to_open(steps)
    by_id = {step.id: step for step in steps}
    assert len({by_id[each].stage for each in opened}) <= 1
    for each in opened:
        assert by_id[each].status is None
        assert all(s.status is Status.DECIDED for s in steps if s.stage < by_id[each].stage)
    after = with_status(steps, **dict.fromkeys(opened, Status.RECEIVED))
    assert not set(to_open(after)) & set(opened)


@given(stages)
def test_closing_leaves_nothing_open(plan: list[tuple[int, Status | None]]) -> None:
    steps = [branch(str(i), stage, status) for i, (stage, status) in enumerate(plan)]
    closing = dict(to_close(steps, Cause.FAILED))
    left = with_status(steps, **dict.fromkeys(closing, Status.CLOSED))
    assert to_close(left, Cause.FAILED) == ()
    assert to_open(left) == ()
