"""OpenTelemetry: one trace per step of a case, from the request to its last effect in any house.

The context travels as a `traceparent` beside each message: outbox row, broker, inbox row. Spans are
named by operation or message type and carry ids and kinds. What people wrote never becomes an
attribute, and an error is noted by its class alone: its text may quote a value.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

TRACEPARENT = "traceparent"

# Until `configure` has been called this makes spans that cost next to nothing and tell nobody; a
# trace that came in from outside is passed on all the same.
_TRACER: Tracer = trace.get_tracer("tongban")


def configure(service: str, endpoint: str | None) -> None:
    """Without an endpoint nothing is traced. How many traces are kept: OTEL_TRACES_SAMPLER."""
    if endpoint is None:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def begin(name: str, kind: SpanKind, parent: str | None, attributes: dict[str, str]) -> Span:
    """A span that goes on with `parent`, a traceparent. One that is never ended is never told."""
    context = propagate.extract({TRACEPARENT: parent}) if parent else None
    return _TRACER.start_span(name, context=context, kind=kind, attributes=attributes)


@contextmanager
def within(
    name: str,
    kind: SpanKind,
    parent: str | None,
    attributes: dict[str, str],
    *,
    answers: tuple[type[Exception], ...] = (),
) -> Iterator[Span]:
    """What happens inside belongs to this span; what is announced inside continues it. Errors that
    are `answers` (not found, not allowed …) are named, but nothing has failed."""
    span = begin(name, kind, parent, attributes)
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield span
        except answers as error:
            span.set_attribute("error.type", type(error).__name__)
            raise
        except BaseException as error:
            failed(span, type(error).__name__)
            raise


def inside(span: Span) -> AbstractContextManager[Span]:
    """What is announced within continues it; who began it ends it."""
    return trace.use_span(
        span, end_on_exit=False, record_exception=False, set_status_on_exception=False
    )


@contextmanager
def ending(spans: Sequence[Span]) -> Iterator[None]:
    """They end together, and if this fails, they have."""
    try:
        yield
    except BaseException as error:
        for span in spans:
            failed(span, type(error).__name__)
        raise
    finally:
        for span in spans:
            span.end()


def failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def traceparent() -> str | None:
    """Of the span we are in, for what is written down now and done later."""
    return written(trace.get_current_span())


def written(span: Span) -> str | None:
    """W3C Trace Context, version 00; None where nothing is traced."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_id(span: Span) -> str | None:
    context = span.get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
