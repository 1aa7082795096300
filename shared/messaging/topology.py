"""Exchanges, queues and dead letters, by name. For RabbitMQ 3.10.8 and later.

Each house publishes to one topic exchange; each other house has one quorum queue per lane bound to
it, so every house hears everything of every other and sequences have no holes. What could not be
delivered to any queue is kept in `<house>.unrouted`, what could never be stored in `<house>.dead`.

A full queue refuses (reject-publish) and the message stays in its outbox; dead letters leave a
queue only once the other has them (at-least-once), which 3.10 grants to such queues alone.

    tongban.intake ─┬─ interactive.# ─▶ tongban.routing.from.intake.interactive ─▶ inbox of routing
                    ├─ bulk.# ────────▶ tongban.routing.from.intake.bulk ────────▶ the same
                    └─ nobody bound ──▶ tongban.intake.unrouted
    tongban.dead ───── routing ───────▶ tongban.routing.dead
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from shared.messaging.envelope import Lane, Message


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    exchange: str
    queue: str
    key: str


_KEPT: Mapping[str, Any] = MappingProxyType({"x-queue-type": "quorum"})


@dataclass(frozen=True, slots=True)
class Topology:
    """`delivery_limit` only counts what crashes while holding a message, or is handed back: a
    message that cannot be stored is set aside at once. `prefix` keeps installations that share a
    broker apart."""

    houses: tuple[str, ...]
    prefix: str = "tongban"
    max_length: int = 200_000
    delivery_limit: int = 20

    def exchange(self, producer: str) -> str:
        return f"{self.prefix}.{producer}"

    def unrouted(self, producer: str) -> str:
        """Exchange and queue alike."""
        return f"{self.prefix}.{producer}.unrouted"

    def dead(self, consumer: str) -> str:
        return f"{self.prefix}.{consumer}.dead"

    def queue(self, consumer: str, producer: str, lane: Lane) -> str:
        return f"{self.prefix}.{consumer}.from.{producer}.{lane.value}"

    def heard_by(self, consumer: str, producers: Sequence[str]) -> Sequence[str]:
        """The queues a house reads, what people wait for first."""
        return [self.queue(consumer, producer, lane) for lane in Lane for producer in producers]

    @property
    def exchanges(self) -> Sequence[Exchange]:
        alternates = [Exchange(self.unrouted(house), "fanout") for house in self.houses]
        heard = [
            Exchange(self.exchange(house), "topic", {"alternate-exchange": self.unrouted(house)})
            for house in self.houses
        ]
        return [Exchange(self._dead_exchange, "direct"), *alternates, *heard]

    @property
    def queues(self) -> Sequence[Queue]:
        kept = [
            Queue(name(house), _KEPT)
            for house in self.houses
            for name in (self.unrouted, self.dead)
        ]
        works = [
            Queue(self.queue(consumer, producer, lane), self._work(consumer))
            for consumer, producer, lane in self._works()
        ]
        return [*kept, *works]

    @property
    def bindings(self) -> Sequence[Binding]:
        return [
            *(Binding(self._dead_exchange, self.dead(house), house) for house in self.houses),
            *(Binding(self.unrouted(house), self.unrouted(house), "#") for house in self.houses),
            *(
                Binding(
                    self.exchange(producer),
                    self.queue(consumer, producer, lane),
                    f"{lane.value}.#",
                )
                for consumer, producer, lane in self._works()
            ),
        ]

    @property
    def _dead_exchange(self) -> str:
        return f"{self.prefix}.dead"

    def _works(self) -> Iterator[tuple[str, str, Lane]]:
        for consumer in self.houses:
            for producer in self.houses:
                if producer != consumer:
                    for lane in Lane:
                        yield consumer, producer, lane

    def _work(self, consumer: str) -> Mapping[str, Any]:
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-max-length": self.max_length,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": self._dead_exchange,
            "x-dead-letter-routing-key": consumer,
            "x-dead-letter-strategy": "at-least-once",
        }


def routing_key(message: Message) -> str:
    return f"{message.lane.value}.{message.type}"


def definitions(topology: Topology, *, vhost: str = "/") -> dict[str, Any]:
    """The same as a definitions file, for brokers where services may not declare anything."""
    return {
        "rabbitmq_version": "3.10.8",
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": each.name,
                "vhost": vhost,
                "type": each.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": dict(each.arguments),
            }
            for each in topology.exchanges
        ],
        "queues": [
            {
                "name": each.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(each.arguments),
            }
            for each in topology.queues
        ],
        "bindings": [
            {
                "source": each.exchange,
                "vhost": vhost,
                "destination": each.queue,
                "destination_type": "queue",
                "routing_key": each.key,
                "arguments": {},
            }
            for each in topology.bindings
        ],
    }
