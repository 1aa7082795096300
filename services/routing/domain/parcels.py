"""A sealed bag between two places: its states, and what each does to the papers in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.routing.domain.custody import Act, Holder, HolderKind
from services.routing.domain.words import Named
from shared.errors import ConflictError


class State(Named):
    OPEN = "open", "装袋中"
    SEALED = "sealed", "已封装"
    HANDED_OVER = "handed_over", "已交寄"
    IN_TRANSIT = "in_transit", "运输中"
    ARRIVED = "arrived", "已到达"
    SCANNED = "scanned", "已扫描接收"
    RETURNING = "returning", "退回途中"
    RETURNED = "returned", "已退回"
    LOST = "lost", "下落不明"
    CLOSED = "closed", "已关闭"


class Deed(Named):
    FILL = "fill", "装入"
    TAKE_OUT = "take_out", "取出"
    SEAL = "seal", "封装"
    UNSEAL = "unseal", "拆封"
    DISCARD = "discard", "作废空袋"
    HAND_OVER = "hand_over", "交寄"
    TRANSIT = "transit", "运输"
    ARRIVE = "arrive", "到达"
    SCAN = "scan", "扫描接收"
    TURN_BACK = "turn_back", "退回"
    TAKE_BACK = "take_back", "寄出地收回"
    LOSE = "lose", "登记下落不明"
    FIND = "find", "找回"
    CLOSE = "close", "关闭"


class End(Named):
    """Which of the two places a parcel lies between may act; beside them who carries it, and the
    calendar."""

    SENDER = "sender", "寄出地"
    RECEIVER = "receiver", "接收地"
    CARRIER = "carrier", "承运人"
    SYSTEM = "system", "系统"


MOVES: Mapping[tuple[State, Deed], State] = MappingProxyType(
    {
        (State.OPEN, Deed.FILL): State.OPEN,
        (State.OPEN, Deed.TAKE_OUT): State.OPEN,
        (State.OPEN, Deed.SEAL): State.SEALED,
        (State.OPEN, Deed.DISCARD): State.CLOSED,
        (State.SEALED, Deed.UNSEAL): State.OPEN,
        (State.SEALED, Deed.HAND_OVER): State.HANDED_OVER,
        (State.HANDED_OVER, Deed.TRANSIT): State.IN_TRANSIT,
        (State.HANDED_OVER, Deed.ARRIVE): State.ARRIVED,
        (State.HANDED_OVER, Deed.SCAN): State.SCANNED,
        (State.HANDED_OVER, Deed.TURN_BACK): State.RETURNING,
        (State.HANDED_OVER, Deed.LOSE): State.LOST,
        (State.IN_TRANSIT, Deed.ARRIVE): State.ARRIVED,
        (State.IN_TRANSIT, Deed.SCAN): State.SCANNED,
        (State.IN_TRANSIT, Deed.TURN_BACK): State.RETURNING,
        (State.IN_TRANSIT, Deed.LOSE): State.LOST,
        (State.ARRIVED, Deed.SCAN): State.SCANNED,
        (State.ARRIVED, Deed.TURN_BACK): State.RETURNING,
        (State.ARRIVED, Deed.LOSE): State.LOST,
        (State.RETURNING, Deed.TAKE_BACK): State.RETURNED,
        (State.RETURNING, Deed.LOSE): State.LOST,
        (State.LOST, Deed.FIND): State.IN_TRANSIT,
        (State.LOST, Deed.CLOSE): State.CLOSED,
        (State.SCANNED, Deed.CLOSE): State.CLOSED,
        (State.RETURNED, Deed.CLOSE): State.CLOSED,
    }
)

_SENDER = frozenset({End.SENDER})
_RECEIVER = frozenset({End.RECEIVER})
_BOTH = frozenset({End.SENDER, End.RECEIVER})

WHO: Mapping[Deed, frozenset[End]] = MappingProxyType(
    {
        Deed.FILL: _SENDER,
        Deed.TAKE_OUT: _SENDER,
        Deed.SEAL: _SENDER,
        Deed.UNSEAL: _SENDER,
        Deed.DISCARD: _SENDER,
        Deed.HAND_OVER: _SENDER,
        Deed.TRANSIT: frozenset({End.CARRIER}),
        Deed.ARRIVE: frozenset({End.CARRIER, End.RECEIVER}),
        Deed.SCAN: _RECEIVER,
        Deed.TURN_BACK: frozenset({End.CARRIER, End.RECEIVER}),
        Deed.TAKE_BACK: _SENDER,
        Deed.LOSE: _BOTH,
        Deed.FIND: _BOTH,
        Deed.CLOSE: _BOTH,
    }
)

# What the deed does to each paper on the manifest; the others leave every paper where it is.
EFFECTS: Mapping[Deed, Act] = MappingProxyType(
    {
        Deed.FILL: Act.FILL,
        Deed.TAKE_OUT: Act.TAKE_OUT,
        Deed.HAND_OVER: Act.HAND_OVER,
        Deed.SCAN: Act.SCAN_IN,
        Deed.TAKE_BACK: Act.SCAN_IN,
        Deed.LOSE: Act.LOSE,
        Deed.FIND: Act.FIND,
    }
)

UNDER_WAY = frozenset({State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED, State.RETURNING})
_TRACKED = (State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED)


@dataclass(frozen=True, slots=True)
class Parcel:
    id: str
    sender: str
    receiver: str
    state: State = State.OPEN
    manifest: frozenset[str] = frozenset()
    carrier: str | None = None

    @property
    def holder(self) -> Holder:
        """Who holds the papers in it, while they are in it."""
        if self.state in (State.OPEN, State.SEALED) or self.carrier is None:
            return Holder(HolderKind.PARCEL, self.id)
        return Holder(HolderKind.CARRIER, self.carrier)


@dataclass(frozen=True, slots=True)
class Consequence:
    """One paper's move that follows from what was done to its parcel."""

    original_id: str
    act: Act
    to: Holder


class ParcelStateError(ConflictError):
    code = "parcel-deed-not-allowed"

    def __init__(self, state: State, deed: Deed) -> None:
        can = allowed(state)
        super().__init__(
            f"封装袋“{state.zh}”，不能“{deed.zh}”；可以：{'、'.join(d.zh for d in can) or '无'}",
            f"cannot {deed} a parcel that is {state}; allowed: {', '.join(can) or 'nothing'}",
            state=state.value,
            deed=deed.value,
            allowed=[each.value for each in can],
        )


class ParcelEmptyError(ConflictError):
    code = "parcel-empty"

    def __init__(self) -> None:
        super().__init__("空袋不能封装", "a parcel without papers is not sealed")


def after(state: State, deed: Deed) -> State:
    try:
        return MOVES[state, deed]
    except KeyError:
        raise ParcelStateError(state, deed) from None


def allowed(state: State) -> tuple[Deed, ...]:
    return tuple(deed for deed in Deed if (state, deed) in MOVES)


def may(end: End, deed: Deed) -> bool:
    return end in WHO[deed]


def seal(parcel: Parcel) -> State:
    """From here on the manifest is fixed."""
    state = after(parcel.state, Deed.SEAL)
    if not parcel.manifest:
        raise ParcelEmptyError
    return state


def tracked(state: State, deed: Deed) -> State | None:
    """What a carrier's event does: on, or nothing. A late one annotates and never moves back."""
    if state not in _TRACKED or deed not in (Deed.TRANSIT, Deed.ARRIVE, Deed.TURN_BACK):
        return None
    return MOVES.get((state, deed))


def acts_on(
    parcel: Parcel, deed: Deed, holders: Mapping[str, Holder], *, carrier: str | None = None
) -> tuple[Consequence, ...]:
    """The moves of a deed on the whole bag: handing over, taking back, losing, finding.

    A paper that meanwhile turned up elsewhere is not moved from there.
    """
    to = _destination(parcel, deed, carrier)
    act = EFFECTS.get(deed)
    if to is None or act is None:
        return ()
    giver = Holder(HolderKind.LOST, parcel.id) if deed is Deed.FIND else parcel.holder
    held = (original for original in sorted(parcel.manifest) if holders.get(original) == giver)
    return tuple(Consequence(original, act, to) for original in held)


def _destination(parcel: Parcel, deed: Deed, carrier: str | None) -> Holder | None:
    if deed is Deed.HAND_OVER and carrier:
        return Holder(HolderKind.CARRIER, carrier)
    if deed is Deed.TAKE_BACK:
        return Holder(HolderKind.LOCATION, parcel.sender)
    if deed is Deed.LOSE:
        return Holder(HolderKind.LOST, parcel.id)
    if deed is Deed.FIND and parcel.carrier:
        return Holder(HolderKind.CARRIER, parcel.carrier)
    return None
