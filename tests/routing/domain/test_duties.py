"""The duties table walked whole, and its sentences said aloud."""

from itertools import product

import pytest

from services.routing.domain.duties import (
    DUTIES,
    Allowed,
    Approval,
    Because,
    Refused,
    may,
    table,
)
from services.routing.domain.handoffs import MOVES, Status, Step
from services.routing.domain.words import LocationKind, Mode, Power, Side

EVERY_POWER = frozenset(Power)

# step: who may take it where one place decides, and where several do; `(power)` needs delegation,
# `!` a supervisor's approval, `-` no such step in that mode.
WHO = {
    "prereview": ("-", "handling desk", "lead branch desk"),
    "arrive": ("system", "handling desk system", "lead branch desk system"),
    "verify": ("-", "handling desk receiving(verify)", "lead branch desk receiving(verify)"),
    "accept": ("handling receiving(accept)",) * 2 + ("lead receiving(accept)",),
    "deem_accepted": ("system",) * 3,
    "refuse": ("handling", "handling", "lead"),
    "supplement": ("receiving", "receiving desk", "receiving desk"),
    "return_to_window": ("handling desk", "handling desk", "lead desk"),
    "hand_back": ("receiving",) * 3,
    "suspend": ("handling", "handling", "lead"),
    "resume": ("handling system", "handling system", "lead system"),
    "extend": ("handling!", "handling!", "lead!"),
    "decide": ("handling", "handling", "lead"),
    "answer_gaps": ("-", "-", "branch"),
    "answer_impossible": ("-", "-", "branch"),
    "transfer_on": ("handling", "handling", "lead branch"),
    "withdraw": ("receiving",) * 3,
    "lapse": ("system",) * 3,
    "cancel": ("ops system", "ops system", "ops system lead!"),
    "hand_over": ("handling desk receiving(hand_over)",) * 2 + ("lead desk receiving(hand_over)",),
    "later_check": ("handling", "handling", "lead"),
    "revoke": ("handling!", "handling!", "lead!"),
}
# These two depend on the status as well.
BY_STATUS = {
    ("notice", "received"): ("handling receiving(notify)",) * 2 + ("lead receiving(notify)",),
    ("notice", "accepted"): ("receiving(notify)",) * 2 + ("lead receiving(notify)",),
    # A lead whose own step is done still speaks for its branches.
    ("notice", "decided"): ("", "", "lead"),
    ("answer_done", "received"): ("-", "-", "branch"),
    ("answer_done", "accepted"): ("-", "-", "lead branch"),
}


def expected(mode: Mode, status: Status, step: Step) -> dict[str, tuple[str | None, bool]]:
    """Side -> (power it needs, whether a supervisor approves); empty where nobody may."""
    if (status, step) not in MOVES:
        return {}
    columns = BY_STATUS.get((step.value, status.value)) or WHO[step.value]
    sides: dict[str, tuple[str | None, bool]] = {}
    for word in columns[list(Mode).index(mode)].replace("-", "").split():
        side, _, power = word.rstrip("!)").partition("(")
        sides[side] = (power or None, word.endswith("!"))
    return sides


@pytest.mark.parametrize(("mode", "status"), list(product(Mode, Status)))
def test_every_side_is_allowed_or_refused_with_the_reason(mode: Mode, status: Status) -> None:
    for step, side in product(Step, Side):
        sides = expected(mode, status, step)
        answer = may(mode, status, step, side, powers=EVERY_POWER)
        if side.value in sides:
            power, approval = sides[side.value]
            wanted = Allowed(Approval.SUPERVISOR if approval else None)
            assert answer == wanted, (step, side)
            bare = may(mode, status, step, side)
            if power is None:
                assert bare == wanted
            else:
                assert isinstance(bare, Refused)
                assert (bare.because, bare.power) == (Because.POWER, Power(power))
            continue
        assert isinstance(answer, Refused), (step, side)
        assert answer.reason_zh.startswith(answer.because.zh)
        assert answer.reason_en
        if (status, step) not in MOVES:
            assert answer.because is Because.STATUS


def test_the_printed_table_has_every_line_once() -> None:
    rows = list(table())
    assert len(rows) == len(Mode) * len(Status) * len(Step) * len(Side)
    assert len({(r.mode, r.status, r.step, r.side) for r in rows}) == len(rows)
    delegated = {row.power for row in rows if isinstance(row.answer, Allowed)} - {None}
    assert delegated == EVERY_POWER


@pytest.mark.parametrize(("mode", "status", "step"), list(product(Mode, Status, Step)))
def test_an_agent_never_uses_a_delegated_power(mode: Mode, status: Status, step: Step) -> None:
    answer = may(
        mode,
        status,
        step,
        Side.RECEIVING,
        powers=EVERY_POWER,
        location_kind=LocationKind.AGENT,
    )
    organ = may(mode, status, step, Side.RECEIVING)
    if isinstance(organ, Refused) and organ.because is Because.POWER:
        assert isinstance(answer, Refused)
        assert answer.because is Because.NOT_AN_ORGAN
    else:
        assert answer == organ


def test_an_agent_still_collects_and_transmits() -> None:
    for step, status in ((Step.SUPPLEMENT, Status.NOTICED), (Step.WITHDRAW, Status.RECEIVED)):
        answer = may(
            Mode.REMOTE_COLLECTION,
            status,
            step,
            Side.RECEIVING,
            location_kind=LocationKind.AGENT,
        )
        assert answer == Allowed()


@pytest.mark.parametrize(("mode", "status", "step"), list(product(Mode, Status, Step)))
def test_every_lawful_step_has_somebody_who_may_take_it_in_some_mode(
    mode: Mode, status: Status, step: Step
) -> None:
    answers = [may(mode, status, step, side, powers=EVERY_POWER) for side in Side]
    able = any(isinstance(answer, Allowed) for answer in answers)
    missing = {answer.because for answer in answers if isinstance(answer, Refused)}
    for_others = (status, step) == (Status.DECIDED, Step.NOTICE)
    there = Because.MODE not in missing and (mode is Mode.JOINT_HANDLING or not for_others)
    assert able == ((status, step) in MOVES and there)


def test_the_applicant_and_a_partner_system_are_told_how_it_is_done() -> None:
    applicant = may(Mode.FULL_ONLINE, Status.RECEIVED, Step.WITHDRAW, Side.APPLICANT)
    partner = may(Mode.FULL_ONLINE, Status.RECEIVED, Step.ACCEPT, Side.PARTNER)
    assert isinstance(applicant, Refused)
    assert applicant.because is Because.THROUGH_WINDOW
    assert isinstance(partner, Refused)
    assert partner.because is Because.AS_ITS_PLACE


def test_a_branch_does_not_speak_to_the_applicant() -> None:
    for step in (Step.NOTICE, Step.ACCEPT, Step.REFUSE):
        answer = may(Mode.JOINT_HANDLING, Status.RECEIVED, step, Side.BRANCH)
        assert isinstance(answer, Refused)
        assert answer.because is Because.SIDE
        assert Side.LEAD in answer.sides


def test_after_acceptance_a_single_office_gives_no_further_notice() -> None:
    """With delegated acceptance it returns the file to the window; the window may tell."""
    answer = may(Mode.REMOTE_COLLECTION, Status.ACCEPTED, Step.NOTICE, Side.HANDLING)
    assert isinstance(answer, Refused)
    assert answer.because is Because.STAGE


def test_no_line_of_the_table_is_idle() -> None:
    for duty in DUTIES:
        used = [
            may(mode, status, duty.step, side, powers=EVERY_POWER)
            for mode, status, side in product(duty.modes, Status, duty.sides)
            if (status, duty.step) in MOVES and (not duty.statuses or status in duty.statuses)
        ]
        assert used
        assert all(isinstance(answer, Allowed) for answer in used)
