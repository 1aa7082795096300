"""The divisions of a day, as addresses are read against them."""

from datetime import date
from functools import lru_cache

from services.notify.domain.addresses import Gazetteer
from shared.divisions import divisions


@lru_cache(maxsize=2)
def on(day: date) -> Gazetteer:
    return Gazetteer.of(divisions.valid(day))
