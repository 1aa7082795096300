"""The pure half of the gateways: building, reading, judging, and files that are refused."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import deploy.simulators
from services.notify.domain.traces import Tracking
from services.notify.gateways import field_paths
from services.notify.gateways.calls import Answer, NoAnswer
from services.notify.gateways.carrier_answers import read_booking, read_push, read_trace
from services.notify.gateways.carrier_calls import build_booking, build_track
from services.notify.gateways.carrier_files import JsonCarrierFile
from services.notify.gateways.carriers import (
    BookingOrder,
    CarrierGateway,
    Party,
    PushUnreadableError,
    Told,
)
from services.notify.gateways.json_sms import JsonSmsFile
from services.notify.gateways.manual_carrier import ManualCarrier
from services.notify.gateways.outcomes import Done, Duplicate, Refused, RetryLater
from services.notify.gateways.verdicts import AnswerTable, Result, judge

FOLDER = Path(deploy.simulators.__file__).parent
FILE = JsonCarrierFile.parse((FOLDER / "carrier.toml").read_text(encoding="utf-8"))
ORDER = BookingOrder(
    "order-1",
    Party("甲中心", "1", "甘肃省兰州市"),
    Party("乙", "2", "青海省西宁市", postcode="810000"),
    content="originals",
    payer="applicant",
)
TABLE = AnswerTable(
    reference="data.no",
    code="code",
    codes={"0": Result.DONE, "9": Result.DUPLICATE, "7": Result.REFUSED, "8": Result.RETRY},
    statuses={"409": Result.DUPLICATE},
)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["code", "data", "traces", "time", "op_code", "waybill_no", "parcels"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (200, {"code": 0, "data": {"no": "A1"}}, Done("A1", "0")),
        (201, {"code": "0", "data": {"no": 17}}, Done("17", "0")),
        (200, {"code": "9", "data": {"no": "A1"}}, Duplicate("A1", "9")),
        (409, {"data": {"no": "A1"}}, Duplicate("A1", "409")),
        (200, {"code": "7"}, Refused("7", "HTTP 200")),
        (400, None, Refused("400", "HTTP 400")),
        (422, {"code": "?"}, Refused("?", "HTTP 422")),
        (200, {"code": "8"}, RetryLater("8", "HTTP 200")),
        (200, {"code": "?", "data": {"no": "A1"}}, RetryLater("?", "HTTP 200")),
        (200, {"code": "0"}, RetryLater("0", "reference-missing")),
        (200, None, RetryLater("200", "HTTP 200")),
        (200, {"data": {"no": "A1"}}, RetryLater("200", "HTTP 200")),
        (500, {"code": "0", "data": {"no": "A1"}}, RetryLater("0", "HTTP 500")),
        (302, None, RetryLater("302", "HTTP 302")),
        (401, {"code": "0"}, RetryLater("0", "HTTP 401")),
        (404, None, RetryLater("404", "HTTP 404")),
    ],
)
def test_codes_speak_before_http_and_neither_is_taken_for_success_alone(
    status: int, document: object, expected: object
) -> None:
    assert judge(Answer(status, document), TABLE, reference_needed=True) == expected


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (200, {"no": "A1"}, Done("A1", "200")),
        (204, None, Done("", "204")),
        (200, None, RetryLater("200", "HTTP 200")),
        (429, {"no": "A1"}, RetryLater("429", "HTTP 429")),
    ],
)
def test_where_no_codes_are_agreed_http_decides_but_a_page_is_no_answer(
    status: int, document: object, expected: object
) -> None:
    assert judge(Answer(status, document), AnswerTable(reference="no")) == expected


def test_no_answer_is_tried_again_and_retry_after_is_handed_on() -> None:
    assert judge(NoAnswer("timeout"), TABLE) == RetryLater("", "timeout")
    slow = judge(Answer(429, None, timedelta(seconds=30)), TABLE)
    assert slow == RetryLater("429", "HTTP 429", timedelta(seconds=30))


@given(st.integers(100, 599), JSON)
def test_no_answer_of_any_shape_makes_the_reading_fail(status: int, document: object) -> None:
    answer = Answer(status, document)
    outcome = read_booking(answer, FILE.book.answer, FILE)
    assert isinstance(outcome, Done | Duplicate | Refused | RetryLater)
    if not 200 <= status < 300:
        assert not isinstance(outcome, Done)


@given(JSON)
def test_no_push_of_any_shape_does_anything_but_be_read_or_refused(document: object) -> None:
    try:
        told = read_push(document, FILE)
    except PushUnreadableError:
        return
    assert all(isinstance(each, Told) for each in told)


def test_a_waybill_that_fails_its_own_check_is_not_taken() -> None:
    wrong = Answer(200, {"code": "OK", "data": {"waybill_no": "EA473124828CN"}})
    outcome = read_booking(wrong, FILE.book.answer, FILE)
    assert outcome == RetryLater("OK", "waybill-check-digit")


def test_a_booking_carries_our_id_in_the_fields_of_the_far_side() -> None:
    call = build_booking(FILE, ORDER, {"Authorization": "Bearer x"})
    assert call.url.endswith("/orders")
    assert call.body == {
        "client_order_no": "order-1",
        "sender": {"name": "甲中心", "phone": "1", "address": "甘肃省兰州市"},
        "receiver": {
            "name": "乙",
            "phone": "2",
            "address": "青海省西宁市",
            "postcode": "810000",
        },
        "goods": "originals",
        "pay_type": "applicant",
        "product": "STANDARD",
    }


def test_what_goes_into_an_address_cannot_lead_elsewhere() -> None:
    assert FILE.track is not None
    call = build_track(FILE, FILE.track, "../admin?x=1#", {})
    assert call.url.endswith("/traces/..%2Fadmin%3Fx%3D1%23")


def read_times(time: str, **scans: str) -> datetime | None:
    file = FILE.model_copy(update={"scans": FILE.scans.model_copy(update=scans)})
    trace, skipped = read_trace([{"time": time, "op_code": "TAKEN"}], file)
    assert len(trace) + skipped == 1
    return trace[0].at if trace else None


@pytest.mark.parametrize(
    ("time", "time_format", "expected"),
    [
        ("2026-09-07 10:00:00", "%Y-%m-%d %H:%M:%S", datetime(2026, 9, 7, 2, tzinfo=UTC)),
        ("2026-09-07T10:00:00", "", datetime(2026, 9, 7, 2, tzinfo=UTC)),
        ("2026-09-07T02:00:00Z", "", datetime(2026, 9, 7, 2, tzinfo=UTC)),
        ("1788746400", "", datetime(2026, 9, 7, 2, tzinfo=UTC)),
        ("1788746400000", "", datetime(2026, 9, 7, 2, tzinfo=UTC)),
        ("0001-01-01 00:00:00", "%Y-%m-%d %H:%M:%S", None),
        ("0", "", None),
        ("9" * 30, "", None),
        ("yesterday", "", None),
        ("", "", None),
    ],
)
def test_times_are_read_as_the_carrier_writes_them(
    time: str, time_format: str, expected: datetime | None
) -> None:
    assert read_times(time, time_format=time_format) == expected


def test_a_code_that_is_not_in_the_table_is_kept_as_unknown() -> None:
    trace, skipped = read_trace(
        [
            {"time": "2026-09-07 10:00:00", "op_code": "NEW-1", "op_desc": "新节点"},
            {"time": "2026-09-07 10:00:00"},
            "not a scan",
        ],
        FILE,
    )
    assert [(event.code, event.tracking) for event in trace] == [("NEW-1", Tracking.UNKNOWN)]
    assert skipped == 2


def test_every_code_of_the_simulator_but_the_odd_one_is_in_the_table() -> None:
    from deploy.simulators.journeys import JOURNEYS, TEXTS

    assert set(TEXTS) - set(FILE.statuses) == {"X-77"}
    assert {code for steps in JOURNEYS.values() for code in steps} <= set(TEXTS)


SOURCE = tomllib.loads((FOLDER / "carrier.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("section", "change", "said"),
    [
        ("book", {"fields": {"a": "recipient.name"}}, "order_id must be sent"),
        ("book", {"fields": {"a": "order_id", "b": "recipient.id_number"}}, "not fields of a"),
        ("book", {"answer": {"code": "code"}}, "where the waybill is"),
        ("book", {"colour": "green"}, "Extra inputs"),
        ("statuses", {"TAKEN": "gone"}, "Input should be"),
        ("code", "Not A Code", "String should match"),
        ("timeout", 0, "greater than 0"),
    ],
)
def test_a_carrier_file_that_would_book_twice_or_misread_is_refused(
    section: str, change: Any, said: str
) -> None:
    changed = {**SOURCE[section], **change} if isinstance(change, dict) else change
    with pytest.raises(ValidationError, match=said):
        JsonCarrierFile.model_validate({**SOURCE, section: changed})


def test_an_sms_file_without_our_id_is_refused() -> None:
    source = tomllib.loads((FOLDER / "sms.toml").read_text(encoding="utf-8"))
    source["send"]["fields"] = {"mobile": "phone"}
    with pytest.raises(ValidationError, match="must be sent"):
        JsonSmsFile.model_validate(source)
    source["send"]["fields"] = {"mobile": "phone", "id": "message_id", "x": "applicant"}
    with pytest.raises(ValidationError, match="not fields of a message"):
        JsonSmsFile.model_validate(source)


async def test_the_manual_carrier_asks_nobody() -> None:
    manual = ManualCarrier()
    assert isinstance(manual, CarrierGateway)
    assert not manual.automatic
    assert isinstance(await manual.book(ORDER), Refused)
    assert await manual.cancel("order-1", "") == Done("order-1", "manual")
    assert await manual.track("123456") == Told("123456", "", ())
    with pytest.raises(PushUnreadableError):
        manual.read_push({})


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.0.b", 1), ("a.1.b", None), ("a.b", None), ("c", None), ("", {"a": [{"b": 1}]})],
)
def test_a_path_that_ends_early_is_nothing(path: str, expected: object) -> None:
    assert field_paths.pick({"a": [{"b": 1}]}, path) == expected


@given(JSON, st.text("abc.01", max_size=8))
def test_picking_never_fails(document: object, path: str) -> None:
    field_paths.pick(document, path)
    field_paths.text(document, path)
    field_paths.rows(document, path)
