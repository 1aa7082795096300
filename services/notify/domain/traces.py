"""The carriers' words in one vocabulary, and how reports of one journey become one trace."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from types import MappingProxyType


class Tracking(StrEnum):
    """What a carrier's code means, in one vocabulary for all carriers; in order of progress."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    ON_HOLD = "on_hold"
    DELIVERY_DELAYED = "delivery_delayed"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERY_FAILED = "delivery_failed"
    READY_FOR_PICKUP = "ready_for_pickup"
    RETURN_TO_SENDER = "return_to_sender"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


# Scans of one minute carry one time: then the further progress is the later one.
_PROGRESS: Mapping[Tracking, int] = MappingProxyType(
    {tracking: rank for rank, tracking in enumerate(Tracking)}
)


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One scan. `text` may name people: it is kept sealed and not shown to the public."""

    at: datetime
    code: str  # the carrier's own, always kept
    tracking: Tracking
    place: str = ""
    text: str = ""

    @property
    def key(self) -> tuple[datetime, str, str]:
        """What makes two reports one scan; carriers reword the text between pushes."""
        return self.at, self.code, self.place


Trace = tuple[TraceEvent, ...]


def _order(event: TraceEvent) -> tuple[datetime, int, str, str]:
    return event.at, _PROGRESS[event.tracking], event.code, event.place


def _fuller(one: TraceEvent, other: TraceEvent) -> TraceEvent:
    """Of two reports of one scan the longer text, and the meaning if one of them was understood."""
    text = max(one.text, other.text, key=lambda text: (len(text), text))
    tracking = max(one.tracking, other.tracking, key=_PROGRESS.__getitem__)
    return replace(one, text=text, tracking=tracking)


def merge(*traces: Iterable[TraceEvent]) -> Trace:
    """All scans once, as they happened, whatever order and number they came in."""
    known: dict[tuple[datetime, str, str], TraceEvent] = {}
    for trace in traces:
        for event in trace:
            seen = known.get(event.key)
            known[event.key] = event if seen is None else _fuller(seen, event)
    return tuple(sorted(known.values(), key=_order))


def read_again(trace: Trace, statuses: Mapping[str, Tracking]) -> Trace:
    """The trace under a status table that has learned new codes since."""
    return merge(
        replace(event, tracking=statuses.get(event.code, event.tracking)) for event in trace
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What a whole trace amounts to."""

    tracking: Tracking = Tracking.PENDING
    turned_back: bool = False


def _next_standing(standing: Standing, event: TraceEvent) -> Standing:
    # A code nobody has mapped yet says nothing, and a scan after the delivery changes nothing.
    if standing.tracking is Tracking.DELIVERED or event.tracking is Tracking.UNKNOWN:
        return standing
    turned_back = standing.turned_back or event.tracking is Tracking.RETURN_TO_SENDER
    return Standing(event.tracking, turned_back)


def standing(trace: Trace) -> Standing:
    return reduce(_next_standing, trace, Standing())


# A carrier's "cancelled" moves nothing: the papers are in somebody's hands, a person says whose.
SILENT: frozenset[Tracking] = frozenset({Tracking.UNKNOWN, Tracking.PENDING, Tracking.CANCELLED})
