"""What a span tells, what it keeps to itself, and what it costs when nobody listens."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from shared.errors import NotFoundError
from shared.telemetry import traces

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_an_error_is_told_by_its_class_and_never_by_its_text(
    exporter: InMemorySpanExporter,
) -> None:
    with (
        pytest.raises(ValueError, match="李示例"),
        traces.within("apply", SpanKind.CONSUMER, None, {}),
    ):
        raise ValueError("李示例 620102199003078896")
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert not span.events


def test_an_answer_is_no_failure(exporter: InMemorySpanExporter) -> None:
    with (
        pytest.raises(NotFoundError),
        traces.within("read_case", SpanKind.SERVER, None, {}, answers=(NotFoundError,)),
    ):
        raise NotFoundError("没有这个办件", "no such case")
    (span,) = exporter.get_finished_spans()
    assert span.status.is_unset


def test_what_is_written_inside_continues_what_came_in(exporter: InMemorySpanExporter) -> None:
    with traces.within("submit_case", SpanKind.SERVER, PARENT, {}) as span:
        written = traces.traceparent()
        assert written == traces.written(span)
    assert written is not None
    assert written.split("-")[1] == PARENT.split("-")[1]
    assert written.split("-")[2] != PARENT.split("-")[2]
    assert traces.traceparent() is None


@pytest.mark.parametrize("broken", ["", "nonsense", "00-0-0-01", "00-" + "0" * 32 + "-x-01"])
def test_a_broken_traceparent_begins_a_new_trace(
    exporter: InMemorySpanExporter, broken: str
) -> None:
    with traces.within("submit_case", SpanKind.SERVER, broken, {}):
        pass
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_a_span_that_was_never_ended_is_never_told(exporter: InMemorySpanExporter) -> None:
    traces.begin("publish", SpanKind.PRODUCER, PARENT, {})
    assert not exporter.get_finished_spans()


UNCONFIGURED = f"""
from opentelemetry.trace import SpanKind
from shared.telemetry import traces

traces.configure("tongban-test", None)
with traces.within("submit_case", SpanKind.SERVER, {PARENT!r}, {{}}):
    assert traces.traceparent() == {PARENT!r}, "passed on although nobody listens here"
with traces.within("submit_case", SpanKind.SERVER, None, {{}}):
    assert traces.traceparent() is None
"""


def test_without_a_listener_nothing_is_kept_and_traces_are_passed_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
