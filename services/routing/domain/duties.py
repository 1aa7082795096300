"""Who may take which step, as a table: mode, step, side, and the powers agreements delegate."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.routing.domain import handoffs
from services.routing.domain.handoffs import MOVES, Status, Step
from services.routing.domain.words import LocationKind, Mode, Named, Power, Side


class Approval(Named):
    SUPERVISOR = "supervisor", "须经科长批准"


class Because(Named):
    """Why somebody may not; the values are stable codes."""

    STATUS = "status", "当前状态不允许这一步骤"
    MODE = "mode", "这一办理模式没有这一步骤"
    STAGE = "stage", "这一步骤在这一办理模式下不能在当前状态进行"
    SIDE = "side", "这一步骤由其他一方进行"
    THROUGH_WINDOW = "through-window", "申请人通过收件窗口或网上提出，由办理地处理"
    AS_ITS_PLACE = "as-its-place", "合作方以其所在地（收件地或办理地）的身份操作"
    POWER = "power", "未获授权：协议没有把这一权力委托给收件地"
    NOT_AN_ORGAN = "not-an-organ", "代办点只能代收代传，不能接受行政委托（行政许可法第24条）"


_ENGLISH = {
    Because.STATUS: "the handoff's status does not allow this step",
    Because.MODE: "this mode of handling has no such step",
    Because.STAGE: "in this mode the step cannot be taken from this status",
    Because.SIDE: "this step belongs to another side",
    Because.THROUGH_WINDOW: "the applicant asks at the window or online; the handling place acts",
    Because.AS_ITS_PLACE: "a partner acts as the place it is, receiving or handling",
    Because.POWER: "no agreement delegates this power to the receiving place",
    Because.NOT_AN_ORGAN: (
        "an agent collects and transmits; powers go to administrative organs only "
        "(Administrative Licensing Law, article 24)"
    ),
}

ONE_PLACE = frozenset({Mode.FULL_ONLINE, Mode.REMOTE_COLLECTION})
PAPER = frozenset({Mode.REMOTE_COLLECTION, Mode.JOINT_HANDLING})
JOINT = frozenset({Mode.JOINT_HANDLING})
ALL = frozenset(Mode)

_OFFICES = frozenset({Side.HANDLING})
_DECIDERS = frozenset({Side.LEAD})
_JOINT_PLACES = frozenset({Side.LEAD, Side.BRANCH})


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the table: in these modes these sides may take the step.

    `statuses` narrows what MOVES allows; `power` is what the receiving window needs, nobody else.
    """

    step: Step
    modes: frozenset[Mode]
    sides: frozenset[Side]
    power: Power | None = None
    approval: Approval | None = None
    statuses: frozenset[Status] | None = None


_WINDOW = frozenset({Side.RECEIVING})
_SYSTEM = frozenset({Side.SYSTEM})
_UNDECIDED = frozenset({Status.RECEIVED, Status.ACCEPTED})

DUTIES: tuple[Duty, ...] = (
    # Before acceptance
    Duty(Step.PREREVIEW, frozenset({Mode.REMOTE_COLLECTION}), _OFFICES | {Side.DESK}),
    Duty(Step.PREREVIEW, JOINT, _JOINT_PLACES | {Side.DESK}),
    Duty(Step.ARRIVE, ALL, _SYSTEM),
    Duty(Step.ARRIVE, frozenset({Mode.REMOTE_COLLECTION}), _OFFICES | {Side.DESK}),
    Duty(Step.ARRIVE, JOINT, _JOINT_PLACES | {Side.DESK}),
    Duty(Step.VERIFY, PAPER, _WINDOW, power=Power.VERIFY),
    Duty(Step.VERIFY, frozenset({Mode.REMOTE_COLLECTION}), _OFFICES | {Side.DESK}),
    Duty(Step.VERIFY, JOINT, _JOINT_PLACES | {Side.DESK}),
    Duty(Step.ACCEPT, ALL, _WINDOW, power=Power.ACCEPT),
    Duty(Step.ACCEPT, ONE_PLACE, _OFFICES),
    Duty(Step.ACCEPT, JOINT, _DECIDERS),
    Duty(Step.DEEM_ACCEPTED, ALL, _SYSTEM),
    Duty(Step.REFUSE, ONE_PLACE, _OFFICES),
    Duty(Step.REFUSE, JOINT, _DECIDERS),
    Duty(Step.NOTICE, ALL, _WINDOW, power=Power.NOTIFY, statuses=_UNDECIDED),
    Duty(Step.NOTICE, ONE_PLACE, _OFFICES, statuses=frozenset({Status.RECEIVED})),
    Duty(Step.NOTICE, JOINT, _DECIDERS),
    Duty(Step.SUPPLEMENT, ALL, _WINDOW),
    Duty(Step.SUPPLEMENT, PAPER, frozenset({Side.DESK})),
    Duty(Step.LAPSE, ALL, _SYSTEM),
    # Between the two places
    Duty(Step.RETURN_TO_WINDOW, ONE_PLACE, _OFFICES | {Side.DESK}),
    Duty(Step.RETURN_TO_WINDOW, JOINT, _DECIDERS | {Side.DESK}),
    Duty(Step.HAND_BACK, ALL, _WINDOW),
    Duty(Step.TRANSFER_ON, ONE_PLACE, _OFFICES),
    Duty(Step.TRANSFER_ON, JOINT, _JOINT_PLACES),
    # After acceptance
    Duty(Step.SUSPEND, ONE_PLACE, _OFFICES),
    Duty(Step.SUSPEND, JOINT, _DECIDERS),
    Duty(Step.RESUME, ONE_PLACE, _OFFICES | _SYSTEM),
    Duty(Step.RESUME, JOINT, _DECIDERS | _SYSTEM),
    Duty(Step.EXTEND, ONE_PLACE, _OFFICES, approval=Approval.SUPERVISOR),
    Duty(Step.EXTEND, JOINT, _DECIDERS, approval=Approval.SUPERVISOR),
    Duty(Step.DECIDE, ONE_PLACE, _OFFICES),
    Duty(Step.DECIDE, JOINT, _DECIDERS),
    # Answers between several places: a branch is not the applicant's counterpart, the lead is
    Duty(Step.ANSWER_DONE, JOINT, frozenset({Side.BRANCH})),
    Duty(Step.ANSWER_DONE, JOINT, _DECIDERS, statuses=frozenset({Status.ACCEPTED})),
    Duty(Step.ANSWER_GAPS, JOINT, frozenset({Side.BRANCH})),
    Duty(Step.ANSWER_IMPOSSIBLE, JOINT, frozenset({Side.BRANCH})),
    # Ending
    Duty(Step.WITHDRAW, ALL, _WINDOW),
    Duty(Step.CANCEL, ALL, frozenset({Side.OPS}) | _SYSTEM),
    Duty(Step.CANCEL, JOINT, _DECIDERS, approval=Approval.SUPERVISOR),
    Duty(Step.HAND_OVER, ALL, _WINDOW, power=Power.HAND_OVER),
    Duty(Step.HAND_OVER, ONE_PLACE, _OFFICES | {Side.DESK}),
    Duty(Step.HAND_OVER, JOINT, _DECIDERS | {Side.DESK}),
    Duty(Step.LATER_CHECK, ONE_PLACE, _OFFICES),
    Duty(Step.LATER_CHECK, JOINT, _DECIDERS),
    Duty(Step.REVOKE, ONE_PLACE, _OFFICES, approval=Approval.SUPERVISOR),
    Duty(Step.REVOKE, JOINT, _DECIDERS, approval=Approval.SUPERVISOR),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    because: Because
    reason_zh: str
    reason_en: str
    sides: tuple[Side, ...] = ()
    power: Power | None = None


def may(
    mode: Mode,
    status: Status,
    step: Step,
    side: Side,
    *,
    powers: frozenset[Power] = frozenset(),
    location_kind: LocationKind = LocationKind.CENTRE,
) -> Allowed | Refused:
    """Law, then mode, side, power: the first that stands in the way is the reason."""
    if (status, step) not in MOVES:
        return _refused(Because.STATUS, _where(status))
    in_mode = [duty for duty in DUTIES if duty.step is step and mode in duty.modes]
    if not in_mode:
        return _refused(Because.MODE, mode.zh)
    fitting = [duty for duty in in_mode if duty.statuses is None or status in duty.statuses]
    own = next((duty for duty in fitting if side in duty.sides), None)
    if own is None:
        return _not_theirs(in_mode, fitting, side)
    return _with_power(own, powers, location_kind)


def _not_theirs(in_mode: list[Duty], fitting: list[Duty], side: Side) -> Refused:
    if side is Side.APPLICANT:
        return _refused(Because.THROUGH_WINDOW)
    if side is Side.PARTNER:
        return _refused(Because.AS_ITS_PLACE)
    if any(side in duty.sides for duty in in_mode):
        return _refused(Because.STAGE)
    sides = tuple(each for each in Side if any(each in duty.sides for duty in fitting))
    return _refused(Because.SIDE, "、".join(each.zh for each in sides), sides=sides)


def _with_power(
    duty: Duty, powers: frozenset[Power], location_kind: LocationKind
) -> Allowed | Refused:
    if duty.power is None:
        return Allowed(duty.approval)
    if location_kind is LocationKind.AGENT:
        return _refused(Because.NOT_AN_ORGAN, power=duty.power)
    if duty.power not in powers:
        return _refused(Because.POWER, duty.power.zh, power=duty.power)
    return Allowed(duty.approval)


def _where(status: Status) -> str:
    can = "、".join(step.zh for step in handoffs.allowed(status)) or "无"
    return f"{status.zh}；可以进行：{can}"


def _refused(
    because: Because, more: str = "", *, sides: tuple[Side, ...] = (), power: Power | None = None
) -> Refused:
    zh = f"{because.zh}（{more}）" if more else because.zh
    return Refused(because, zh, _ENGLISH[because], sides, power)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the printed table; `answer` supposes every power is delegated."""

    mode: Mode
    status: Status
    step: Step
    side: Side
    answer: Allowed | Refused
    power: Power | None


def table() -> Iterator[Row]:
    """Every (mode, status, step, side), in the order a case is read."""
    everything = frozenset(Power)
    for mode in Mode:
        for status in Status:
            for step in Step:
                for side in Side:
                    answer = may(mode, status, step, side, powers=everything)
                    yield Row(mode, status, step, side, answer, _power(mode, step, side))


def _power(mode: Mode, step: Step, side: Side) -> Power | None:
    lines = (duty for duty in DUTIES if duty.step is step and mode in duty.modes)
    return next((duty.power for duty in lines if side in duty.sides), None)
