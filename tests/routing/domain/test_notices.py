"""Everything at once, nothing invented, nothing added later."""

import pytest

from services.routing.domain.notices import ApprovalNeededError, Gap, check, still_unmet
from shared.errors import InvalidError

POINTS = {"M1", "M2", "employer"}


def test_a_first_notice_names_what_the_item_names() -> None:
    check([Gap("M1", "缺第二页"), Gap("employer", "未填写")], points=POINTS)


def test_every_fault_of_a_notice_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as refusal:
        check([Gap("M9", "另外再要"), Gap("M1", "  "), Gap("M8", "")], points=POINTS)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [
        ("/faults/0/material_code", "notice-not-published"),
        ("/faults/1/text", "notice-text-missing"),
        ("/faults/2/material_code", "notice-not-published"),
        ("/faults/2/text", "notice-text-missing"),
    ]
    with pytest.raises(InvalidError, match="1 fault,"):
        check([], points=POINTS)


def test_a_repeat_only_repeats_and_needs_a_supervisor() -> None:
    with pytest.raises(ApprovalNeededError):
        check([Gap("M1", "仍缺第二页")], points=POINTS, unmet={"M1"})
    check([Gap("M1", "仍缺第二页")], points=POINTS, unmet={"M1"}, approved=True)
    with pytest.raises(InvalidError) as refusal:
        check([Gap("M2", "忘了说")], points=POINTS, unmet={"M1"}, approved=True)
    assert [fault.code for fault in refusal.value.faults] == ["notice-adds"]


def test_after_a_full_supplement_nothing_is_unmet() -> None:
    noticed = [Gap("M1", "缺第二页"), Gap("M2", "未盖章")]
    assert still_unmet(noticed, {"M1"}) == (Gap("M2", "未盖章"),)
    assert still_unmet(noticed, {"M1", "M2"}) == ()
