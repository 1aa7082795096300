"""From an answer to an outcome: the far side's own codes first, then what HTTP says."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from services.notify.gateways import field_paths
from services.notify.gateways.calls import Answer, NoAnswer
from services.notify.gateways.outcomes import Done, Duplicate, Outcome, Refused, RetryLater


class Result(StrEnum):
    DONE = "done"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    RETRY = "retry"


class AnswerTable(BaseModel):
    """Where an answer keeps its reference, code and reason, and what its codes mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = ""
    code: str = ""
    reason: str = ""
    codes: Mapping[str, Result] = {}
    statuses: Mapping[str, Result] = {}  # HTTP statuses that mean something else here


# Of what is below 500, these say nothing about the thing itself: credentials, addresses and
# conflicts are put right on our side or theirs, and the same call works then.
_STATUSES: Mapping[int, Result] = MappingProxyType(
    dict.fromkeys((401, 403, 404, 405, 407, 408, 409, 423, 425, 429), Result.RETRY)
)


_LONGEST_CODE = 64
REFERENCE_MISSING = "reference-missing"


def judge(
    answer: Answer | NoAnswer, table: AnswerTable, *, reference_needed: bool = False
) -> Outcome:
    if isinstance(answer, NoAnswer):
        return RetryLater("", answer.reason)
    code = field_paths.text(answer.document, table.code)
    result = _result(answer, code, table)
    raw = code[:_LONGEST_CODE] or str(answer.status)
    reason = field_paths.text(answer.document, table.reason)[:200] or f"HTTP {answer.status}"
    if result is Result.REFUSED:
        return Refused(raw, reason)
    if result is Result.RETRY:
        return RetryLater(raw, reason, answer.retry_after)
    reference = field_paths.text(answer.document, table.reference)
    if reference_needed and not reference:
        # Taken, it says, but not as what: it has to be asked again by our own id.
        return RetryLater(raw, REFERENCE_MISSING)
    return Duplicate(reference, raw) if result is Result.DUPLICATE else Done(reference, raw)


def _result(answer: Answer, code: str, table: AnswerTable) -> Result:
    taken = 200 <= answer.status < 300
    told = table.codes.get(code) if code else None
    if told is not None and (taken or told is not Result.DONE):
        return told
    by_status = table.statuses.get(str(answer.status)) or _STATUSES.get(answer.status)
    if by_status is not None:
        return by_status
    if 400 <= answer.status < 500:
        return Result.REFUSED
    return Result.DONE if taken and _credible(answer, table) else Result.RETRY


def _credible(answer: Answer, table: AnswerTable) -> bool:
    """Where codes are agreed, a 200 without a known one is a proxy's page or something new."""
    return not table.codes and (answer.document is not None or answer.status == 204)
