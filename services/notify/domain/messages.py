"""What people are told about their case, and what a message may say: a closed set of words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Event(StrEnum):
    RECEIVED = "received"
    NOTICE = "notice"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DECIDED = "decided"
    ON_WAY = "on_way"
    READY = "ready"
    LINK_READY = "link_ready"
    DELIVERED = "delivered"
    PROMISE_DUE = "promise_due"
    PROMISE_BROKEN = "promise_broken"
    UNCLAIMED = "unclaimed"
    POST_FAILED = "post_failed"
    RETURNED = "returned"
    CLOSED = "closed"
    PAPERS_COMING_BACK = "papers_coming_back"
    PAPERS_LOST = "papers_lost"
    PAPERS_FOUND = "papers_found"
    ENDPOINT = "endpoint"  # to whoever looks after a system that is told by webhook


class Placeholder(StrEnum):
    """Nothing here names or describes a person: an SMS is read on the screen of a lent phone."""

    CASE_NUMBER = "case_number"
    ITEM = "item"  # the item's short name, as published
    OFFICE = "office"  # the authority that handles or decided
    WINDOW = "window"  # where to go
    OFFICE_PHONE = "office_phone"
    DATE = "date"
    DUE = "due"
    COUNT = "count"  # how many materials, never which contents
    MATERIALS = "materials"  # names from the published checklist, shortened; never free text
    CARRIER = "carrier"
    WAYBILL = "waybill"
    LINK = "link"
    SYSTEM = "system"  # a subscription's name
    STATE = "state"  # how its endpoint does
    FOLLOWS = "follows"  # what happens now, as the item says


_ALWAYS = frozenset(
    {
        Placeholder.CASE_NUMBER,
        Placeholder.ITEM,
        Placeholder.OFFICE,
        Placeholder.OFFICE_PHONE,
        Placeholder.LINK,
    }
)
_P = Placeholder

# Each event's words: a template that uses another is refused when it is loaded.
MAY_SAY: Mapping[Event, frozenset[Placeholder]] = MappingProxyType(
    {
        Event.RECEIVED: _ALWAYS | {_P.WINDOW, _P.DATE},
        Event.NOTICE: _ALWAYS | {_P.WINDOW, _P.DUE, _P.COUNT, _P.MATERIALS},
        Event.ACCEPTED: _ALWAYS | {_P.DATE, _P.DUE},
        Event.REFUSED: _ALWAYS | {_P.DATE, _P.WINDOW},
        Event.DECIDED: _ALWAYS | {_P.DATE},
        Event.ON_WAY: _ALWAYS | {_P.CARRIER, _P.WAYBILL},
        Event.READY: _ALWAYS | {_P.WINDOW, _P.DUE},
        Event.LINK_READY: _ALWAYS | {_P.DUE},
        Event.DELIVERED: _ALWAYS | {_P.DATE},
        Event.PROMISE_DUE: _ALWAYS | {_P.DUE, _P.COUNT, _P.MATERIALS, _P.WINDOW},
        Event.PROMISE_BROKEN: _ALWAYS | {_P.COUNT, _P.MATERIALS, _P.WINDOW, _P.FOLLOWS},
        Event.UNCLAIMED: _ALWAYS | {_P.WINDOW, _P.DUE},
        Event.POST_FAILED: _ALWAYS | {_P.CARRIER, _P.WAYBILL, _P.WINDOW},
        Event.RETURNED: _ALWAYS | {_P.WINDOW},
        Event.CLOSED: _ALWAYS | {_P.DATE, _P.WINDOW},
        Event.PAPERS_COMING_BACK: _ALWAYS | {_P.WINDOW, _P.COUNT, _P.DUE},
        Event.PAPERS_LOST: _ALWAYS | {_P.WINDOW, _P.COUNT, _P.DUE},
        Event.PAPERS_FOUND: _ALWAYS | {_P.WINDOW, _P.COUNT, _P.DUE},
        Event.ENDPOINT: frozenset({_P.SYSTEM, _P.STATE, _P.DATE}),
    }
)

# A message still waiting to be sent is overtaken by one of these about the same case.
OVERTAKEN_BY: Mapping[Event, frozenset[Event]] = MappingProxyType(
    {
        Event.RECEIVED: frozenset(
            {Event.ACCEPTED, Event.REFUSED, Event.NOTICE, Event.DECIDED, Event.CLOSED}
        ),
        Event.ACCEPTED: frozenset({Event.DECIDED}),
        Event.ON_WAY: frozenset({Event.DELIVERED, Event.POST_FAILED}),
        Event.READY: frozenset({Event.DELIVERED, Event.RETURNED}),
        Event.LINK_READY: frozenset({Event.DELIVERED}),
        Event.UNCLAIMED: frozenset({Event.DELIVERED, Event.RETURNED}),
        Event.PROMISE_DUE: frozenset({Event.PROMISE_BROKEN, Event.DELIVERED, Event.CLOSED}),
        Event.PAPERS_LOST: frozenset({Event.PAPERS_FOUND}),
    }
)

# An act with legal effect: it is told however late, and never overtaken.
LEGAL: frozenset[Event] = frozenset(
    {
        Event.NOTICE,
        Event.REFUSED,
        Event.DECIDED,
        Event.PROMISE_BROKEN,
        Event.RETURNED,
        Event.CLOSED,
    }
)


class Urgency(StrEnum):
    NOW = "now"  # the person stands at the window
    DAYTIME = "daytime"


URGENCY: Mapping[Event, Urgency] = MappingProxyType(
    {
        event: Urgency.NOW if event in {Event.RECEIVED, Event.DELIVERED} else Urgency.DAYTIME
        for event in Event
    }
)
