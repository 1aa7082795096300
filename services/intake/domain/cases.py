"""A case as the window sees it: routing and notify tell, the picture follows.

Each house tells in order, but the two do not wait for each other, and everything may come twice; so
a piece of news says what is so, never "one step on", and nothing that has ended begins again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from services.intake.domain.words import Named
from shared.errors import ConflictError


class Status(Named):
    RECEIVED = "received", "已收件"
    RECEIVED_INCOMPLETE = "received_incomplete", "已登记，材料待补齐"
    UNROUTABLE = "unroutable", "办理地待确定"
    ASSIGNED = "assigned", "已转办理地"
    NOTICED = "noticed", "待补正"
    ACCEPTED = "accepted", "已受理"
    SUSPENDED = "suspended", "特别程序中"
    REFUSED = "refused", "不予受理"
    DECIDED = "decided", "已办结"
    DELIVERED = "delivered", "结果已送达"
    CLOSED = "closed", "已终结"


class Actor(Named):
    """Whose turn it is."""

    RECEIVING = "receiving", "收件窗口"
    HANDLING = "handling", "办理地"
    APPLICANT = "applicant", "申请人"
    COURIER = "courier", "寄递单位"
    OPS = "ops", "运维人员"
    NONE = "none", "无"


class What(Named):
    """What can happen to a case, as the applicant may read it."""

    RECEIVED = "received", "窗口收件"
    REGISTERED = "registered", "窗口登记，材料待补齐"
    COMPLETED = "completed", "材料补齐，正式收件"
    CORRECTED = "corrected", "更正笔误"
    VERIFIED = "verified", "窗口核验身份和原件"
    PAID = "paid", "登记缴费"
    PROMISE_BROKEN = "promise_broken", "容缺材料逾期未补交"
    UNROUTABLE = "unroutable", "正在确定办理地"
    ASSIGNED = "assigned", "转办理地"
    AWAITING_PAPER = "awaiting_paper", "等待材料寄达办理地"
    OPENED = "opened", "办理地收到"
    RETURNED = "returned", "退回收件窗口更正"
    HANDED_BACK = "handed_back", "窗口更正后送回办理地"
    NOTICED = "noticed", "一次性告知，需要补正"
    SUPPLEMENT_GIVEN = "supplement_given", "提交补正材料"
    SUPPLEMENTED = "supplemented", "补正材料已转办理地"
    REQUEST_REFUSED = "request_refused", "提出的请求未获同意"
    ACCEPTED = "accepted", "受理"
    SUSPENDED = "suspended", "进入特别程序，暂不计时"
    RESUMED = "resumed", "特别程序结束，恢复计时"
    EXTENDED = "extended", "延长办理期限"
    DEADLINE_MOVED = "deadline_moved", "调整办理期限"
    TRANSFERRED = "transferred", "转由有权机关办理"
    PAPERS_OVERDUE = "papers_overdue", "原件寄递逾期未到，正在查询"
    PAPERS_COMING_BACK = "papers_coming_back", "原件在寄递途中被退回"
    PAPERS_BACK = "papers_back", "退回的原件已由寄出地收回"
    PAPERS_LOST = "papers_lost", "原件寄递途中下落不明，正在查找"
    PAPERS_FOUND = "papers_found", "原件已经找到，继续寄递"
    STEP_DONE = "step_done", "完成一个办理步骤"
    WITHDRAWAL_ASKED = "withdrawal_asked", "申请撤回"
    REFUSED = "refused", "不予受理"
    DECIDED = "decided", "作出决定"
    CLOSED = "closed", "办理终结"
    DELIVERING = "delivering", "结果送达中"
    DELIVERED = "delivered", "结果送达"
    LIGHT = "light", "时限提醒"
    ERASED = "erased", "个人信息已删除，保留办件编号、事项和日期"


class Light(Named):
    """Of the term that presses on the office now; where none does, there is no light."""

    GREEN = "green", "正常"
    YELLOW = "yellow", "过半"
    RED = "red", "将到期"
    MISSED = "missed", "已超期"


class Delivery(Named):
    """The states of notify's deliveries, and whose turn each of them is."""

    HELD = "held", "待补交容缺材料后送达"
    PENDING = "pending", "准备送达"
    BOOKED = "booked", "已约寄递"
    ON_WAY = "on_way", "寄递途中"
    READY = "ready", "可以领取"
    UNCLAIMED = "unclaimed", "逾期未领"
    FAILED = "failed", "投递未成"
    LOST = "lost", "寄递遗失"
    RETURNED = "returned", "退回办理机关保管"
    DELIVERED = "delivered", "已送达"
    CANCELLED = "cancelled", "已取消"


_DELIVERS: Mapping[str, Actor] = MappingProxyType(
    {
        Delivery.HELD: Actor.APPLICANT,
        Delivery.PENDING: Actor.HANDLING,
        Delivery.BOOKED: Actor.HANDLING,
        Delivery.ON_WAY: Actor.COURIER,
        Delivery.READY: Actor.APPLICANT,
        Delivery.UNCLAIMED: Actor.APPLICANT,
        Delivery.FAILED: Actor.HANDLING,
        Delivery.LOST: Actor.HANDLING,
        Delivery.RETURNED: Actor.APPLICANT,
        Delivery.DELIVERED: Actor.NONE,
        Delivery.CANCELLED: Actor.NONE,
    }
)

# A notice is for the window to pass on: it was asked first, so it answers for the next step.
_NEXT: Mapping[Status, Actor] = MappingProxyType(
    {
        Status.RECEIVED: Actor.HANDLING,
        Status.RECEIVED_INCOMPLETE: Actor.APPLICANT,
        Status.UNROUTABLE: Actor.OPS,
        Status.ASSIGNED: Actor.HANDLING,
        Status.NOTICED: Actor.RECEIVING,
        Status.ACCEPTED: Actor.HANDLING,
        Status.SUSPENDED: Actor.HANDLING,
        Status.REFUSED: Actor.NONE,
        Status.DECIDED: Actor.HANDLING,
        Status.DELIVERED: Actor.NONE,
        Status.CLOSED: Actor.NONE,
    }
)

# Nobody is known to handle it: no original stays at the window.
HOMELESS = frozenset({Status.RECEIVED_INCOMPLETE, Status.UNROUTABLE})
ENDED = frozenset({Status.REFUSED, Status.DECIDED, Status.DELIVERED, Status.CLOSED})


@dataclass(frozen=True, slots=True)
class Picture:
    """What the window knows of where the case stands."""

    status: Status
    next_actor: Actor
    accepted_at: datetime | None = None
    due_on: date | None = None
    due_provisional: bool = False
    light: str | None = None
    asked_until: date | None = None
    decided_at: datetime | None = None
    result: str | None = None
    outcome: str | None = None
    delivery_status: str | None = None
    delivery_way: str | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class News:
    """One message, reduced to what the picture takes from it.

    `until` is the last day for a supplement; `turn` says whose turn it is where that is known;
    `way` is how the result travels.
    """

    what: What
    at: datetime
    due_on: date | None = None
    due_provisional: bool = False
    until: date | None = None
    value: str | None = None
    turn: Actor | None = None
    way: str | None = None


_NEW = frozenset({Status.RECEIVED, Status.UNROUTABLE})
_BEFORE_ACCEPTANCE = _NEW | {Status.ASSIGNED, Status.NOTICED}
_OPEN = _BEFORE_ACCEPTANCE | {Status.ACCEPTED, Status.SUSPENDED}

# What happened -> the status it leads to, and from where; from elsewhere it only adds facts.
# After acceptance a notice or a supplement concerns late gaps: the case stays accepted.
MOVES: Mapping[What, tuple[Status, frozenset[Status]]] = MappingProxyType(
    {
        What.COMPLETED: (Status.RECEIVED, frozenset({Status.RECEIVED_INCOMPLETE})),
        What.UNROUTABLE: (Status.UNROUTABLE, _NEW | {Status.ASSIGNED}),
        What.ASSIGNED: (Status.ASSIGNED, _NEW),
        What.AWAITING_PAPER: (Status.ASSIGNED, _NEW),
        What.TRANSFERRED: (Status.ASSIGNED, _BEFORE_ACCEPTANCE),
        What.NOTICED: (Status.NOTICED, _BEFORE_ACCEPTANCE),
        What.SUPPLEMENTED: (Status.ASSIGNED, frozenset({Status.NOTICED})),
        What.ACCEPTED: (Status.ACCEPTED, _BEFORE_ACCEPTANCE),
        What.SUSPENDED: (Status.SUSPENDED, _OPEN),
        What.RESUMED: (Status.ACCEPTED, frozenset({Status.SUSPENDED})),
        What.REFUSED: (Status.REFUSED, _OPEN),
        What.DECIDED: (Status.DECIDED, _OPEN),
        What.CLOSED: (
            Status.CLOSED,
            _OPEN | {Status.RECEIVED_INCOMPLETE, Status.DECIDED, Status.DELIVERED},
        ),
        What.DELIVERED: (Status.DELIVERED, _OPEN | {Status.DECIDED}),
    }
)

# Whose turn it is once this has happened to an open case, where that is not the status's own.
_TURNS: Mapping[What, Actor] = MappingProxyType(
    {
        What.AWAITING_PAPER: Actor.RECEIVING,
        What.OPENED: Actor.HANDLING,
        What.RETURNED: Actor.RECEIVING,
        What.HANDED_BACK: Actor.HANDLING,
        What.NOTICED: Actor.RECEIVING,
        What.SUPPLEMENTED: Actor.HANDLING,
        What.SUPPLEMENT_GIVEN: Actor.HANDLING,
    }
)


def received(*, complete: bool, until: date | None = None) -> Picture:
    """`until` is the last day on which a registered visit may be completed."""
    status = Status.RECEIVED if complete else Status.RECEIVED_INCOMPLETE
    return Picture(status, _NEXT[status], asked_until=None if complete else until)


def after(picture: Picture, news: News) -> Picture:
    """The picture once this is known; the same where it was known already."""
    told = _FACTS.get(news.what, _nothing)(picture, news)
    status, sources = MOVES.get(news.what, (picture.status, frozenset()))
    if picture.status in sources:
        told = replace(told, status=status)
    return replace(told, next_actor=_next(picture, told, news))


def _next(before: Picture, told: Picture, news: News) -> Actor:
    if told.status is Status.DECIDED:
        return _DELIVERS.get(told.delivery_status or "", Actor.HANDLING)
    if told.status in ENDED:
        return _NEXT[told.status]
    if news.turn is not None:
        return news.turn
    if news.what in _TURNS:
        return _TURNS[news.what]
    return before.next_actor if told.status is before.status else _NEXT[told.status]


def _nothing(picture: Picture, _: News) -> Picture:
    return picture


def _accepted(picture: Picture, news: News) -> Picture:
    """The light before it was that of the days to answer; the limit's own begins green."""
    accepted_at = picture.accepted_at or news.at
    return replace(_running(picture, news), accepted_at=accepted_at, asked_until=None)


def _running(picture: Picture, news: News) -> Picture:
    """A term begins green; where it is further on already, that is told next."""
    told = _due(picture, news)
    return replace(told, light=Light.GREEN.value if told.due_on else None)


def _moved(picture: Picture, news: News) -> Picture:
    told = _due(picture, news)
    presses = picture.light is not None and told.due_on != picture.due_on
    return replace(told, light=Light.GREEN.value) if presses else told


def _suspended(picture: Picture, _: News) -> Picture:
    return replace(picture, light=None)


def _due(picture: Picture, news: News) -> Picture:
    if news.due_on is None:
        return picture
    return replace(picture, due_on=news.due_on, due_provisional=news.due_provisional)


def _noticed(picture: Picture, news: News) -> Picture:
    light = picture.light if picture.accepted_at else None
    return replace(picture, asked_until=news.until, light=light)


def _supplemented(picture: Picture, _: News) -> Picture:
    return replace(picture, asked_until=None)


def _light(picture: Picture, news: News) -> Picture:
    return replace(picture, light=news.value)


def _decided(picture: Picture, news: News) -> Picture:
    return replace(picture, decided_at=news.at, result=news.value, asked_until=None, light=None)


def _ended(picture: Picture, news: News) -> Picture:
    return replace(picture, outcome=news.value or news.what.value, asked_until=None, light=None)


def _delivering(picture: Picture, news: News) -> Picture:
    if picture.delivered_at is not None:
        return picture
    way = news.way or picture.delivery_way
    return replace(picture, delivery_status=news.value, delivery_way=way)


def _delivered(picture: Picture, news: News) -> Picture:
    return replace(
        picture,
        delivered_at=picture.delivered_at or news.at,
        delivery_status=Delivery.DELIVERED.value,
        delivery_way=news.way or picture.delivery_way,
    )


_FACTS: Mapping[What, Callable[[Picture, News], Picture]] = MappingProxyType(
    {
        What.ACCEPTED: _accepted,
        What.SUSPENDED: _suspended,
        What.RESUMED: _running,
        What.EXTENDED: _moved,
        What.DEADLINE_MOVED: _moved,
        What.LIGHT: _light,
        What.NOTICED: _noticed,
        What.COMPLETED: _supplemented,
        What.SUPPLEMENTED: _supplemented,
        What.DECIDED: _decided,
        What.REFUSED: _ended,
        What.CLOSED: _ended,
        What.DELIVERING: _delivering,
        What.DELIVERED: _delivered,
    }
)


# What the clerk may still ask for or do; routing has the last word on supplements and withdrawals.


class Act(Named):
    COMPLETE = "complete", "补齐材料、正式收件"
    SUPPLEMENT = "supplement", "提交补正材料"
    WITHDRAW = "withdraw", "撤回申请"
    CORRECT = "correct", "更正笔误"
    UPLOAD = "upload", "上传材料"
    NOTE_PAYMENT = "note_payment", "登记缴费"
    VERIFY = "verify", "登记核验"
    PRINT = "print", "打印文书"


_ANY_TIME = frozenset(
    {
        Act.SUPPLEMENT,
        Act.WITHDRAW,
        Act.UPLOAD,
        Act.NOTE_PAYMENT,
        Act.VERIFY,
        Act.PRINT,
    }
)

# What was deferred may come until the result is handed over; so a decided case takes supplements.
MAY: Mapping[Status, frozenset[Act]] = MappingProxyType(
    {
        Status.RECEIVED: _ANY_TIME | {Act.CORRECT},
        Status.RECEIVED_INCOMPLETE: frozenset(
            {Act.COMPLETE, Act.WITHDRAW, Act.CORRECT, Act.UPLOAD, Act.VERIFY, Act.PRINT}
        ),
        Status.UNROUTABLE: _ANY_TIME | {Act.CORRECT},
        Status.ASSIGNED: _ANY_TIME | {Act.CORRECT},
        Status.NOTICED: _ANY_TIME | {Act.CORRECT},
        Status.ACCEPTED: _ANY_TIME,
        Status.SUSPENDED: _ANY_TIME,
        Status.REFUSED: frozenset({Act.PRINT}),
        Status.DECIDED: frozenset(
            {Act.SUPPLEMENT, Act.UPLOAD, Act.NOTE_PAYMENT, Act.VERIFY, Act.PRINT}
        ),
        Status.DELIVERED: frozenset({Act.PRINT}),
        Status.CLOSED: frozenset({Act.PRINT}),
    }
)


class ActNotAllowedError(ConflictError):
    code = "case-act-not-allowed"

    def __init__(self, status: Status, act: Act) -> None:
        allowed = [each for each in Act if each in MAY[status]]
        said = "、".join(each.zh for each in allowed)
        super().__init__(
            f"办件{status.zh}，不能{act.zh}；现在可以：{said}",
            f"the case is {status}; {act} is not allowed",
            status=status.value,
            allowed=[each.value for each in allowed],
        )


def must_allow(status: Status, act: Act) -> None:
    if act not in MAY[status]:
        raise ActNotAllowedError(status, act)
