"""`make asyncapi`: what the houses tell one another and their partners, as an AsyncAPI 3 document,
made of the event models themselves."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy.embedded import HOUSES
from services.intake import consumers as intake_consumers
from services.intake import events as intake_events
from services.notify import consumers as notify_consumers
from services.notify import events as notify_events
from services.notify.domain import told
from services.notify.domain.told import Audience
from services.routing import consumers as routing_consumers
from services.routing import events as routing_events
from services.routing.domain import crossings
from services.routing.domain.crossings import Answered, CloudEvent, Told
from shared.messaging.envelope import Event
from shared.messaging.topology import Topology

FILE = Path(__file__).parents[1] / "docs" / "asyncapi.json"
_SCHEMAS = "#/components/schemas/{model}"
_EVENTS = MappingProxyType(
    {"intake": intake_events, "routing": routing_events, "notify": notify_events}
)
_HEARD = MappingProxyType(
    {
        "intake": intake_consumers.HANDLERS,
        "routing": routing_consumers.HANDLERS,
        "notify": notify_consumers.HANDLERS,
    }
)
_AUDIENCES = MappingProxyType(
    {
        Audience.CASE: "有地点参与这一办件的合作方",
        Audience.BAG: "封装袋两端地点所属的合作方",
        Audience.NAMED: "partner 所指的合作方",
        Audience.EVERYBODY: "所有订阅者",
        Audience.OWNER: "订阅的主人",
    }
)
_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"type": "string", "examples": ["urn:tongban:630000:routing"]},
        "subject": {"type": "string", "description": "办件编号，或 parcel:…、item:… 等"},
        "time": {"type": "string", "format": "date-time"},
        "sequence": {"type": "string", "description": "同一 subject 的第几条，从1起，没有空缺"},
        "datacontenttype": {"const": "application/json"},
    },
}


def document() -> dict[str, Any]:
    schemas: dict[str, Any] = {"CloudEvent": _ENVELOPE}
    messages: dict[str, Any] = {}
    for event in published():
        messages[event.type] = _message(event.type, _schema(event, schemas), _title(event))
    for type_, kind in told.KINDS.items():
        messages[f"webhook.{type_}"] = _webhook(type_, schemas)
        messages[f"webhook.{type_}"]["x-audience"] = _AUDIENCES[kind.audience]
    messages |= _inbound(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "通办 Tongban",
            "version": "1",
            "description": "三个服务之间的消息，以及与合作方之间的 webhook。个人信息不随通知传送："
            "服务之间以密文传送（x-personal），对合作方则由其凭令牌取回。",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": _channels(messages),
        "operations": _operations(),
        "components": {
            "messages": messages,
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "standardWebhooks": {
                    "type": "symmetricEncryption",
                    "description": "Standard Webhooks v1，见 docs/webhooks/vectors.json",
                }
            },
        },
    }


def published() -> Iterator[type[Event]]:
    for module in _EVENTS.values():
        found = [each for _, each in inspect.getmembers(module, inspect.isclass)]
        for event in sorted(found, key=lambda each: str(vars(each).get("type"))):
            if issubclass(event, Event) and isinstance(vars(event).get("type"), str):
                yield event


def _title(event: type[Event]) -> str:
    return (inspect.getdoc(event) or event.__name__).partition("\n\n")[0].replace("\n", " ")


def _schema(event: type[Event], schemas: dict[str, Any]) -> str:
    """Its own schema and those it uses, under names that no other event's take away."""
    prefix = event.type.replace(".", "-")
    written = event.model_json_schema(ref_template=_SCHEMAS.format(model=prefix + ".{model}"))
    for name, schema in written.pop("$defs", {}).items():
        schemas[f"{prefix}.{name}"] = schema
    schemas[prefix] = written
    return prefix


def _message(type_: str, data: str, summary: str) -> dict[str, Any]:
    return {
        "name": type_,
        "summary": summary,
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": _SCHEMAS.format(model="CloudEvent")},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": type_},
                        "data": {"$ref": _SCHEMAS.format(model=data)},
                    },
                },
            ]
        },
    }


def _webhook(type_: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """The thin form: the fields that travel outside, as the event itself describes them."""
    whole = schemas.get(type_.replace(".", "-"), {}).get("properties", {})
    facts = told.KINDS[type_].facts
    name = f"webhook-{type_.replace('.', '-')}"
    schemas[name] = {
        "type": "object",
        "properties": {fact: whole.get(fact, {}) for fact in facts},
        "additionalProperties": True,
    }
    return _message(type_, name, told.KINDS[type_].zh)


def _inbound(schemas: dict[str, Any]) -> dict[str, Any]:
    kinds = sorted([*crossings.CALLS, *crossings.OTHERS])
    made = {}
    for model, type_, zh in (
        (Told, crossings.TOLD, "合作方作出的一步"),
        (Answered, crossings.ANSWERED, "合作方对我方告知的答复"),
    ):
        name = f"inbound-{model.__name__}"
        written = model.model_json_schema(ref_template=_SCHEMAS.format(model=name + ".{model}"))
        for part, schema in written.pop("$defs", {}).items():
            schemas[f"{name}.{part}"] = schema
        if model is Told:
            written["properties"]["kind"]["enum"] = kinds
        schemas[name] = written
        made[f"inbound.{type_}"] = _message(type_, name, zh)
    schemas["inbound-CloudEvent"] = CloudEvent.model_json_schema()
    return made


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _channels(messages: Mapping[str, Any]) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for house in HOUSES:
        types = [name for name in messages if name.startswith(f"{house}.")]
        channels[house] = {
            "address": Topology(tuple(HOUSES)).exchange(house),
            "title": f"{house} 发布的消息",
            "messages": {name: _reference(name) for name in types},
        }
    for name, address, zh in (
        ("webhook", "{url}", "推送给订阅者的 webhook"),
        ("inbound", "/routing/webhooks/partners/{partner}", "合作方发来的 webhook"),
    ):
        types = [each for each in messages if each.startswith(f"{name}.")]
        channels[name] = {
            "address": address,
            "title": zh,
            "messages": {each: _reference(each) for each in types},
            "parameters": {address.rpartition("{")[2].rstrip("}"): {"description": zh}},
        }
    return channels


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for house in HOUSES:
        operations[f"{house}-publishes"] = _operation("send", house)
        for producer in HOUSES:
            heard = sorted(type_ for type_ in _HEARD[house] if type_.startswith(f"{producer}."))
            if heard and producer != house:
                operations[f"{house}-hears-{producer}"] = _operation("receive", producer, heard)
    operations["notify-calls-subscribers"] = _operation("send", "webhook")
    operations["routing-hears-partners"] = _operation("receive", "inbound")
    return operations


def _operation(action: str, channel: str, types: list[str] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
    if types is not None:
        made["messages"] = [{"$ref": f"#/channels/{channel}/messages/{each}"} for each in types]
    return made


def written() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
