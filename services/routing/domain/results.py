"""A result on paper: where it is by what is told of its delivery, and by which act it got there."""

from collections.abc import Mapping
from types import MappingProxyType

from services.routing.domain.custody import Act, Holder, HolderKind

_L, _P, _C, _LOST = (
    HolderKind.LOCATION,
    HolderKind.PARCEL,
    HolderKind.CARRIER,
    HolderKind.LOST,
)

# Whoever has collected it keeps it: no news takes a result from an applicant.
ACTS: Mapping[tuple[HolderKind, HolderKind], Act] = MappingProxyType(
    {
        (_L, _C): Act.POST,
        (_C, _L): Act.SCAN_IN,
        (_L, _L): Act.TURN_UP,
        (_P, _L): Act.TURN_UP,
        (_C, _LOST): Act.LOSE,
        (_LOST, _L): Act.FIND,
        (_LOST, _C): Act.FIND,
        (_L, HolderKind.APPLICANT): Act.COLLECT,
        (_C, HolderKind.APPLICANT): Act.COLLECT,
    }
)


def whereabouts(
    method: str, status: str, *, delivery_id: str, window: str, office: str
) -> Holder | None:
    """Nothing, where the news says nothing of the paper itself."""
    if status == "on_way":
        return Holder(HolderKind.CARRIER, f"post/{delivery_id}")
    if status == "lost":
        return Holder(HolderKind.LOST, f"post/{delivery_id}")
    if status == "ready" and method in ("window_pickup", "handling_pickup"):
        return Holder(HolderKind.LOCATION, window if method == "window_pickup" else office)
    # Not to be delivered, or not collected in time: it is kept where it was decided.
    if status in ("failed", "returned"):
        return Holder(HolderKind.LOCATION, office)
    return None


def act(giver: Holder, to: Holder) -> Act | None:
    return None if giver == to else ACTS.get((giver.kind, to.kind))
