"""Who holds each original: one holder at any time, each entry going on from the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from services.routing.domain.words import Named
from shared.errors import ConflictError


class HolderKind(Named):
    APPLICANT = "applicant", "申请人"
    LOCATION = "location", "地点"
    PARCEL = "parcel", "封装袋"
    CARRIER = "carrier", "承运人"
    LOST = "lost", "下落不明"
    ISSUER = "issuer", "制发机关"


class Act(Named):
    TAKE_IN = "take_in", "收取原件"
    GIVE_BACK = "give_back", "退还原件"
    ISSUE = "issue", "制发结果文书"
    COLLECT = "collect", "申请人领取"
    FILL = "fill", "装袋"
    TAKE_OUT = "take_out", "取出"
    HAND_OVER = "hand_over", "交寄"
    POST = "post", "直接邮寄"
    SCAN_IN = "scan_in", "扫描接收"
    TURN_UP = "turn_up", "清单外到件"
    LOSE = "lose", "登记下落不明"
    FIND = "find", "找回"


@dataclass(frozen=True, slots=True)
class Holder:
    kind: HolderKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def read(cls, written: str) -> "Holder":
        kind, _, id_ = written.partition(":")
        return cls(HolderKind(kind), id_)


@dataclass(frozen=True, slots=True)
class Entry:
    """`seq` counts per original; the database ties `from_holder` to the entry before."""

    original_id: str
    seq: int
    act: Act
    from_holder: Holder | None
    to_holder: Holder
    at: datetime


_A, _L, _P, _C = (
    HolderKind.APPLICANT,
    HolderKind.LOCATION,
    HolderKind.PARCEL,
    HolderKind.CARRIER,
)

# From whom to whom an act moves a paper; nothing else moves it. A messenger is a carrier.
MOVES: Mapping[Act, frozenset[tuple[HolderKind | None, HolderKind]]] = MappingProxyType(
    {
        Act.TAKE_IN: frozenset({(None, _L), (_A, _L)}),
        Act.ISSUE: frozenset({(None, _L)}),
        Act.GIVE_BACK: frozenset({(_L, _A)}),
        Act.COLLECT: frozenset({(_L, _A), (_C, _A)}),
        Act.FILL: frozenset({(_L, _P)}),
        Act.TAKE_OUT: frozenset({(_P, _L)}),
        Act.HAND_OVER: frozenset({(_P, _C)}),
        Act.POST: frozenset({(_L, _C)}),
        Act.SCAN_IN: frozenset({(_C, _L)}),
        Act.TURN_UP: frozenset({(_A, _L), (_L, _L), (_P, _L), (_C, _L), (HolderKind.LOST, _L)}),
        Act.LOSE: frozenset({(_P, HolderKind.LOST), (_C, HolderKind.LOST)}),
        Act.FIND: frozenset({(HolderKind.LOST, _L), (HolderKind.LOST, _C)}),
    }
)


def source_of(act: Act) -> HolderKind:
    """From whom the first entry of a ledger takes the paper."""
    return HolderKind.ISSUER if act is Act.ISSUE else HolderKind.APPLICANT


class WrongHolderError(ConflictError):
    """Somebody else holds it: the paper is not where the act supposes."""

    code = "original-held-elsewhere"

    def __init__(self, act: Act, holder: Holder | None) -> None:
        where = f"{holder.kind.zh}（{holder.id}）" if holder else "尚未收取"
        super().__init__(
            f"不能“{act.zh}”：该原件现由{where}持有",
            f"cannot {act}: the original is with {holder or 'nobody yet'}",
            act=act.value,
            holder=str(holder) if holder else None,
            allowed=[each.value for each in allowed(holder)],
        )


class NoPlaceError(ConflictError):
    """Originals are taken only for a case that has a place to go."""

    code = "original-without-place"

    def __init__(self, case_numbers: Sequence[str]) -> None:
        super().__init__(
            f"办件 {'、'.join(case_numbers)} 由哪里办理还没有确定，原件现在不能收存；"
            "请看过之后当场退还申请人",
            "nobody is known to handle the case: its originals are looked at and given back",
            cases=list(case_numbers),
        )


class LedgerBrokenError(Exception):
    """Entries do not follow each other: the ledger has been tampered with or written twice."""


def holder_of(ledger: Sequence[Entry]) -> Holder | None:
    return ledger[-1].to_holder if ledger else None


def allowed(holder: Holder | None) -> tuple[Act, ...]:
    kind = holder.kind if holder else None
    return tuple(act for act in Act if any(giver == kind for giver, _ in MOVES[act]))


def move(
    original_id: str,
    held: Entry | None,
    act: Act,
    to: Holder,
    *,
    at: datetime,
    expected: Holder | None = None,
) -> Entry:
    """The next entry after `held`; `expected` is whom the act believes to hold the paper."""
    holder = held.to_holder if held else None
    wrong = (holder.kind if holder else None, to.kind) not in MOVES[act]
    if wrong or holder == to or (expected is not None and expected != holder):
        raise WrongHolderError(act, holder)
    return Entry(original_id, held.seq + 1 if held else 1, act, holder, to, at)


def check(ledger: Sequence[Entry]) -> None:
    """What the database enforces as well, for an export or another installation's copy."""
    holder: Holder | None = None
    for seq, entry in enumerate(ledger, start=1):
        if entry.seq != seq or entry.from_holder != holder:
            raise LedgerBrokenError(f"entry {entry.seq} of {entry.original_id} does not follow")
        giver = holder.kind if holder else None
        if (giver, entry.to_holder.kind) not in MOVES[entry.act]:
            raise LedgerBrokenError(f"entry {seq} of {entry.original_id} is no lawful move")
        holder = entry.to_holder
