"""What presses on an office, and how hard: its limit, the notice window, delivery, the hops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from services.routing.domain import deadlines, waits, watches
from services.routing.domain.clock import Clock
from services.routing.domain.deadlines import Light, Turns
from services.routing.domain.handoffs import Status
from services.routing.domain.terms import Hop, Limit, Terms
from services.routing.domain.waits import Receipts
from services.routing.domain.watches import ANY, Sign, Watch
from services.routing.domain.words import Named
from shared.workdays.calendar import Term, Workdays


class Pressing(Named):
    """The term that a light speaks of."""

    LIMIT = "limit", "办理期限"
    NOTICE = "notice", "一次性告知期限"
    DELIVERY = "delivery", "送达期限"
    PUSH = "push", "收件地推送电子材料"
    POST = "post", "收件地寄出纸质材料"
    RECHECK = "recheck", "办理地窗口复核"
    POST_RESULT = "post_result", "办理地寄出结果"
    SPECIAL = "special_procedure", "特别程序告知的期限"
    SUPPLEMENT = "supplement", "补正期限"
    LATER_CHECK = "later_check", "事后核查期限"
    SILENCE = "silence_consent", "超时默认"


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a handoff its terms are counted from; `granted_on` only where this step decided,
    `check_within` only where it was granted on a promise that nobody has looked into yet."""

    status: Status
    accepts: bool
    receipts: Receipts
    clock: Clock
    supplemented_on: date | None = None
    granted_on: date | None = None
    told_on: date | None = None
    delivered: bool = False
    posted: bool = False
    by_post: bool = False
    check_within: Limit | None = None

    @property
    def before_acceptance(self) -> bool:
        return self.accepts and self.status is Status.RECEIVED


_RANKS = {light: rank for rank, light in enumerate(Light)}


def graver(one: Light, other: Light) -> Light:
    return max(one, other, key=_RANKS.__getitem__)


def notice_turns(here: Standing, terms: Terms, workdays: Workdays) -> Turns | None:
    """行政许可法 32(4): until it is accepted, refused or noticed, the days to answer press."""
    start = waits.notice_start(here.receipts, terms, supplemented_on=here.supplemented_on)
    limit = waits.notice_limit(terms)
    if not here.before_acceptance or start is None or limit is None:
        return None
    due = waits.term_of(limit, start, terms, workdays).due
    return deadlines.turns_of_term(start, limit, due, workdays)


def notice_light(here: Standing, terms: Terms, workdays: Workdays, *, day: date) -> Light:
    seen = notice_turns(here, terms, workdays)
    return seen.on(day) if seen else Light.GREEN


def delivery_turns(here: Standing, terms: Terms, workdays: Workdays) -> Turns | None:
    """行政许可法 44, for what was granted; not against somebody who was told to come for it."""
    if here.granted_on is None or here.delivered:
        return None
    due = waits.delivery(here.granted_on, terms, workdays, told_on=here.told_on).due
    if due is None:
        return None
    return deadlines.turns_of_term(here.granted_on, terms.deliver_within, due.due, workdays)


def check_turns(here: Standing, terms: Terms, workdays: Workdays) -> Turns | None:
    """事后核查: from the day on which it was granted, within the term that the item publishes."""
    if here.granted_on is None or here.check_within is None:
        return None
    due = waits.term_of(here.check_within, here.granted_on, terms, workdays).due
    return deadlines.turns_of_term(here.granted_on, here.check_within, due, workdays)


def hops(here: Standing, terms: Terms, workdays: Workdays) -> Mapping[Hop, Term]:
    """Until when each of the two places should have done its part, as far as it has begun."""
    began = {Hop.PUSH: here.receipts.window_on}
    if here.status is Status.PENDING:
        began[Hop.POST] = here.receipts.window_on
    if here.before_acceptance and here.receipts.handling_on and here.supplemented_on is None:
        began[Hop.RECHECK] = here.receipts.handling_on
    if here.granted_on and here.by_post and not here.posted and not here.delivered:
        began[Hop.POST_RESULT] = here.granted_on
    return MappingProxyType(
        {hop: waits.hop_due(hop, since, terms, workdays) for hop, since in began.items()}
    )


def to_watch(here: Standing, terms: Terms, workdays: Workdays) -> tuple[Watch, ...]:
    """Beside the limit itself and what deemed acceptance or a supplement bring."""
    found = []
    notice = notice_turns(here, terms, workdays)
    if notice is not None:
        found += _lights(notice, watches.NOTICE, here.clock.revision)
    delivery = delivery_turns(here, terms, workdays)
    if delivery is not None:
        found += _lights(delivery, watches.DELIVERY, ANY)
    check = check_turns(here, terms, workdays)
    if check is not None:
        found += _lights(check, watches.CHECK, ANY)
    found += [
        Watch(watches.HOPS[hop], term.due + timedelta(days=1), ANY)
        for hop, term in hops(here, terms, workdays).items()
    ]
    return tuple(found)


def _lights(seen: Turns, signs: Mapping[Light, Sign], revision: int) -> list[Watch]:
    days = {Light.YELLOW: seen.yellow, Light.RED: seen.red, Light.MISSED: seen.missed}
    return [Watch(signs[light], day, revision) for light, day in days.items()]


_LIMIT = {Sign.YELLOW: Light.YELLOW, Sign.RED: Light.RED, Sign.MISSED: Light.MISSED}

# What each sign says: of which term, and how far it is gone.
SAYS: Mapping[Sign, tuple[Pressing, Light]] = MappingProxyType(
    {sign: (Pressing.LIMIT, light) for sign, light in _LIMIT.items()}
    | {sign: (Pressing.NOTICE, light) for light, sign in watches.NOTICE.items()}
    | {sign: (Pressing.DELIVERY, light) for light, sign in watches.DELIVERY.items()}
    | {sign: (Pressing.LATER_CHECK, light) for light, sign in watches.CHECK.items()}
    | {sign: (Pressing(hop.value), Light.MISSED) for hop, sign in watches.HOPS.items()}
    | {
        Sign.SUSPENSION_OVER: (Pressing.SPECIAL, Light.MISSED),
        Sign.SUPPLEMENT_DUE: (Pressing.SUPPLEMENT, Light.MISSED),
        Sign.SILENCE_CONSENT: (Pressing.SILENCE, Light.MISSED),
    }
)
