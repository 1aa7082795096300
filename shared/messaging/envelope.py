"""What travels: a CloudEvents 1.0 envelope around the facts of one event.

A house publishes `Event`s and reads with models of its own that name only the fields it uses. A
field annotated `Personal` travels sealed, as `{"sealed": …}`, with message id and field name as
associated data: a sealed field cannot be moved into another message or another field.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_json

from shared.errors import DomainError
from shared.security.keys import Keyring, SealBrokenError
from shared.security.personal import personal_paths

LARGEST = 4 * 1024 * 1024
CONTENT_TYPE = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type", "subject", "time", "sequence")


class Lane(StrEnum):
    """A bulk load travels beside, never before, what a clerk waits for."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class MalformedMessageError(DomainError):
    """Sent round again it would be no better: it is put aside at once."""

    code = "message-malformed"

    def __init__(self, what: str) -> None:
        super().__init__(f"消息格式不符：{what}", f"malformed message: {what}", what=what)


class MessageTooLargeError(DomainError):
    code = "message-too-large"

    def __init__(self, type_: str, size: int) -> None:
        super().__init__(
            f"内容过大（{size} 字节），不能超过 {LARGEST} 字节",
            f"{type_} takes {size} bytes, more than {LARGEST}",
            type=type_,
            size=size,
        )


class Event(BaseModel):
    """What a house says happened. Past tense, versioned: `routing.handoff-accepted.v1`.

    A `standalone` event carries the full state with a version of its own (registries): it waits for
    none before it, so a new or rebuilt house needs only what is republished. Its handler keeps the
    higher version. All events of one subject are standalone, or none is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    standalone: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        sealed_fields(cls)


@dataclass(frozen=True, slots=True)
class Message:
    """`sequence` counts from 1 for each (producer, subject), without gaps."""

    id: UUID
    type: str
    source: str
    subject: str
    sequence: int
    time: datetime
    data: Mapping[str, Any]
    lane: Lane = Lane.INTERACTIVE
    standalone: bool = False
    traceparent: str | None = None

    @property
    def producer(self) -> str:
        """The house that speaks: the last part of `source`."""
        return self.source.rpartition(":")[2]


def traced(message: Message) -> dict[str, str]:
    """What a span says of a message: which one, and of which case."""
    return {"messaging.message.id": str(message.id), "tongban.subject": message.subject}


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Received(Generic[Model]):
    """What a handler gets. `at` is when it happened there, `now` when it is applied here; `facts`
    the data as it travelled, in which whatever is personal is still sealed."""

    id: UUID
    type: str
    producer: str
    subject: str
    sequence: int
    at: datetime
    now: datetime
    lane: Lane
    data: Model
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Where its trace goes on; a handler of several steps inside before it announces anything.
    span: Span = INVALID_SPAN


@cache
def sealed_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that travel sealed. A personal field deeper down would travel open: refused."""
    paths = [path for path, _ in personal_paths(model)]
    if open_ones := [path for path in paths if path not in model.model_fields]:
        raise TypeError(f"{model.__name__}: mark the outermost field Personal, not {open_ones}")
    return tuple(paths)


def seal(event: Event, *, id: UUID, keys: Keyring) -> dict[str, Any]:  # noqa: A002
    """The event's data as it travels, personal fields sealed."""
    data: dict[str, Any] = event.model_dump(mode="json")
    for name in sealed_fields(type(event)):
        if data.get(name) is not None:
            sealed = keys.seal("events", to_json(data[name]), context=f"{id}:{name}")
            data[name] = {"sealed": base64.b64encode(sealed).decode()}
    return data


def unseal(
    data: Mapping[str, Any],
    reader: type[Model],
    *,
    id: UUID,  # noqa: A002
    keys: Keyring,
) -> Model:
    """The fields `reader` names, personal ones opened; raises MalformedMessageError."""
    opened = dict(data)
    for name in sealed_fields(reader):
        if opened.get(name) is not None:
            opened[name] = _open(opened[name], context=f"{id}:{name}", keys=keys)
    try:
        return reader.model_validate_json(to_json(opened))
    except ValidationError as error:
        # Where and what kind; the values may be personal.
        faults = "; ".join(f"{_place(each['loc'])} {each['type']}" for each in error.errors())
        raise MalformedMessageError(faults[:300]) from None


def _place(loc: tuple[int | str, ...]) -> str:
    return "/" + "/".join(str(part) for part in loc)


def _open(value: Any, *, context: str, keys: Keyring) -> Any:
    try:
        sealed = base64.b64decode(value["sealed"], validate=True)
    except (TypeError, KeyError, binascii.Error):
        raise MalformedMessageError("personal field is not sealed") from None
    try:
        return from_json(keys.open("events", sealed, context=context))
    except SealBrokenError:
        raise MalformedMessageError("seal broken") from None


def encode(message: Message) -> bytes:
    """CloudEvents structured JSON."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(message.id),
        "source": message.source,
        "type": message.type,
        "subject": message.subject,
        "time": message.time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        # A string that sorts as it counts, as the CloudEvents sequence extension asks.
        "sequence": f"{message.sequence:020d}",
        "lane": message.lane.value,
        "data": message.data,
    }
    if message.standalone:
        document["standalone"] = True
    if message.traceparent is not None:
        document["traceparent"] = message.traceparent
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Message:
    """Unknown attributes are ignored; what lacks a required one raises MalformedMessageError."""
    try:
        document = json.loads(body)
        missing = [name for name in _REQUIRED if not document.get(name)]
        if missing or not isinstance(document.get("data"), dict):
            raise MalformedMessageError(f"lacks {', '.join(missing) or 'data'}")
        message = Message(
            id=UUID(document["id"]),
            type=_text(document["type"]),
            source=_text(document["source"]),
            subject=_text(document["subject"]),
            sequence=int(document["sequence"]),
            time=datetime.fromisoformat(document["time"]),
            data=document["data"],
            lane=Lane(document.get("lane", Lane.INTERACTIVE)),
            standalone=document.get("standalone") is True,
            traceparent=document.get("traceparent"),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise MalformedMessageError(type(error).__name__) from None
    if not 0 < message.sequence < 2**63 or message.time.tzinfo is None or not message.producer:
        raise MalformedMessageError("sequence, time or source")
    return message


def _text(value: Any) -> str:
    # PostgreSQL keeps no NUL in text: such a message could never be stored.
    if not isinstance(value, str) or "\0" in value:
        raise MalformedMessageError("not a text")
    return value
