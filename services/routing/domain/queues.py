"""In which order an office's work is handed out, and why this one comes before that one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.deadlines import Light

# What the law presses on goes first, whoever sent it.
RANKS = {Light.MISSED: 0, Light.RED: 1, Light.YELLOW: 2, Light.GREEN: 3}


@dataclass(frozen=True, slots=True)
class Entry:
    """`green_lane`: elderly, disabled; `sender`: the place whose work it is."""

    id: str
    light: Light
    green_lane: bool
    since: datetime
    sender: str


@dataclass(frozen=True, slots=True)
class Placed:
    entry: Entry
    turn: int


def order_key(entry: Entry, turn: int = 0) -> tuple[int, bool, int, datetime, str]:
    """Light, green lane, turn, waiting time; the id makes it total, so pages never overlap."""
    return (RANKS[entry.light], not entry.green_lane, turn, entry.since, entry.id)


def in_order(entries: Iterable[Entry]) -> tuple[Placed, ...]:
    """The sending places take turns under each light: one with 99 % of all work cannot keep the
    others waiting behind it, and what it lets run late does not make theirs late too."""
    waiting: dict[tuple[Light, bool, str], int] = defaultdict(int)
    placed = []
    for entry in sorted(entries, key=lambda entry: (entry.since, entry.id)):
        band = (entry.light, entry.green_lane, entry.sender)
        placed.append(Placed(entry, waiting[band]))
        waiting[band] += 1
    return tuple(sorted(placed, key=lambda each: order_key(each.entry, each.turn)))


def explain(placed: Placed, *, now: datetime) -> str:
    entry = placed.entry
    hours = int((now - entry.since).total_seconds() // 3600)
    lane = "绿色通道（老年人、残疾人优先）" if entry.green_lane else "普通"
    turn = f"各收件地轮流，本件是该收件地的第{placed.turn + 1}件"
    return f"期限：{entry.light.zh}；通道：{lane}；{turn}；已等候{hours}小时。"


def explain_between(first: Placed, second: Placed) -> str:
    """What decided that `first` comes before `second`."""
    a, b = first.entry, second.entry
    if a.light is not b.light:
        return f"期限更紧：{a.light.zh}先于{b.light.zh}。"
    if a.green_lane != b.green_lane:
        return "绿色通道优先。"
    if first.turn != second.turn:
        return "各收件地轮流办理，轮次在前。"
    return "等候时间更长。" if a.since != b.since else "同时收到，按编号先后。"
