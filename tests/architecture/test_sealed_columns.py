"""A column of bytes is sealed, and listed for the day of a rotation, or said to need no seal."""

from collections.abc import Mapping

import pytest
from sqlalchemy import LargeBinary, MetaData

from deploy.embedded import HOUSES
from migrations.houses import METADATA
from services.intake.actions import resealing as intake
from services.notify.actions import resealing as notify
from services.routing.actions import resealing as routing
from shared.db.base import PLATFORM

PLAIN: Mapping[str, frozenset[str]] = {
    "intake": intake.PLAIN,
    "routing": routing.PLAIN,
    "notify": notify.PLAIN,
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


def test_the_columns_of_bytes_that_all_houses_have_are_known() -> None:
    assert _columns_of_bytes(PLATFORM) == PLATFORM_KNOWN
