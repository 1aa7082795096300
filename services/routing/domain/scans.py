"""Scanning a parcel in: what was found against what was listed, and where each paper is then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.routing.domain.custody import Act, Holder, HolderKind
from services.routing.domain.parcels import Consequence, Parcel


@dataclass(frozen=True, slots=True)
class Scan:
    """What the receiving desk found, set against the manifest."""

    found: tuple[str, ...]
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not (self.missing or self.damaged or self.extra)


def compare(
    manifest: Iterable[str], *, found: Iterable[str], damaged: Iterable[str], extra: Iterable[str]
) -> Scan:
    """A damaged paper has arrived; one found but not listed is extra, whatever it was called."""
    listed = set(manifest)
    here = set(found) | set(damaged)
    surplus = (here - listed) | (set(extra) - listed)
    arrived = (here | set(extra)) & listed
    return Scan(
        found=tuple(sorted(arrived)),
        missing=tuple(sorted(listed - arrived)),
        damaged=tuple(sorted(set(damaged) & listed)),
        extra=tuple(sorted(surplus)),
    )


def consequences(
    scan: Scan, parcel: Parcel, holders: Mapping[str, Holder]
) -> tuple[Consequence, ...]:
    """Found: from the carrier to the desk. Missing: nothing moves. Extra: from wherever it was."""
    desk = Holder(HolderKind.LOCATION, parcel.receiver)
    scanned = [
        Consequence(
            original, Act.SCAN_IN if _in_hand(holders, original, parcel) else Act.TURN_UP, desk
        )
        for original in scan.found
        if holders.get(original) not in (None, desk)
    ]
    surplus = [
        Consequence(original, Act.TURN_UP, desk)
        for original in scan.extra
        if holders.get(original) not in (None, desk)
    ]
    return (*scanned, *surplus)


def _in_hand(holders: Mapping[str, Holder], original: str, parcel: Parcel) -> bool:
    return holders.get(original) == parcel.holder
