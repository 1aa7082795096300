"""A document's facts on their way to the template."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.documents import plain
from shared.documents.errors import TooLongError
from tests.shared.documents import samples


def test_dates_are_written_as_an_office_writes_them() -> None:
    assert plain.chinese_date(date(2026, 3, 5)) == "2026年3月5日"
    assert plain.chinese_time(datetime(2026, 3, 4, 16, 5, tzinfo=UTC)) == "2026年3月5日0时05分"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  张\u200b三\ufeff\u202e ", "张三"),
        ("葛\U000e0101城", "葛城"),
        ("a\tb\x00\x07", "a b"),
        ("一\r\n二\u2028三", "一\n二\n三"),
        ("Nu\u0308wa", "Nüwa"),
        ("\uf9dc", "\uf9dc"),
    ],
)
def test_only_what_can_be_seen_is_left(given: str, shown: str) -> None:
    assert plain.clean(given) == shown


def test_a_document_is_bounded_in_lines_and_in_text() -> None:
    with pytest.raises(TooLongError):
        plain.facts(replace(samples.receipt(), materials=samples.many_materials(2_001)))
    with pytest.raises(TooLongError):
        plain.facts(replace(samples.refusal(), reason="长" * 120_001))
    with pytest.raises(TooLongError):
        plain.facts(replace(samples.refusal(), reason="长\n" * 2_002))
