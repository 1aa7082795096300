"""docs/asyncapi.json says what is published, heard, pushed and taken in; made, never written."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy import asyncapi
from services.notify.domain import told
from services.routing.domain import crossings
from tests.architecture.operations import applications

KEPT = json.loads(asyncapi.FILE.read_text(encoding="utf-8"))


def test_the_document_is_what_the_event_models_say() -> None:
    """After a change: make asyncapi."""
    assert asyncapi.FILE.read_text(encoding="utf-8") == asyncapi.written()


def test_it_is_asyncapi_3_and_every_reference_leads_somewhere() -> None:
    assert KEPT["asyncapi"] == "3.0.0"
    for reference in _references(KEPT):
        found: Any = KEPT
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def test_every_event_has_a_message_on_its_houses_channel() -> None:
    for event in asyncapi.published():
        house = event.type.partition(".")[0]
        assert event.type in KEPT["channels"][house]["messages"]
        assert KEPT["components"]["messages"][event.type]["summary"]


def test_every_webhook_is_described_with_the_fields_that_travel() -> None:
    for type_, kind in told.KINDS.items():
        schema = KEPT["components"]["schemas"][f"webhook-{type_.replace('.', '-')}"]
        assert tuple(schema["properties"]) == kind.facts


def test_no_field_that_travels_outside_is_personal() -> None:
    schemas = KEPT["components"]["schemas"]
    for type_ in told.KINDS:
        for name, field in schemas[f"webhook-{type_.replace('.', '-')}"]["properties"].items():
            assert "x-personal" not in json.dumps(field), (type_, name)


@pytest.mark.parametrize("kind", sorted([*crossings.CALLS, *crossings.HANDED_IN]))
def test_every_step_of_a_partner_is_listed(kind: str) -> None:
    told_schema = KEPT["components"]["schemas"]["inbound-Told"]
    assert kind in told_schema["properties"]["kind"]["enum"]


def test_the_api_page_lists_the_same_webhooks() -> None:
    page = applications()["notify"].openapi()["webhooks"]
    assert set(page) == set(told.KINDS)
    for type_, kind in told.KINDS.items():
        content = page[type_]["post"]["requestBody"]["content"]["application/cloudevents+json"]
        assert tuple(content["schema"]["properties"]["data"]["properties"]) == kind.facts
