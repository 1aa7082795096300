"""What a carrier described by a file says: pure, from its fields to our words."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain import waybills
from services.notify.domain.traces import Trace, TraceEvent, Tracking, merge
from services.notify.gateways import field_paths
from services.notify.gateways.calls import Answer, NoAnswer
from services.notify.gateways.carrier_files import Asking, JsonCarrierFile, Scans
from services.notify.gateways.carriers import PushUnreadableError, Told
from services.notify.gateways.outcomes import Done, Duplicate, Outcome, RetryLater
from services.notify.gateways.verdicts import AnswerTable, judge
from shared.errors import InvalidError

_LONGEST_TEXT = 500
_LONGEST_CODE = 64
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def read_booking(answer: Answer | NoAnswer, table: AnswerTable, file: JsonCarrierFile) -> Outcome:
    """A waybill that fails its own check digit is not one: better asked again than printed."""
    outcome = judge(answer, table, reference_needed=True)
    if not isinstance(outcome, Done | Duplicate):
        return outcome
    try:
        number = waybills.parse(
            outcome.reference, file.waybill_scheme, pattern=file.waybill_pattern
        )
    except InvalidError as error:
        return RetryLater(outcome.raw_code, error.faults[0].code)
    return type(outcome)(number, outcome.raw_code)


def read_track(answer: Answer | NoAnswer, waybill: str, file: JsonCarrierFile) -> Told | RetryLater:
    if isinstance(answer, NoAnswer):
        return RetryLater("", answer.reason)
    asking = file.track
    if asking is None or not _useful(answer, asking):
        return RetryLater(str(answer.status), f"HTTP {answer.status}", answer.retry_after)
    trace, skipped = read_trace(field_paths.rows(answer.document, asking.events), file)
    return Told(waybill, "", trace, skipped)


def _useful(answer: Answer, asking: Asking) -> bool:
    return 200 <= answer.status < 300 and all(
        field_paths.text(answer.document, path) == value for path, value in asking.ok.items()
    )


def read_push(document: object, file: JsonCarrierFile) -> tuple[Told, ...]:
    push = file.push
    if push is None:
        raise PushUnreadableError(f"{file.code} does not push")
    told = []
    for parcel in field_paths.rows(document, push.parcels):
        waybill = waybills.tidy(field_paths.text(parcel, push.waybill))
        order_id = field_paths.text(parcel, push.order_id)
        if waybill or order_id:
            trace, skipped = read_trace(field_paths.rows(parcel, push.events), file)
            told.append(Told(waybill, order_id, trace, skipped))
    if not told:
        raise PushUnreadableError(f"{file.code}: no parcel with a waybill in the body")
    return tuple(told)


def read_trace(rows: list[Any], file: JsonCarrierFile) -> tuple[Trace, int]:
    """The scans that can be read, merged, and how many could not."""
    events = [_event(row, file) for row in rows]
    readable = [event for event in events if event is not None]
    return merge(readable), len(events) - len(readable)


def _event(row: object, file: JsonCarrierFile) -> TraceEvent | None:
    scans = file.scans
    at = _moment(field_paths.text(row, scans.at), scans)
    code = field_paths.text(row, scans.code)[:_LONGEST_CODE]
    if at is None or not code:
        return None
    return TraceEvent(
        at,
        code,
        file.statuses.get(code, Tracking.UNKNOWN),
        field_paths.text(row, scans.place)[:_LONGEST_TEXT],
        field_paths.text(row, scans.text)[:_LONGEST_TEXT],
    )


def _moment(text: str, scans: Scans) -> datetime | None:
    try:
        moment = _parse_time(text, scans)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(scans.time_zone))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    # A scan without a real date ("0001-01-01") would stand before everything that is known.
    return moment if moment >= _EARLIEST else None


def _parse_time(text: str, scans: Scans) -> datetime:
    if scans.time_format:
        return datetime.strptime(text, scans.time_format)  # noqa: DTZ007  (zone: see _moment)
    if text.isascii() and text.isdigit():
        seconds = int(text) / (1000 if len(text) > 11 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    return datetime.fromisoformat(text)
