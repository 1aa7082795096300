"""A folder for each installation that a journey starts."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def places() -> Iterator[Path]:
    """Not pytest's own temporary folder: PostgreSQL runs as another user when we are root, and a
    second run of the tests closes that folder's parent to it."""
    with tempfile.TemporaryDirectory(prefix="tongban-journey-") as folder:
        yield Path(folder)


@pytest.fixture
def place(places: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=places))
