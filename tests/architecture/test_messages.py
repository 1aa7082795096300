"""What is published, promised, carried and heard is the same set everywhere."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from services.intake import consumers as intake_consumers
from services.intake import events as intake_events
from services.notify import consumers as notify_consumers
from services.notify import events as notify_events
from services.routing import consumers as routing_consumers
from services.routing import events as routing_events
from shared.chores import HOUSES
from shared.messaging.envelope import Event, sealed_fields
from shared.messaging.handling import Handlers, reader_of
from shared.messaging.topology import Topology

CONTRACTS = Path(__file__).parents[1] / "contracts"

EVENTS = {"intake": intake_events, "routing": routing_events, "notify": notify_events}
HANDLERS: Mapping[str, Handlers] = {
    "intake": intake_consumers.HANDLERS,
    "routing": routing_consumers.HANDLERS,
    "notify": notify_consumers.HANDLERS,
}


def _published() -> Iterator[type[Event]]:
    for house, module in EVENTS.items():
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Event) and isinstance(vars(found).get("type"), str):
                assert found.type.startswith(f"{house}."), found
                yield found


PUBLISHED = {event.type: event for event in _published()}
HEARD = [
    pytest.param(house, type_, reader_of(handler), id=f"{house} hears {type_}")
    for house, handlers in HANDLERS.items()
    for type_, handler in handlers.items()
]


def _contract(type_: str) -> Mapping[str, Any]:
    path = CONTRACTS / f"{type_}.json"
    assert path.exists(), f"{type_} is published without a contract in tests/contracts"
    schema: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("event", PUBLISHED.values(), ids=lambda event: event.type)
def test_every_event_has_a_contract_with_its_fields(event: type[Event]) -> None:
    schema = _contract(event.type)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(event.model_fields)


def test_no_contract_promises_what_nobody_publishes() -> None:
    promised = {path.name.removesuffix(".json") for path in CONTRACTS.glob("*.v*.json")}
    assert promised - set(PUBLISHED) == set()


@pytest.mark.parametrize(("house", "type_", "reader"), HEARD)
def test_what_is_heard_is_published_by_another_house(
    house: str, type_: str, reader: type[BaseModel]
) -> None:
    assert type_ in PUBLISHED
    assert not type_.startswith(f"{house}.")
    properties = set(_contract(type_)["properties"])
    needed = {
        field.alias or name for name, field in reader.model_fields.items() if field.is_required()
    }
    assert needed <= properties
    assert set(sealed_fields(reader)) <= set(sealed_fields(PUBLISHED[type_]))


def test_every_queue_has_a_listener_and_every_listener_its_queues() -> None:
    """A house listens to every other house, in both lanes: sequences have no holes."""
    topology = Topology(HOUSES)
    read = {
        name
        for house in HOUSES
        for name in topology.heard_by(house, tuple(each for each in HOUSES if each != house))
    }
    kept = {f"tongban.{house}.{kind}" for house in HOUSES for kind in ("dead", "unrouted")}
    assert {queue.name for queue in topology.queues} == read | kept
    assert {binding.queue for binding in topology.bindings} == read | kept


def test_what_travels_is_heard_by_somebody() -> None:
    """An event that no house and no webhook uses would be kept and paid for in vain."""
    heard = {type_ for handlers in HANDLERS.values() for type_ in handlers}
    assert heard <= set(PUBLISHED)
