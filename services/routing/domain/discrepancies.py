"""What a scan found different from the manifest, and how both ends settle it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from services.routing.domain.custody import Act, Holder, HolderKind
from services.routing.domain.parcels import End
from services.routing.domain.scans import Scan
from services.routing.domain.words import Named
from shared.errors import ConflictError


class Kind(Named):
    MISSING = "missing", "缺件"
    EXTRA = "extra", "多件"
    DAMAGED = "damaged", "破损"


class Settlement(Named):
    TURNED_UP = "turned_up", "接收地随后找到"
    NEVER_SENT = "never_sent", "寄出地确认未装入"
    LOST = "lost", "确认遗失"
    KEPT = "kept", "留在接收地办理"
    SENT_BACK = "sent_back", "退回寄出地"
    ACCEPTED = "accepted", "可以使用，照常办理"
    REPLACED = "replaced", "由申请人或原制发机关补制"


class Side(Named):
    """Where the paper is once that is settled."""

    SENDER = "sender", "寄出地"
    RECEIVER = "receiver", "接收地"
    NOBODY = "nobody", "下落不明"


@dataclass(frozen=True, slots=True)
class Effect:
    act: Act
    to: Side


ALLOWED: Mapping[Kind, tuple[Settlement, ...]] = MappingProxyType(
    {
        Kind.MISSING: (Settlement.TURNED_UP, Settlement.NEVER_SENT, Settlement.LOST),
        Kind.EXTRA: (Settlement.KEPT, Settlement.SENT_BACK),
        Kind.DAMAGED: (Settlement.ACCEPTED, Settlement.REPLACED, Settlement.SENT_BACK),
    }
)

# A missing paper stays with the carrier until this is settled. What goes back, goes in a parcel.
EFFECTS: Mapping[Settlement, Effect] = MappingProxyType(
    {
        Settlement.TURNED_UP: Effect(Act.SCAN_IN, Side.RECEIVER),
        Settlement.NEVER_SENT: Effect(Act.SCAN_IN, Side.SENDER),
        Settlement.LOST: Effect(Act.LOSE, Side.NOBODY),
    }
)


class SettlementError(ConflictError):
    code = "discrepancy-settlement"

    def __init__(self, kind: Kind, settlement: Settlement) -> None:
        can = ALLOWED[kind]
        super().__init__(
            f"“{kind.zh}”不能以“{settlement.zh}”了结；可以：{'、'.join(each.zh for each in can)}",
            f"{kind} cannot be settled as {settlement}; allowed: {', '.join(can)}",
            allowed=[each.value for each in can],
        )


class AlreadySettledError(ConflictError):
    code = "discrepancy-settled"

    def __init__(self) -> None:
        super().__init__("该差异已经了结", "this discrepancy has been settled")


class UnsettledError(ConflictError):
    code = "discrepancies-unsettled"

    def __init__(self, still: "Sequence[Discrepancy]") -> None:
        super().__init__(
            f"还有{len(still)}处差异没有了结，不能关闭",
            f"{len(still)} discrepancies are not settled",
            originals=[each.original_id for each in still],
        )


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Each end says how it sees it; it is settled when both say the same."""

    kind: Kind
    original_id: str
    sender_says: Settlement | None = None
    receiver_says: Settlement | None = None

    @property
    def settled(self) -> Settlement | None:
        return self.sender_says if self.sender_says == self.receiver_says else None


def of_scan(scan: Scan) -> tuple[Discrepancy, ...]:
    kinds = ((Kind.MISSING, scan.missing), (Kind.EXTRA, scan.extra), (Kind.DAMAGED, scan.damaged))
    return tuple(Discrepancy(kind, original) for kind, originals in kinds for original in originals)


def say(discrepancy: Discrepancy, settlement: Settlement, *, end: End) -> Discrepancy:
    """An end may change its mind until the other agrees."""
    if discrepancy.settled is not None:
        raise AlreadySettledError
    if settlement not in ALLOWED[discrepancy.kind]:
        raise SettlementError(discrepancy.kind, settlement)
    if end is End.SENDER:
        return replace(discrepancy, sender_says=settlement)
    return replace(discrepancy, receiver_says=settlement)


def effect_of(discrepancy: Discrepancy, holder: Holder) -> Effect | None:
    """What the settlement does to the ledger; nothing where the paper turned up elsewhere."""
    if discrepancy.settled is None or holder.kind is not HolderKind.CARRIER:
        return None
    return EFFECTS.get(discrepancy.settled)


def check_settled(discrepancies: Iterable[Discrepancy]) -> None:
    """A parcel closes when both ends agree on everything in it."""
    still = [each for each in discrepancies if each.settled is None]
    if still:
        raise UnsettledError(still)
