"""Prometheus figures, served on a port of their own."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

REQUESTS = Histogram(
    "tongban_request_seconds",
    "Time to answer, by operation and status",
    ["house", "operation", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30),
)
OUTBOX_PENDING = Gauge("tongban_outbox_pending", "Messages not yet handed over", ["house", "lane"])
OUTBOX_AGE = Gauge(
    "tongban_outbox_oldest_seconds",
    "Age of the oldest message not yet handed over",
    ["house", "lane"],
)
INBOX_PENDING = Gauge(
    "tongban_inbox_pending", "Messages stored, not yet applied", ["house", "lane"]
)
INBOX_AGE = Gauge(
    "tongban_inbox_oldest_seconds", "Age of the oldest message not yet applied", ["house", "lane"]
)
SET_ASIDE = Gauge(
    "tongban_broker_set_aside",
    "Messages that the broker could deliver to nobody, or that could not be stored",
    ["queue"],
)
PARKED = Gauge("tongban_inbox_parked", "Messages parked for a person to look at", ["house"])
APPLIED = Counter(
    "tongban_messages_applied_total", "Messages applied", ["house", "type", "outcome"]
)
# What every worker of a house measures alike: of several, take the maximum.
CLOCK_LIGHTS = Gauge("tongban_clock_lights", "Open handoffs by light of their clock", ["light"])
QUEUE_FREE = Gauge("tongban_queue_free", "Handoffs that nobody holds", ["division"])
QUEUE_AGE = Gauge(
    "tongban_queue_oldest_seconds", "Age of the oldest handoff nobody holds", ["division"]
)
UNROUTABLE = Gauge("tongban_unroutable_cases", "Cases that no rule leads to a place")
LOOP_FAILURES = Counter(
    "tongban_loop_failures_total", "Times a loop beside the endpoints ended with an error", ["loop"]
)


def serve(port: int, *, host: str = "0.0.0.0") -> None:  # noqa: S104  (a port of its own)
    start_http_server(port, addr=host, registry=REGISTRY)
