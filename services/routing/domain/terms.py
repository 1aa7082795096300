"""What an item version says about time, and the law's own answer where it says nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from services.routing.domain.words import Named

STARTING_DAY = "民法典第201条"
LAST_DAY = "民法典第203条"
WORKING_DAYS = "行政许可法第82条"
DEEMED = "行政许可法第32条第1款第4项"
DECISION = "行政许可法第42条"
DELIVERY = "行政许可法第44条"
SPECIAL = "行政许可法第45条"
ITEM = "事项实施清单"


class Unit(Named):
    WORKING = "working_day", "个工作日"
    NATURAL = "natural_day", "个自然日"


class ClockStart(Named):
    """From 受理 (行政许可法 42) or, where the item's own law says so, from receipt."""

    ACCEPTANCE = "acceptance", "受理"
    RECEIPT = "receipt", "收到申请"


class SuspensionEnd(Named):
    """行政许可法 45 can be read two ways: the time *needed* does not count, or the time *told*."""

    RESUMED = "resumed", "以实际恢复之日为准"
    TOLD = "told", "以书面告知的期限为准"


class ReceiptDay(Named):
    """What "receipt" means for a limit that counts from it; two readings, the item decides."""

    AUTHORITY = "authority", "有权受理一方收到之日"
    WINDOW = "window", "收件窗口收到之日"


class DeficiencyPolicy(Named):
    """What follows when what is missing does not come in time; the item says which."""

    SUPPLEMENT_BEFORE_ACCEPTANCE = "supplement_before_acceptance", "逾期未补正的终结，可以重新申请"
    REFUSE_UNLESS_SUPPLEMENTED = "refuse_unless_supplemented", "逾期未补正的不予受理"
    RETURN_AND_RESUBMIT = "return_and_resubmit", "逾期未补正的退回，补正后重新提交"
    ACCEPT_ON_COMMITMENT = "accept_on_commitment", "承诺后受理，事后补材料"


class Hop(Named):
    PUSH = "push", "收件地推送电子材料"
    POST = "post", "收件地寄出纸质材料"
    RECHECK = "recheck", "办理地窗口复核"
    POST_RESULT = "post_result", "办理地寄出结果"


@dataclass(frozen=True, slots=True)
class Limit:
    value: int
    unit: Unit = Unit.WORKING
    article: str = ITEM

    @property
    def zh(self) -> str:
        return f"{self.value}{self.unit.zh}"


@dataclass(frozen=True, slots=True)
class Procedure:
    """A special procedure this item publishes; only these can suspend the clock."""

    code: str
    name: str
    article: str
    max_working_days: int | None = None


# Observed in one province [pub]; an item or an installation sets its own.
HOPS: Mapping[Hop, Limit] = MappingProxyType(
    {Hop.PUSH: Limit(1), Hop.POST: Limit(2), Hop.RECHECK: Limit(1), Hop.POST_RESULT: Limit(1)}
)

# 听证、招标、拍卖、检验、检测、检疫、鉴定、专家评审; anything else suspends by the item's own law.
_LAW_45 = frozenset(
    {
        "hearing",
        "bidding",
        "tender",
        "auction",
        "inspection",
        "testing",
        "quarantine",
        "appraisal",
        "expert_review",
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Every parameter of the legal clock; the defaults are the law's where it has one."""

    promised: Limit | None = None
    statutory: Limit | None = field(default_factory=lambda: Limit(20, Unit.WORKING, DECISION))
    clock_start: ClockStart = ClockStart.ACCEPTANCE
    receipt_day: ReceiptDay = ReceiptDay.AUTHORITY
    counts_while_supplementing: bool = False
    notify_window: Limit = field(default_factory=lambda: Limit(5, Unit.WORKING, DEEMED))
    deemed_after: Limit | None = field(default_factory=lambda: Limit(5, Unit.WORKING, DEEMED))
    deemed_after_supplement: bool = True
    supplement_term: Limit | None = None
    deficiency_policy: DeficiencyPolicy = DeficiencyPolicy.SUPPLEMENT_BEFORE_ACCEPTANCE
    extension_max: Limit | None = field(default_factory=lambda: Limit(10, Unit.WORKING, DECISION))
    deliver_within: Limit = field(default_factory=lambda: Limit(10, Unit.WORKING, DELIVERY))
    suspension_end: SuspensionEnd = SuspensionEnd.RESUMED
    procedures: tuple[Procedure, ...] = ()
    over_rest_days: bool = True
    silence_is_consent: bool = False
    window_return: Limit = field(default_factory=lambda: Limit(1))
    hops: Mapping[Hop, Limit] = field(default_factory=lambda: HOPS)

    def for_step(self, limit: Limit | None, *, accepts: bool) -> "Terms":
        """A step of 多地联办 keeps its own limit; one that does not accept counts from receipt."""
        return replace(
            self,
            promised=limit or self.promised,
            statutory=None if limit else self.statutory,
            clock_start=self.clock_start if accepts else ClockStart.RECEIPT,
            receipt_day=self.receipt_day if accepts else ReceiptDay.AUTHORITY,
            deemed_after=self.deemed_after if accepts else None,
        )

    def procedure(self, code: str) -> Procedure | None:
        return next((each for each in self.procedures if code in (each.code, each.name)), None)


_NONE = frozenset({"extension_max"})


def of_item(
    limits: Mapping[str, Any], special_procedures: Sequence[Mapping[str, Any]] = ()
) -> Terms:
    """`limits` and `special_procedures` as an item version carries them; what is null says nothing,
    but of the extension it says that there is none."""
    limits = {name: each for name, each in limits.items() if each is not None or name in _NONE}
    unit = Unit(limits.get("unit", Unit.WORKING))
    several = bool(limits.get("joint_departments"))
    window = limit_of(limits.get("notify_window"), unit) or Limit(5, Unit.WORKING, DEEMED)
    return Terms(
        promised=limit_of(limits.get("promised"), unit),
        statutory=_statutory(limits, unit, several=several),
        clock_start=ClockStart(limits.get("clock_start", ClockStart.ACCEPTANCE)),
        receipt_day=ReceiptDay(limits.get("receipt_day", ReceiptDay.AUTHORITY)),
        counts_while_supplementing=bool(limits.get("counts_while_supplementing")),
        notify_window=window,
        deemed_after=_deemed_after(limits, window, unit),
        deemed_after_supplement=bool(limits.get("deemed_after_supplement", True)),
        supplement_term=limit_of(limits.get("supplement_term"), unit),
        deficiency_policy=DeficiencyPolicy(
            limits.get("deficiency_policy", DeficiencyPolicy.SUPPLEMENT_BEFORE_ACCEPTANCE)
        ),
        extension_max=_extension(limits, unit, several=several),
        deliver_within=limit_of(limits.get("deliver_within"), Unit.WORKING)
        or Limit(10, Unit.WORKING, DELIVERY),
        suspension_end=SuspensionEnd(limits.get("suspension_end", SuspensionEnd.RESUMED)),
        procedures=tuple(_procedure(each) for each in special_procedures),
        over_rest_days=bool(limits.get("over_rest_days", True)),
        silence_is_consent=bool(limits.get("silence_is_consent")),
        window_return=limit_of(limits.get("window_return"), Unit.WORKING) or Limit(1),
        hops=_hops(limits.get("hops") or {}),
    )


def limit_of(raw: Any, unit: Unit = Unit.WORKING) -> Limit | None:
    """From `{value, unit, basis?}`, or a bare number in the item's unit; nothing stays nothing."""
    if raw is None:
        return None
    if isinstance(raw, int):
        return Limit(raw, unit)
    if raw.get("value") is None:
        return None
    return Limit(int(raw["value"]), Unit(raw.get("unit", unit)), raw.get("article") or ITEM)


def _statutory(limits: Mapping[str, Any], unit: Unit, *, several: bool) -> Limit | None:
    """行政许可法 42: 20 working days, or 45 where several departments of one government decide."""
    named = limit_of(limits.get("statutory"), unit)
    return named or Limit(45 if several else 20, Unit.WORKING, DECISION)


def _extension(limits: Mapping[str, Any], unit: Unit, *, several: bool) -> Limit | None:
    """行政许可法 42: +10 or +15; an item that says `null` cannot be extended."""
    if "extension_max" in limits:
        return limit_of(limits["extension_max"], unit)
    return Limit(15 if several else 10, Unit.WORKING, DECISION)


def _deemed_after(limits: Mapping[str, Any], window: Limit, unit: Unit) -> Limit | None:
    """An item that notifies on the spot promises more than 32(4) asks; only the law's days bind."""
    if "deemed_after" in limits:
        return limit_of(limits["deemed_after"], unit)
    return window if window.value > 0 else Limit(5, Unit.WORKING, DEEMED)


def _procedure(raw: Mapping[str, Any]) -> Procedure:
    article = SPECIAL if raw.get("category") in _LAW_45 else ITEM
    name = str(raw["name"])
    return Procedure(
        code=str(raw.get("code", name)),
        name=name,
        article=str(raw.get("article") or article),
        max_working_days=raw.get("max_working_days"),
    )


def _hops(raw: Mapping[str, Any]) -> Mapping[Hop, Limit]:
    named = {hop: limit_of(raw.get(hop.value)) for hop in Hop}
    return MappingProxyType({hop: named[hop] or HOPS[hop] for hop in Hop})
