"""A yearly notice is loaded as data, and what is not a notice is refused with a sentence."""

import json
from datetime import date

import pytest

from shared.workdays import notices
from shared.workdays.notices import NoticeMalformedError

NOTICE = """
[[notice]]
year = 2027
source = "国办发明电〔2026〕×号"

[[notice.off]]
name = "元旦"
from = 2027-01-01
to = 2027-01-03

[[notice.worked]]
name = "元旦调休"
day = 2026-12-27
"""


def test_a_notice_says_which_days_are_off_and_which_are_worked() -> None:
    (notice,) = notices.parse(NOTICE)
    assert notice.year == 2027
    assert {day: mark.works for day, mark in notice.marks.items()} == {
        date(2027, 1, 1): False,
        date(2027, 1, 2): False,
        date(2027, 1, 3): False,
        date(2026, 12, 27): True,
    }
    assert notice.marks[date(2027, 1, 2)].name == "元旦"


def test_the_same_notice_may_come_as_json() -> None:
    data = {
        "notice": [
            {
                "year": 2027,
                "source": "国办发明电〔2026〕×号",
                "off": [{"name": "元旦", "from": "2027-01-01", "to": "2027-01-03"}],
                "worked": [{"name": "元旦调休", "day": "2026-12-27"}],
            }
        ]
    }
    assert notices.from_data(json.loads(json.dumps(data))) == notices.parse(NOTICE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "缺少 notice"),
        ("year = ", "TOML"),
        ("notice = [1]", "应为表"),
        ("[[notice]]\nsource='x'", "四位年份"),
        ("[[notice]]\nyear=true\nsource='x'", "四位年份"),
        ("[[notice]]\nyear=2027", "source"),
        ("[[notice]]\nyear=2027\nsource='x'", "没有列出"),
        ("[[notice]]\nyear=2027\nsource='x'\noff=1", "列表"),
        ("[[notice]]\nyear=2027\nsource='x'\noff=[1]", "每一项"),
        ("[[notice]]\nyear=2027\nsource='x'\n[[notice.off]]\nday='2027-02-30'", "不是日期"),
        ("[[notice]]\nyear=2027\nsource='x'\n[[notice.off]]\nname='x'", "不是日期"),
        ("[[notice]]\nyear=2027\nsource='x'\n[[notice.off]]\nday=2026-11-30", "不应含有"),
        ("[[notice]]\nyear=2027\nsource='x'\n[[notice.off]]\nname=1\nday=2027-01-01", "文字"),
        (
            "[[notice]]\nyear=2027\nsource='x'\n[[notice.off]]\nfrom=2027-03-01\nto=2027-02-01",
            "不是一段假期",
        ),
        (NOTICE + "\n[[notice.worked]]\nday=2027-01-02", "两次"),
    ],
)
def test_what_is_not_a_notice_is_refused(text: str, says: str) -> None:
    with pytest.raises(NoticeMalformedError, match=says):
        notices.parse(text)
