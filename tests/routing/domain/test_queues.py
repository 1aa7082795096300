"""Light, green lane, turn, waiting time; and nobody waits behind one sender's flood."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.deadlines import Light
from services.routing.domain.queues import Entry, explain, explain_between, in_order, order_key

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def entry(
    id_: str,
    hours_ago: int = 0,
    light: Light = Light.GREEN,
    sender: str = "XN",
    green: bool = False,
) -> Entry:
    return Entry(id_, light, green, NINE - timedelta(hours=hours_ago), sender)


def ids(entries: list[Entry]) -> list[str]:
    return [placed.entry.id for placed in in_order(entries)]


def test_the_tighter_limit_first_then_the_green_lane_then_who_waited_longer() -> None:
    entries = [
        entry("new", 1),
        entry("old", 5),
        entry("elderly", 0, green=True),
        entry("half", 1, Light.YELLOW),
        entry("nearly", 1, Light.RED),
        entry("late", 1, Light.MISSED),
        entry("late elderly", 0, Light.MISSED, green=True),
    ]
    assert ids(entries) == ["late elderly", "late", "nearly", "half", "elderly", "old", "new"]


def test_senders_take_turns() -> None:
    flood = [entry(f"big{n:02}", 100 - n) for n in range(10)]
    assert ids([*flood, entry("small", 1, sender="GL")])[:2] == ["big00", "small"]


def test_what_one_sender_lets_run_late_does_not_make_the_others_late_too() -> None:
    for light in (Light.YELLOW, Light.RED, Light.MISSED):
        flood = [entry(f"big{n:03}", 200 - n, light) for n in range(99)]
        order = ids([*flood, entry("small", 1, light, sender="GL")])
        assert order[:3] == ["big000", "small", "big001"]


def test_the_page_says_why() -> None:
    placed = in_order([entry("a", 30, Light.YELLOW), entry("b", 3, Light.YELLOW, green=True)])
    first, second = placed
    assert explain(first, now=NINE) == (
        "期限：过半；通道：绿色通道（老年人、残疾人优先）；各收件地轮流，本件是该收件地的第1件；"
        "已等候3小时。"
    )
    assert explain_between(first, second) == "绿色通道优先。"
    late, turn = in_order([entry("late", 1, Light.MISSED), entry("x", 9)])
    assert explain_between(late, turn) == "期限更紧：已超期先于正常。"
    assert "本件是该收件地的第1件" in explain(late, now=NINE)
    a, b, c = in_order([entry("a", 9), entry("b", 8), entry("c", 1, sender="GL")])
    assert (a.entry.id, b.entry.id, c.entry.id) == ("a", "c", "b")
    assert explain_between(a, b) == "等候时间更长。"
    assert explain_between(b, c) == "各收件地轮流办理，轮次在前。"
    twins = in_order([entry("p", 1, Light.RED), entry("q", 1, Light.RED, sender="GL")])
    assert explain_between(*twins) == "同时收到，按编号先后。"


entries = st.lists(
    st.builds(
        Entry,
        st.uuids().map(str),
        st.sampled_from(Light),
        st.booleans(),
        st.integers(0, 500).map(lambda hours: NINE - timedelta(hours=hours)),
        st.sampled_from(["XN", "XN", "XN", "GL", "HN"]),
    ),
    max_size=40,
    unique_by=lambda each: each.id,
)


@given(entries)
def test_the_order_is_total_keeps_everybody_and_never_lets_a_newer_one_of_one_sender_pass(
    waiting: list[Entry],
) -> None:
    placed = in_order(waiting)
    keys = [order_key(each.entry, each.turn) for each in placed]
    assert keys == sorted(set(keys))
    assert {each.entry.id for each in placed} == {each.id for each in waiting}
    for earlier, later in pairwise(placed):
        a, b = earlier.entry, later.entry
        if (a.light, a.green_lane, a.sender) == (b.light, b.green_lane, b.sender):
            assert a.since <= b.since


@given(entries)
def test_nobody_waits_behind_more_than_one_of_each_other_sender_per_turn(
    waiting: list[Entry],
) -> None:
    placed = [each for each in in_order(waiting) if each.entry.light is Light.GREEN]
    for lane in (True, False):
        line = [each for each in placed if each.entry.green_lane is lane]
        for position, each in enumerate(line):
            ahead = [other.entry.sender for other in line[:position]]
            assert all(ahead.count(sender) <= each.turn + 1 for sender in set(ahead))
