"""The table of terms: lawful, whole, and set by a place only upwards of what a law requires."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.retention.rules import BY_KIND, RULES, Goes, Terms, faults

AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


def test_access_logs_are_kept_six_months_at_least() -> None:
    assert BY_KIND["access_log"].days == BY_KIND["access_log"].least >= 183
    assert faults({"access_log": 182}) == [
        "access_log: 183 days at least (网络安全法 21：网络日志留存不少于六个月)"
    ]
    assert faults({"access_log": 366}) == []


def test_a_place_sets_its_own_terms() -> None:
    terms = Terms({"case": 10_950})
    assert terms.before("case", AT) == AT - timedelta(days=10_950)
    assert terms.before("case_closed", AT) == AT - timedelta(days=1_095)
    assert terms.is_own("case")
    assert not terms.is_own("case_closed")


@pytest.mark.parametrize(
    "own", [{"nothing": 1}, {"audit": 30}, {"case": 30}, {"inbox": 10}, {"outbox": 40}]
)
def test_what_no_place_may_set_stops_the_start(own: dict[str, int]) -> None:
    assert faults(own)
    with pytest.raises(ValueError, match=next(iter(own)) if "outbox" not in own else "inbox"):
        Terms(own)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_every_line_says_how_long_from_when_on_which_ground_and_how_sure(rule: object) -> None:
    assert isinstance(rule, type(RULES[0]))
    assert rule.zh
    assert rule.since
    assert rule.basis
    assert rule.source in {"law", "memory", "chosen"}
    assert (rule.days is None) == (rule.goes in {Goes.WITH_CASE, Goes.STAYS})
    assert rule.days is None or rule.days >= rule.least
