"""Where a paper belongs now: the one question of whoever holds it in their hand."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.routing.domain.custody import Holder, HolderKind
from services.routing.domain.words import Named


class PaperKind(Named):
    MATERIAL = "material", "申请材料"
    RESULT = "result", "结果文书"


class Next(Named):
    STAY = "stay", "留在此处"
    SEND = "send", "寄往"
    GIVE = "give", "交给申请人"
    ON_ITS_WAY = "on_its_way", "在途"
    NOTHING = "nothing", "已在申请人手中"
    SEARCH = "search", "下落不明，先登记找回"


@dataclass(frozen=True, slots=True)
class Matter:
    """How the case stands. `at_work`: the places of its open steps, the lead's first; `planned`:
    of steps still to come. `kept`: the handling place files this paper once it has decided."""

    receiving: str
    at_work: tuple[str, ...]
    planned: tuple[str, ...] = ()
    decided_at: str | None = None
    closed: bool = False
    kept: bool = True
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    what: Next
    place: str | None
    why_zh: str


def places(matter: Matter) -> frozenset[str]:
    """Between which a parcel may carry its papers without being told that it goes through."""
    deciding = {matter.decided_at} if matter.decided_at else set()
    return frozenset({matter.receiving, *matter.at_work, *matter.planned} | deciding)


def destination(kind: PaperKind, holder: Holder, matter: Matter) -> Destination:
    if holder.kind is HolderKind.APPLICANT:
        return Destination(Next.NOTHING, None, "申请人已收回")
    if holder.kind in (HolderKind.PARCEL, HolderKind.CARRIER):
        return Destination(Next.ON_ITS_WAY, None, "在封装袋中或承运途中")
    target = _target(kind, matter, holder.id)
    if holder.kind is HolderKind.LOST:
        return Destination(Next.SEARCH, target.place, target.why_zh)
    return target


def _target(kind: PaperKind, matter: Matter, here: str) -> Destination:
    if kind is PaperKind.RESULT:
        return _of_result(matter, here)
    if matter.closed:
        return _back(matter, here, "办件已终结，原件退还申请人")
    if matter.decided_at is not None:
        if matter.kept:
            return _to(matter.decided_at, here, "办件已办结，材料由办理地留存")
        return _back(matter, here, "办件已办结，原件退还申请人")
    if not matter.at_work:
        return Destination(Next.STAY, here, "办理地尚未确定，留在收件窗口，不得寄出")
    if here in matter.at_work:
        return Destination(Next.STAY, here, "在此办理")
    return _to(matter.at_work[0], here, "办理地需要这份原件")


def _of_result(matter: Matter, here: str) -> Destination:
    if matter.delivery == "window_pickup":
        return _back(matter, here, "申请人在收件窗口领取结果")
    if matter.delivery == "handling_pickup":
        return Destination(Next.GIVE, here, "申请人在办理地领取结果")
    return Destination(Next.GIVE, here, "按申请人选择的方式送达")


def _back(matter: Matter, here: str, why: str) -> Destination:
    if here == matter.receiving:
        return Destination(Next.GIVE, here, why)
    return Destination(Next.SEND, matter.receiving, why)


def _to(place: str, here: str, why: str) -> Destination:
    return Destination(Next.STAY if place == here else Next.SEND, place, why)


def all_there(holders: Iterable[Holder], here: str) -> bool:
    """An item that needs paper is received once its paper is: some of it has come, and none is
    still under way or at another desk. What was lost or given back is not waited for."""
    known = list(holders)
    place = Holder(HolderKind.LOCATION, here)
    gone = (HolderKind.LOST, HolderKind.APPLICANT)
    return place in known and all(each == place or each.kind in gone for each in known)
