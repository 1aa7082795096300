"""What intake publishes, as a schema that the other houses can rely on.

After a change that only adds: UPDATE_CONTRACTS=1 pytest tests/intake/test_contracts.py
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from services.intake import events
from services.notify import consumers as notify
from services.routing import consumers as routing
from shared.messaging.envelope import Event, sealed_fields
from shared.messaging.handling import reader_of

CONTRACTS = Path(__file__).parents[1] / "contracts"


def schema_of(event: type[BaseModel]) -> dict[str, Any]:
    return event.model_json_schema(mode="serialization")


@pytest.mark.parametrize("event", events.PUBLISHED, ids=lambda event: event.type)
def test_what_is_published_is_what_was_promised(event: type[Event]) -> None:
    path = CONTRACTS / f"{event.type}.json"
    if os.environ.get("UPDATE_CONTRACTS"):
        written = json.dumps(schema_of(event), ensure_ascii=False, indent=2, sort_keys=True)
        path.write_text(written + "\n", encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == schema_of(event)


@pytest.mark.parametrize("listener", [routing, notify], ids=lambda module: module.__name__)
def test_who_listens_reads_only_what_is_published(listener: Any) -> None:
    published = {event.type: event for event in events.PUBLISHED}
    for type_, handler in listener.HANDLERS.items():
        if not type_.startswith("intake."):
            continue
        reader = reader_of(handler)
        for name, field in reader.model_fields.items():
            assert name in published[type_].model_fields or not field.is_required(), (type_, name)
        for name in sealed_fields(reader):
            assert name in sealed_fields(published[type_]), (type_, name)
