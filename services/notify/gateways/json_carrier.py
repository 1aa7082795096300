"""Any carrier with a JSON/HTTP interface, described by a file instead of by code.

Here is the I/O; carrier_calls.py builds and carrier_answers.py reads, both pure, by the tables of
carrier_files.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from services.notify.domain.traces import Trace
from services.notify.gateways import calls, secrets
from services.notify.gateways.calls import Line
from services.notify.gateways.carrier_answers import read_booking, read_push, read_track
from services.notify.gateways.carrier_calls import (
    build_booking,
    build_cancel,
    build_find,
    build_track,
)
from services.notify.gateways.carrier_files import JsonCarrierFile
from services.notify.gateways.carriers import BookingOrder, Told
from services.notify.gateways.outcomes import Done, Duplicate, Outcome, Refused, RetryLater
from services.notify.gateways.verdicts import REFERENCE_MISSING, judge


@dataclass(frozen=True, slots=True)
class JsonCarrier:
    file: JsonCarrierFile
    line: Line
    headers: Mapping[str, str]
    automatic: bool = True

    @property
    def code(self) -> str:
        return self.file.code

    async def book(self, order: BookingOrder) -> Outcome:
        call = build_booking(self.file, order, self.headers)
        answer = await calls.make(self.line, call)
        outcome = read_booking(answer, self.file.book.answer, self.file)
        if isinstance(outcome, RetryLater) and outcome.reason == REFERENCE_MISSING:
            return await self._find(order.order_id) or outcome
        return outcome

    async def _find(self, order_id: str) -> Outcome | None:
        """The booking that is there already, so a duplicate whatever the call for it was."""
        finding = self.file.find
        if finding is None:
            return None
        call = build_find(self.file, finding, order_id, self.headers)
        found = read_booking(await calls.make(self.line, call), finding.answer, self.file)
        return Duplicate(found.reference, found.raw_code) if isinstance(found, Done) else None

    async def cancel(self, order_id: str, waybill: str) -> Outcome:
        cancelling = self.file.cancel
        if cancelling is None:
            return Refused("unsupported", "this carrier cannot be told to cancel")
        call = build_cancel(self.file, cancelling, order_id, waybill, self.headers)
        return judge(await calls.make(self.line, call), cancelling.answer)

    async def track(self, waybill: str) -> Told | RetryLater:
        if self.file.track is None:
            return Told(waybill, "", Trace())
        call = build_track(self.file, self.file.track, waybill, self.headers)
        return read_track(await calls.make(self.line, call), waybill, self.file)

    def read_push(self, document: object) -> tuple[Told, ...]:
        return read_push(document, self.file)


def open_carrier(path: Path, line: Line, *, base: str | None = None) -> JsonCarrier:
    """Reads the file and the secret beside it; raises where either is wrong."""
    file = JsonCarrierFile.parse(path.read_text(encoding="utf-8"))
    if base is not None:
        file = file.model_copy(update={"base": base})
    own = replace(line, timeout=file.timeout)
    return JsonCarrier(file, own, secrets.headers(file.auth, folder=path.parent))
