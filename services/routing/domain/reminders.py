"""催办 and 视频会商: the office is asked first; unanswered, the supervisors of both places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.routing.domain.terms import Limit, Terms, limit_of
from services.routing.domain.waits import term_of
from services.routing.domain.words import Named
from shared.errors import ConflictError, Fault, InvalidError
from shared.workdays.calendar import Workdays

# No rule gives a term for answering; an item may name its own with `reminder_answer`.
ANSWER_WITHIN = Limit(1)


class Meeting(Named):
    """What became of an appointment."""

    PLANNED = "planned", "已约定"
    HELD = "held", "已举行"
    MISSED = "missed", "未能举行"
    CANCELLED = "cancelled", "已取消"


class NothingToRemindError(ConflictError):
    code = "nothing-to-remind"

    def __init__(self) -> None:
        super().__init__("没有在办的任务可催办", "there is no open work to remind anybody of")


class AppointmentOverError(ConflictError):
    code = "appointment-settled"

    def __init__(self, state: Meeting) -> None:
        super().__init__(
            f"该会商{state.zh}", f"the appointment is {state.value}", state=state.value
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A reminder of before: whether it was answered, or has gone to the supervisors."""

    answered: bool
    raised: bool


def answer_by(
    sent_on: date, terms: Terms, workdays: Workdays, limits: dict[str, Any] | None = None
) -> date:
    within = limit_of((limits or {}).get("reminder_answer")) or ANSWER_WITHIN
    return term_of(within, sent_on, terms, workdays).due


def goes_up(earlier: Sequence[Sent]) -> bool:
    """Asked again while the last one is unanswered: at once to the supervisors."""
    return bool(earlier) and not earlier[-1].answered


def check_start(starts_at: datetime, *, at: datetime) -> None:
    if starts_at <= at:
        raise InvalidError(
            [
                Fault(
                    "/starts_at",
                    "in-the-past",
                    "会商时间应在现在之后",
                    "an appointment lies ahead",
                )
            ]
        )


def settle(state: Meeting, outcome: Meeting) -> Meeting:
    if state is not Meeting.PLANNED:
        raise AppointmentOverError(state)
    return outcome
