"""What follows when the post brings a result back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from services.notify.domain.deliveries import Method, Step


class Failure(StrEnum):
    """Why the post came back, as the papers desk or the carrier's code tells."""

    ABSENT = "absent"
    WRONG_ADDRESS = "wrong_address"
    REFUSED = "refused"
    UNCLAIMED = "unclaimed"
    DAMAGED = "damaged"
    LOST = "lost"
    OTHER = "other"


class Remedy(StrEnum):
    POST_AGAIN = "post_again"
    ASK_ADDRESS = "ask_address"  # posted again once the applicant has corrected the address
    COLLECT = "collect"  # kept for collection, and the applicant is told where
    ISSUE_AGAIN = "issue_again"  # the authority makes a new document; the old one is void


# By the number of earlier failures; the last entry holds for every further one.
FALLBACKS: Mapping[Failure, tuple[Remedy, ...]] = MappingProxyType(
    {
        Failure.ABSENT: (Remedy.POST_AGAIN, Remedy.COLLECT),
        Failure.WRONG_ADDRESS: (Remedy.ASK_ADDRESS, Remedy.COLLECT),
        Failure.REFUSED: (Remedy.COLLECT,),
        Failure.UNCLAIMED: (Remedy.COLLECT,),
        Failure.DAMAGED: (Remedy.ISSUE_AGAIN,),
        Failure.LOST: (Remedy.ISSUE_AGAIN,),
        Failure.OTHER: (Remedy.ASK_ADDRESS, Remedy.COLLECT),
    }
)


@dataclass(frozen=True, slots=True)
class Fallback:
    remedy: Remedy
    method: Method
    step: Step


def fallback(
    failure: Failure,
    *,
    failed_before: int,
    window_may_deliver: bool,
    rules: Mapping[Failure, tuple[Remedy, ...]] = FALLBACKS,
) -> Fallback:
    """What follows a failed post.

    The window keeps a result for collection only where an agreement delegates handing it over
    (审批结果送达权); otherwise it waits at the handling place.
    """
    remedies = rules[failure]
    remedy = remedies[min(failed_before, len(remedies) - 1)]
    if remedy is not Remedy.COLLECT:
        return Fallback(remedy, Method.POST, Step.REPEAT)
    counter = Method.WINDOW_PICKUP if window_may_deliver else Method.HANDLING_PICKUP
    return Fallback(remedy, counter, Step.CHANGE)
