"""A column of bytes is sealed, and listed for the day of a rotation, or said to need no seal."""

from collections.abc import Mapping
from types import ModuleType

import pytest
from sqlalchemy import LargeBinary, MetaData

from deploy.embedded import HOUSES
from migrations.houses import METADATA
from services.intake.actions import erasing as intake_erasing
from services.intake.actions import resealing as intake
from services.notify.actions import erasing as notify_erasing
from services.notify.actions import resealing as notify
from services.routing.actions import erasing as routing_erasing
from services.routing.actions import resealing as routing
from shared.db.base import PLATFORM
from shared.retention.platform import PLATFORM_KEPT
from shared.retention.rules import RULES
from shared.security.blind_indexes import pairs

PLAIN: Mapping[str, frozenset[str]] = {
    "intake": intake.PLAIN,
    "routing": routing.PLAIN,
    "notify": notify.PLAIN,
}
ERASED: Mapping[str, ModuleType] = {
    "intake": intake_erasing,
    "routing": routing_erasing,
    "notify": notify_erasing,
}
# Of many cases, or of none: emptied or removed when it is old enough.
BY_AGE: Mapping[str, set[str]] = {
    "intake": set(),
    "routing": {"parcel_deed.words", "discrepancy.described", "partner_webhook.body"},
    "notify": {"carrier_push.body"},
}
# Proofs and digests of the trail; the digest of a request; and the kept answer and the words about
# a message that was put aside, which shared/security/resealing.py lists for all houses.
PLATFORM_KNOWN = {
    "audit.proof",
    "audit_link.row_hash",
    "audit_seal.head",
    "audit_seal.previous",
    "idempotency.digest",
    "idempotency.reply",
    "inbox.words",
}


def _columns_of_bytes(metadata: MetaData) -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }


@pytest.mark.parametrize("house", HOUSES)
def test_every_column_of_bytes_is_resealed_or_plain(house: str) -> None:
    listed = [sealed.name for sealed in HOUSES[house].SEALED]
    assert len(set(listed)) == len(listed)
    assert set(listed) | PLAIN[house] == _columns_of_bytes(METADATA[house])
    assert not set(listed) & PLAIN[house]


@pytest.mark.parametrize("house", HOUSES)
def test_whatever_is_found_by_has_a_second_column_for_a_rotation_and_is_made_ready(
    house: str,
) -> None:
    tables = METADATA[house].tables.values()
    paired = {f"{column.table.name}.{column.name}" for table in tables for column in pairs(table)}
    ready = [
        f"{column.table.name}.{column.name}"
        for sealed in HOUSES[house].SEALED
        for column in sealed.finds
    ]
    assert sorted(ready) == sorted(paired)
    found = {name for name in PLAIN[house] if name.endswith(("_index", "_blind"))}
    assert paired == found


def test_the_columns_of_bytes_that_all_houses_have_are_known() -> None:
    assert _columns_of_bytes(PLATFORM) == PLATFORM_KNOWN


@pytest.mark.parametrize("house", HOUSES)
def test_every_sealed_column_is_erased_with_its_case_or_by_its_age_or_said_to_stay(
    house: str,
) -> None:
    with_case = [f"{each.column.table.name}.{each.column.name}" for each in ERASED[house].ERASABLE]
    assert len(set(with_case)) == len(with_case)
    sealed = {each.name for each in HOUSES[house].SEALED}
    assert set(with_case) <= sealed
    assert set(ERASED[house].STAYS) <= sealed - set(with_case)
    assert sealed - set(with_case) - set(ERASED[house].STAYS) == BY_AGE[house]


@pytest.mark.parametrize("house", HOUSES)
def test_whatever_goes_by_its_age_has_a_line_in_the_table_of_terms(house: str) -> None:
    kept = [*PLATFORM_KEPT, *HOUSES[house].KEPT]
    purged = {each.kind for each in kept}
    told = {rule.kind: rule for rule in RULES if house in rule.houses}
    assert len(purged) == len(kept)
    assert purged | {each.kind for each in ERASED[house].ERASABLE} <= set(told)
    # Files beside the database have a loop of their own; what intake erases the others follow.
    elsewhere = {"access_log"} | (set() if house == "intake" else {"case", "case_closed"})
    assert {kind for kind, rule in told.items() if rule.days} == purged | elsewhere


@pytest.mark.parametrize("house", HOUSES)
def test_what_is_erased_has_a_name_that_people_understand(house: str) -> None:
    assert all(each.zh for each in ERASED[house].ERASABLE)
