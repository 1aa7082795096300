"""An OpenTelemetry collector for the tests: takes spans over OTLP/HTTP, from any process."""

import threading
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Told = tuple[str, Span]


class Collector:
    """`address` is what a house is given as its endpoint."""

    def __init__(self) -> None:
        self._spans: list[Told] = []
        self._arrived = threading.Condition()
        collect = self._collect

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                collect(_told(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """A test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def start(self) -> None:
        self._thread.start()

    def once(self, there: Callable[[Sequence[Told]], bool], seconds: float) -> Sequence[Told]:
        """The spans and the services that told them, as soon as `there` says they are enough."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: there(self._spans), seconds):
                raise TimeoutError(sorted({(who, span.name) for who, span in self._spans}))
            return tuple(self._spans)

    def _collect(self, spans: Iterable[Told]) -> None:
        with self._arrived:
            self._spans.extend(spans)
            self._arrived.notify_all()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _told(body: bytes) -> list[Told]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        (_service(told.resource.attributes), span)
        for told in request.resource_spans
        for scope in told.scope_spans
        for span in scope.spans
    ]


def _service(attributes: Iterable[KeyValue]) -> str:
    names = (each.value.string_value for each in attributes if each.key == "service.name")
    return next(names)
