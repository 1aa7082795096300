"""What routing publishes, as schemas that the other houses can rely on.

After a change that only adds: UPDATE_CONTRACTS=1 pytest tests/routing/test_contracts.py
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.intake import consumers as intake
from services.notify import consumers as notify
from services.routing import events
from shared.messaging.envelope import Event, sealed_fields
from shared.messaging.handling import reader_of

CONTRACTS = Path(__file__).parents[1] / "contracts"
PUBLISHED: dict[str, type[Event]] = {
    event.type: event
    for event in vars(events).values()
    if isinstance(event, type) and issubclass(event, Event) and hasattr(event, "type")
}


@pytest.mark.parametrize("type_", sorted(PUBLISHED))
def test_what_is_published_is_what_was_promised(type_: str) -> None:
    path = CONTRACTS / f"{type_}.json"
    schema = PUBLISHED[type_].model_json_schema(mode="serialization")
    if os.environ.get("UPDATE_CONTRACTS"):
        written = json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True)
        path.write_text(written + "\n", encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == schema


@pytest.mark.parametrize("listener", [intake, notify], ids=lambda module: module.__name__)
def test_who_listens_reads_only_what_is_published(listener: Any) -> None:
    for type_, handler in listener.HANDLERS.items():
        if not type_.startswith("routing."):
            continue
        published, reader = PUBLISHED[type_], reader_of(handler)
        for name, field in reader.model_fields.items():
            assert name in published.model_fields or not field.is_required(), (type_, name)
        for name in sealed_fields(reader):
            assert name in sealed_fields(published), (type_, name)
