"""CloudEvents in structured JSON: what is written, and what is tolerated when read."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.messaging.envelope import Lane, MalformedMessageError, Message, decode, encode
from tests.shared.messaging.test_inbox import make_message


def test_what_is_written_can_be_read() -> None:
    message = replace(
        make_message("63000026000000123", 7, lane=Lane.BULK),
        standalone=True,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    assert decode(encode(message)) == message


def test_it_is_a_cloud_event() -> None:
    document = json.loads(encode(make_message("a", 7)))
    assert document["specversion"] == "1.0"
    assert document["source"] == "urn:tongban:630000:north"
    assert document["time"] == "2026-09-07T02:00:00Z"
    assert document["sequence"] == "00000000000000000007"
    assert all(name.isalnum() and name.islower() for name in document)


def test_unknown_attributes_are_ignored() -> None:
    document = json.loads(encode(make_message())) | {"dataschema": "…", "novelty": 1}
    assert decode(json.dumps(document).encode()).subject == "a"


def test_the_producer_is_the_house_that_speaks() -> None:
    assert make_message().producer == "north"


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("id", "not-a-uuid"),
        ("id", None),
        ("type", 5),
        ("type", "a\0b"),
        ("source", "urn:tongban:630000:"),
        ("subject", ""),
        ("time", "yesterday"),
        ("time", "2026-09-07T02:00:00"),
        ("sequence", "0"),
        ("sequence", "many"),
        ("sequence", str(2**63)),
        ("lane", "fast"),
        ("data", None),
        ("data", []),
    ],
)
def test_what_lacks_or_breaks_an_attribute_is_malformed(attribute: str, value: Any) -> None:
    document = json.loads(encode(make_message())) | {attribute: value}
    with pytest.raises(MalformedMessageError):
        decode(json.dumps(document).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"3", b'"x"', b"[]", b"\xff"])
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode(body)


def test_times_keep_their_instant() -> None:
    message: Message = replace(make_message(), time=datetime(2026, 9, 7, 2, 0, 0, 123000, UTC))
    assert decode(encode(message)).time == message.time
