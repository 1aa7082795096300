"""Which division a matter belongs to today, and whose rules may speak: the way up from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.routing.domain.words import Named
from shared.divisions import divisions
from shared.divisions.divisions import NATION, Level, LocalDivisions


class Why(Named):
    """Why no office was found; the values are stable codes."""

    BASIS_MISSING = "basis-missing", "没有填写确定办理地的依据"
    BASIS_UNKNOWN = "basis-unknown", "所选依据不是本事项规定的依据"
    CHOICE_NEEDED = "choice-needed", "法律规定两地均可，请申请人选择"
    DIVISION_UNKNOWN = "division-unknown", "行政区划代码不存在"
    DIVISION_RETIRED = "division-retired", "行政区划代码已撤销，没有查到承继的区划"
    SUCCESSOR_NEEDED = "successor-needed", "行政区划已撤销并分入多个区划，请选择其一"
    TOO_COARSE = "basis-too-coarse", "填写的区划高于办理层级，请填写到下一级"
    LOCATION_CLOSED = "location-closed", "规则指向的办理地不存在或当日不在有效期内"
    LOCATION_CANNOT_DECIDE = "location-cannot-decide", "代办点只能代收代传，不能作为办理地"
    NO_LOCATION_OF_KIND = "no-location-of-kind", "该区划没有登记这类办理地"
    AMBIGUOUS = "ambiguous", "有两个同等适用的办理地"
    NOTHING_FOUND = "nothing-found", "没有适用的规则"
    RECEIVING_UNKNOWN = "receiving-unknown", "收件地没有登记或当日不在有效期内"
    NO_STEPS = "no-steps", "本事项没有为这一办理模式编排步骤"


@dataclass(frozen=True, slots=True)
class Reason:
    why: Why
    message_zh: str
    message_en: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """One division on the way, and what was done there."""

    code: str
    name: str
    level: Level | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """`asked` as the case names it; `path` the divisions whose rules may speak, nearest first."""

    asked: str
    current: str
    path: tuple[Stop, ...]

    @property
    def deciding(self) -> str:
        return self.path[0].code


def reason(why: Why, more_zh: str, more_en: str, candidates: tuple[str, ...] = ()) -> Reason:
    return Reason(why, f"{why.zh}：{more_zh}", f"{why.value}: {more_en}", candidates)


def way_up(
    asked: str,
    level: Level,
    *,
    on: date,
    local: LocalDivisions,
    successors: Mapping[str, str],
) -> Way | Reason:
    current = _current(asked, on=on, local=local, successors=successors)
    if isinstance(current, Reason):
        return current
    chain = divisions.ancestors(current, local=local)
    path = tuple(_stop(code, on, local) for code in chain if _speaks(code, level, local))
    return Way(asked, current, path)


def nationwide(*, on: date, local: LocalDivisions) -> Way:
    return Way(NATION, NATION, (_stop(NATION, on, local),))


def name_of(code: str, *, on: date, local: LocalDivisions) -> str:
    if code == NATION:
        return "全国"
    return divisions.full_name(code, on, local=local) or code


def _current(
    asked: str, *, on: date, local: LocalDivisions, successors: Mapping[str, str]
) -> str | Reason:
    """A retired code leads to what came after it; several are a choice, never a guess."""
    found = divisions.current_codes(asked, on, local=local)
    if len(found) == 1:
        return found[0]
    if not found and not divisions.is_retired(asked, on, local=local):
        return reason(Why.DIVISION_UNKNOWN, asked, asked)
    if not found:
        return reason(Why.DIVISION_RETIRED, asked, asked)
    chosen = successors.get(asked)
    if chosen in found:
        return str(chosen)
    named = "、".join(f"{code}{name_of(code, on=on, local=local)}" for code in found)
    return reason(Why.SUCCESSOR_NEEDED, f"{asked}→{named}", f"{asked} -> {found}", found)


def _speaks(code: str, level: Level, local: LocalDivisions) -> bool:
    """Below the deciding level nobody decides: a town goes up to its county."""
    own = divisions.level(code, local=local)
    return own is not None and own <= level


def _stop(code: str, on: date, local: LocalDivisions) -> Stop:
    return Stop(code, name_of(code, on=on, local=local), divisions.level(code, local=local))


def changed(way: Way) -> bool:
    """The code asked about has been retired and another stands for it."""
    return way.asked != NATION and divisions.normal(way.asked) != divisions.normal(way.current)
