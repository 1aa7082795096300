"""Which carrier takes what, as the installation has written it down in a file."""

import tomllib
from collections.abc import Collection
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.carriers import CarrierRule, Content, Payer


class RuleIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    carrier: str
    contents: frozenset[Content] = frozenset()
    destination: str = Field(default="", pattern=r"^([0-9]{6})?$")
    payer: Payer | None = None
    rank: int = 0
    valid_from: date = date.min
    valid_to: date | None = None


class RulesIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[RuleIn, ...] = ()


class CarrierUnknownError(ValueError):
    """A rule names a carrier that is not connected."""


def parse(source: str, carriers: Collection[str]) -> tuple[CarrierRule, ...]:
    """`manual` is never connected: a person books."""
    found = RulesIn.model_validate(tomllib.loads(source)).rule
    if unknown := sorted({rule.carrier for rule in found} - {*carriers, "manual"}):
        raise CarrierUnknownError(f"rules name carriers that are not connected: {unknown}")
    return tuple(CarrierRule(**rule.model_dump()) for rule in found)


def load(path: Path, carriers: Collection[str]) -> tuple[CarrierRule, ...]:
    return parse(path.read_text(encoding="utf-8"), carriers)
