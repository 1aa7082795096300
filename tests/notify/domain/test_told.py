"""The table of what systems are told by webhook is whole, thin, and about things that exist."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.notify.domain import told
from services.notify.domain.subscriptions import (
    MOVES,
    Status,
    Step,
    SubscriptionStepError,
    Wish,
    after,
)
from services.notify.domain.told import Audience
from shared.messaging.envelope import sealed_fields
from tests.architecture.test_messages import PUBLISHED

# Kept from every system, and why.
UNTOLD = {
    "notify.parcel-tracked.v1": "routing tells of the bag itself once it has heard this",
    "routing.case-unroutable.v1": "operations of this installation decide; no place takes part yet",
    "routing.location-registered.v1": "asked for at the registry",
    "routing.token-revoked.v1": "between the houses",
    "intake.application-amended.v1": "whoever reads the case reads it as it is now",
    "routing.case-handed-in.v1": "between the houses; with what it takes to fetch it",
    "routing.result-handed-over.v1": "the partner itself has told it",
    "intake.handing-in-settled.v1": "the partner hears it as what it was answered",
}


def test_every_event_is_told_or_kept_back_for_a_reason() -> None:
    assert set(PUBLISHED) - told.ASKABLE == set(UNTOLD)
    assert set(PUBLISHED) >= told.ASKABLE


@pytest.mark.parametrize("type_", sorted(told.ASKABLE))
def test_only_facts_that_exist_and_are_about_nobody_travel_on(type_: str) -> None:
    event = PUBLISHED[type_]
    facts = set(told.KINDS[type_].facts)
    assert facts <= set(event.model_fields)
    assert not facts & set(sealed_fields(event))


@pytest.mark.parametrize("type_", sorted(told.ASKABLE))
def test_whoever_may_hear_it_can_be_found_from_its_facts(type_: str) -> None:
    needed = {
        Audience.CASE: {"case_number"},
        Audience.BAG: {"from_location", "to_location"},
        Audience.NAMED: {"partner"},
        Audience.EVERYBODY: {"code"},
    }[told.KINDS[type_].audience]
    assert needed <= set(PUBLISHED[type_].model_fields)


def test_what_is_sealed_stays_behind_whatever_the_table_says() -> None:
    facts = {"case_number": {"sealed": "AAAA"}, "at": "2026-01-01", "reason": "不应出现"}
    assert told.thin("intake.withdrawal-requested.v1", facts) == {"at": "2026-01-01"}


def test_a_webhook_is_a_cloud_event() -> None:
    envelope = told.Envelope(
        uuid4(),
        "urn:tongban:630000:routing",
        "routing.case-closed.v1",
        "c",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    document = json.loads(told.document(envelope, {"outcome": "lapsed"}, sequence=7))
    assert document["specversion"] == "1.0"
    assert document["sequence"] == f"{7:020d}"
    assert document["data"] == {"outcome": "lapsed"}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", Step)
def test_a_subscription_moves_as_the_table_says(status: Status, step: Step) -> None:
    if (status, step) in MOVES:
        assert after(status, step) is MOVES[status, step]
        return
    with pytest.raises(SubscriptionStepError):
        after(status, step)


def test_a_removed_subscription_never_comes_back() -> None:
    assert not [step for state, step in MOVES if state is Status.REMOVED]


def test_nothing_is_active_that_was_not_proven() -> None:
    ways = {(state, step) for (state, step), end in MOVES.items() if end is Status.ACTIVE}
    assert ways == {
        (Status.UNPROVEN, Step.PROVE),
        (Status.ACTIVE, Step.PROVE),
        (Status.ACTIVE, Step.RECOVER),
    }


def test_an_empty_wish_is_for_everything() -> None:
    assert Wish().covers("any", places=["A"], item="I")
    assert not Wish(locations=["B"]).covers("any", places=["A"], item="I")
    assert Wish(locations=["B"]).covers("any", places=[], item="I")
    assert not Wish(items=["J"]).covers("any", places=["A"], item="I")
    assert not Wish(types=["other"]).covers("any", places=["A"], item="I")
