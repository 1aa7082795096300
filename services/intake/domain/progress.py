"""What anybody with the code may see: steps and dates, what is asked until when; no name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from services.intake.domain.cases import Delivery, Picture, Status, What
from services.intake.domain.messages import Words
from services.intake.domain.words import DeliveryMethod

# Steps between offices say nothing to the applicant, or are said by the next one.
_INWARD = frozenset(
    {
        What.STEP_DONE,
        What.LIGHT,
        What.AWAITING_PAPER,
        What.RETURNED,
        What.HANDED_BACK,
        What.VERIFIED,
    }
)


# By the way on which the result comes.
_READY: Mapping[str, Words] = MappingProxyType(
    {
        DeliveryMethod.ELECTRONIC: Words(
            "电子结果可以查看了，请打开短信里的链接；没有收到短信的，请向收件窗口索取",
            "the result can be read: open the link in your message, or ask the window for it",
        ),
        DeliveryMethod.WINDOW_PICKUP: Words(
            "结果已可领取，请带本人有效身份证件到收件窗口领取",
            "the result is ready at the window; please bring your identity document",
        ),
        DeliveryMethod.HANDLING_PICKUP: Words(
            "结果已可领取，请带本人有效身份证件到办理地领取",
            "the result is ready at the office; please bring your identity document",
        ),
    }
)
_BRING = Words("请按一次性告知书补齐材料", "please bring the missing papers")


@dataclass(frozen=True, slots=True)
class Happening:
    """What the case's record holds of one moment."""

    what: What
    at: datetime
    place: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    title: Words
    at: datetime
    place: str | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the applicant is asked to do, and the last day for it where there is one."""

    text: Words
    until: date | None


def steps(happenings: Iterable[Happening]) -> list[Step]:
    """In order, each told once where the same was told twice at the same moment."""
    shown = [h for h in happenings if h.what not in _INWARD]
    told = dict.fromkeys(sorted(shown, key=lambda h: h.at))
    return [Step(_title(h.what), h.at, h.place, h.until) for h in told]


def _title(what: What) -> Words:
    return Words(what.zh, what.value.replace("_", " "))


def _still_wanted(picture: Picture) -> bool:
    """A deferred paper: not once the matter ended without a certificate, or was handed over."""
    over = {Status.REFUSED, Status.CLOSED, Status.DELIVERED}
    return picture.status not in over and picture.result in (None, "granted")


def request(picture: Picture, *, deferred_until: date | None = None) -> Request | None:
    """The one thing asked of the applicant now."""
    if picture.status is Status.RECEIVED_INCOMPLETE:
        return Request(_BRING, picture.asked_until)
    if picture.asked_until is not None or picture.status is Status.NOTICED:
        text = Words("请到收件窗口提交补正材料", "please bring the supplement to the window")
        return Request(text, picture.asked_until)
    if picture.delivery_status in {Delivery.READY, Delivery.UNCLAIMED}:
        generally = Words("结果已可领取，请及时领取", "the result is ready for you")
        return Request(_READY.get(picture.delivery_way or "", generally), None)
    if picture.delivery_status == Delivery.HELD or (deferred_until and _still_wanted(picture)):
        text = Words("请补交容缺的材料", "please bring the deferred papers")
        return Request(text, deferred_until)
    return None
