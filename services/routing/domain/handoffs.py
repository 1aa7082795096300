"""A handoff's legal status, the steps that change it, and how it can end."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from services.routing.domain.words import Named
from shared.errors import ConflictError


class Status(Named):
    PENDING = "pending", "待接收"
    RECEIVED = "received", "已接收"
    NOTICED = "noticed", "待补正"
    ACCEPTED = "accepted", "已受理"
    SUSPENDED = "suspended", "特别程序中"
    DECIDED = "decided", "已办结"
    REFUSED = "refused", "不予受理"
    CLOSED = "closed", "已终结"


class Step(Named):
    PREREVIEW = "prereview", "网上预审"
    ARRIVE = "arrive", "接收"
    VERIFY = "verify", "核验原件"
    ACCEPT = "accept", "受理"
    DEEM_ACCEPTED = "deem_accepted", "视为受理"
    REFUSE = "refuse", "不予受理"
    NOTICE = "notice", "一次性告知"
    SUPPLEMENT = "supplement", "补正"
    RETURN_TO_WINDOW = "return_to_window", "退回收件窗口"
    HAND_BACK = "hand_back", "窗口更正后交回"
    SUSPEND = "suspend", "启动特别程序"
    RESUME = "resume", "恢复计时"
    EXTEND = "extend", "延期"
    DECIDE = "decide", "决定"
    ANSWER_DONE = "answer_done", "协办完成"
    ANSWER_GAPS = "answer_gaps", "协办提出缺项"
    ANSWER_IMPOSSIBLE = "answer_impossible", "协办无法办理"
    TRANSFER_ON = "transfer_on", "转办"
    WITHDRAW = "withdraw", "撤回申请"
    LAPSE = "lapse", "逾期未补正"
    CANCEL = "cancel", "取消"
    HAND_OVER = "hand_over", "送达结果"
    LATER_CHECK = "later_check", "事后核查"
    REVOKE = "revoke", "撤销决定"


class Outcome(Named):
    """Why a handoff closed without standing as decided."""

    WITHDRAWN = "withdrawn", "申请人撤回"
    LAPSED = "lapsed", "逾期未补正"
    RETURNED = "returned", "逾期未补正，退回申请"
    CANCELLED = "cancelled", "已取消"
    TRANSFERRED_ON = "transferred_on", "已转办"
    FAILED = "failed", "协办无法办理"
    REVOKED = "revoked", "决定已撤销"


# A supplement outside `noticed` is what was deferred (容缺) or volunteered: it changes no status.
# A notice after acceptance tells what turned up late; the clock runs on, so the status stays. A
# lead whose own step is done still speaks to the applicant for the branches after it.
# Going back to the window mends the window's own mistake: nothing changes for the applicant.
MOVES: Mapping[tuple[Status, Step], Status] = MappingProxyType(
    {
        (Status.PENDING, Step.PREREVIEW): Status.PENDING,
        (Status.PENDING, Step.SUPPLEMENT): Status.PENDING,
        (Status.PENDING, Step.VERIFY): Status.PENDING,
        (Status.PENDING, Step.RETURN_TO_WINDOW): Status.PENDING,
        (Status.PENDING, Step.HAND_BACK): Status.PENDING,
        (Status.PENDING, Step.ARRIVE): Status.RECEIVED,
        (Status.PENDING, Step.REFUSE): Status.REFUSED,
        (Status.PENDING, Step.TRANSFER_ON): Status.CLOSED,
        (Status.PENDING, Step.WITHDRAW): Status.CLOSED,
        (Status.PENDING, Step.CANCEL): Status.CLOSED,
        (Status.RECEIVED, Step.SUPPLEMENT): Status.RECEIVED,
        (Status.RECEIVED, Step.VERIFY): Status.RECEIVED,
        (Status.RECEIVED, Step.RETURN_TO_WINDOW): Status.RECEIVED,
        (Status.RECEIVED, Step.HAND_BACK): Status.RECEIVED,
        (Status.RECEIVED, Step.ACCEPT): Status.ACCEPTED,
        (Status.RECEIVED, Step.DEEM_ACCEPTED): Status.ACCEPTED,
        (Status.RECEIVED, Step.REFUSE): Status.REFUSED,
        (Status.RECEIVED, Step.NOTICE): Status.NOTICED,
        (Status.RECEIVED, Step.ANSWER_DONE): Status.DECIDED,
        (Status.RECEIVED, Step.ANSWER_GAPS): Status.NOTICED,
        (Status.RECEIVED, Step.ANSWER_IMPOSSIBLE): Status.CLOSED,
        (Status.RECEIVED, Step.TRANSFER_ON): Status.CLOSED,
        (Status.RECEIVED, Step.WITHDRAW): Status.CLOSED,
        (Status.RECEIVED, Step.CANCEL): Status.CLOSED,
        (Status.NOTICED, Step.SUPPLEMENT): Status.RECEIVED,
        (Status.NOTICED, Step.VERIFY): Status.NOTICED,
        (Status.NOTICED, Step.REFUSE): Status.REFUSED,
        (Status.NOTICED, Step.LAPSE): Status.CLOSED,
        (Status.NOTICED, Step.WITHDRAW): Status.CLOSED,
        (Status.NOTICED, Step.CANCEL): Status.CLOSED,
        (Status.ACCEPTED, Step.SUPPLEMENT): Status.ACCEPTED,
        (Status.ACCEPTED, Step.VERIFY): Status.ACCEPTED,
        (Status.ACCEPTED, Step.NOTICE): Status.ACCEPTED,
        (Status.ACCEPTED, Step.RETURN_TO_WINDOW): Status.ACCEPTED,
        (Status.ACCEPTED, Step.HAND_BACK): Status.ACCEPTED,
        (Status.ACCEPTED, Step.EXTEND): Status.ACCEPTED,
        (Status.ACCEPTED, Step.SUSPEND): Status.SUSPENDED,
        (Status.ACCEPTED, Step.DECIDE): Status.DECIDED,
        (Status.ACCEPTED, Step.ANSWER_DONE): Status.DECIDED,
        (Status.ACCEPTED, Step.ANSWER_IMPOSSIBLE): Status.CLOSED,
        (Status.ACCEPTED, Step.WITHDRAW): Status.CLOSED,
        (Status.ACCEPTED, Step.CANCEL): Status.CLOSED,
        (Status.SUSPENDED, Step.SUPPLEMENT): Status.SUSPENDED,
        (Status.SUSPENDED, Step.VERIFY): Status.SUSPENDED,
        (Status.SUSPENDED, Step.RESUME): Status.ACCEPTED,
        (Status.SUSPENDED, Step.WITHDRAW): Status.CLOSED,
        (Status.SUSPENDED, Step.CANCEL): Status.CLOSED,
        (Status.DECIDED, Step.SUPPLEMENT): Status.DECIDED,
        (Status.DECIDED, Step.NOTICE): Status.DECIDED,
        (Status.DECIDED, Step.HAND_OVER): Status.DECIDED,
        (Status.DECIDED, Step.LATER_CHECK): Status.DECIDED,
        (Status.DECIDED, Step.REVOKE): Status.CLOSED,
    }
)

OUTCOMES: Mapping[Step, Outcome] = MappingProxyType(
    {
        Step.TRANSFER_ON: Outcome.TRANSFERRED_ON,
        Step.WITHDRAW: Outcome.WITHDRAWN,
        Step.LAPSE: Outcome.LAPSED,
        Step.CANCEL: Outcome.CANCELLED,
        Step.ANSWER_IMPOSSIBLE: Outcome.FAILED,
        Step.REVOKE: Outcome.REVOKED,
    }
)

OPEN = frozenset(
    {Status.PENDING, Status.RECEIVED, Status.NOTICED, Status.ACCEPTED, Status.SUSPENDED}
)
FINAL = frozenset(Status) - OPEN

_ALLOWED: Mapping[Status, tuple[Step, ...]] = MappingProxyType(
    {status: tuple(step for step in Step if (status, step) in MOVES) for status in Status}
)


class StepNotAllowedError(ConflictError):
    """Says where the handoff stands and what it allows from there: by the law's table alone, or
    to whoever asked."""

    code = "handoff-step-not-allowed"

    def __init__(self, status: Status, step: Step, may: Sequence[Step] | None = None) -> None:
        self.status = status
        self.step = step
        self.allowed = allowed(status) if may is None else tuple(may)
        can = "、".join(each.zh for each in self.allowed) or "无"
        super().__init__(
            f"当前状态为“{status.zh}”，不能进行“{step.zh}”；可以进行：{can}",
            f"cannot {step} a handoff that is {status}; "
            f"allowed: {', '.join(self.allowed) or 'nothing'}",
            status=status.value,
            step=step.value,
            allowed=[each.value for each in self.allowed],
        )


def after(status: Status, step: Step) -> Status:
    try:
        return MOVES[status, step]
    except KeyError:
        raise StepNotAllowedError(status, step) from None


def allowed(status: Status) -> tuple[Step, ...]:
    """What the law's table allows; duties.py says to whom."""
    return _ALLOWED[status]


def outcome_of(step: Step) -> Outcome | None:
    return OUTCOMES.get(step)
