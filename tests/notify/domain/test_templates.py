"""What people are told: the texts of the house, and texts that must never be loaded or sent."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.notify
from services.notify.domain import templates
from services.notify.domain.messages import (
    LEGAL,
    MAY_SAY,
    OVERTAKEN_BY,
    URGENCY,
    Event,
    Placeholder,
)
from services.notify.domain.templates import EXAMPLE, Template, Templates
from shared.errors import InvalidError

HOUSE = Path(services.notify.__file__).with_name("templates.toml").read_text(encoding="utf-8")
DAY = date(2026, 9, 7)


def faults_of(source: str) -> list[str]:
    with pytest.raises(InvalidError) as refused:
        Templates.parse(source)
    return [fault.code for fault in refused.value.faults]


def entry(event: str = "accepted", version: int = 1, text: str = "已受理{case_number}") -> str:
    return f'[[template]]\nevent = "{event}"\nversion = {version}\ntext = "{text}"\n'


def test_the_house_has_a_text_for_every_event() -> None:
    loaded = Templates.parse(HOUSE)
    for event in Event:
        assert loaded.choose(event, item="", on=DAY).event is event


@pytest.mark.parametrize("event", Event)
def test_every_text_of_the_house_fits_two_messages_and_names_the_case(event: Event) -> None:
    template = Templates.parse(HOUSE).choose(event, item="", on=DAY)
    shown = templates.preview(template, signature="青海政务服务")
    assert shown.text.startswith("【青海政务服务】")
    # Whoever looks after an endpoint is told which one; no case is named to them.
    about = Placeholder.SYSTEM if event is Event.ENDPOINT else Placeholder.CASE_NUMBER
    assert EXAMPLE[about] in shown.text
    assert "{" not in shown.text
    assert shown.parts <= 2, shown.text


def test_the_receipt_says_that_it_is_not_acceptance() -> None:
    received = Templates.parse(HOUSE).choose(Event.RECEIVED, item="", on=DAY)
    assert "收件不等于受理" in received.text


def test_no_event_may_name_a_person_or_describe_a_paper() -> None:
    assert set(MAY_SAY) == set(URGENCY) == set(Event)
    for word in Placeholder:
        assert not {"name", "identity", "phone", "address", "content"} & {word.value}
    assert Placeholder.MATERIALS not in MAY_SAY[Event.DECIDED]


def test_an_act_with_legal_effect_is_never_overtaken() -> None:
    assert not LEGAL & set(OVERTAKEN_BY)


@pytest.mark.parametrize(
    "text",
    [
        "{name}您好",
        "{case_number}:{identity_number}",
        "{materials}",  # not for this event
        "{case_number!r}",
        "{case_number:>20}",
        "{case_number.__class__}",
        "{0}",
        "{}",
        "{case_number",
        "}",
    ],
)
def test_a_text_with_a_word_that_is_not_allowed_is_not_loaded(text: str) -> None:
    assert faults_of(entry(text=text)) in (["template-word-not-allowed"], ["template-malformed"])


def test_everything_wrong_in_the_file_is_said_at_once() -> None:
    source = (
        entry(event="gossip")
        + entry(text="{name}")
        + '[[template]]\nevent = "ready"\nversion = "2"\nmood = "glad"\ntext = "x"\n'
        + entry(text="长" * 400)
    )
    assert faults_of(source) == [
        "template-event-unknown",
        "template-word-not-allowed",
        "template-key-unfit",
        "template-key-unfit",
        "template-too-long",
    ]
    assert faults_of("[[template]]\nversion = 1\n") == ["template-key-missing"] * 2
    assert faults_of(entry() + "valid_from = 2026-01-01T00:00:00\n") == ["template-key-unfit"]


def test_a_version_is_written_once() -> None:
    assert faults_of(entry() + entry()) == ["template-repeated"]


def test_the_items_own_text_wins_then_the_latest_version_that_holds() -> None:
    loaded = Templates.parse(
        entry(text="一{case_number}")
        + entry(version=2, text="二{case_number}")
        + entry(version=3, text="三{case_number}")
        + "valid_from = 2027-01-01\n"
        + entry(version=1, text="专{case_number}")
        + 'item = "ITEM"\nvalid_to = 2026-12-31\n'
    )
    assert loaded.choose(Event.ACCEPTED, item="OTHER", on=DAY).text[0] == "二"
    assert loaded.choose(Event.ACCEPTED, item="ITEM", on=DAY).text[0] == "专"
    assert loaded.choose(Event.ACCEPTED, item="ITEM", on=date(2027, 1, 1)).text[0] == "三"
    with pytest.raises(templates.TemplateMissingError):
        loaded.choose(Event.READY, item="ITEM", on=DAY)


def rendered(text: str, **words: str) -> templates.Rendered:
    filled: Mapping[Placeholder, str] = {Placeholder(name): value for name, value in words.items()}
    return templates.render(Template(Event.NOTICE, 1, text), filled, signature="测试")


def test_only_what_the_text_names_is_kept() -> None:
    shown = rendered("{case_number}", case_number="1", office="兰州")
    assert shown.words == {"case_number": "1"}


def test_a_missing_word_is_said_before_anything_is_sent() -> None:
    with pytest.raises(templates.WordMissingError) as refused:
        rendered("{case_number}{due}{office}", case_number="1", due="")
    assert refused.value.facts["missing"] == ["due", "office"]


@pytest.mark.parametrize("value", ["11010519491231002X", "证11010519491231002x号"])
def test_an_identity_number_in_a_word_stops_the_message(value: str) -> None:
    with pytest.raises(templates.PersonalWordError):
        rendered("{office}", office=value)


def test_a_case_number_is_not_taken_for_an_identity_number() -> None:
    assert "63000026000000123" in rendered("{case_number}", case_number="63000026000000123").text


def test_a_word_is_data_and_never_a_text_of_its_own() -> None:
    assert rendered("{office}", office="{case_number}").text == "【测试】{case_number}"
    assert "\n" not in rendered("{office}", office="甲\r\n乙").text


def test_a_long_name_is_shortened() -> None:
    assert rendered("{item}", item="长" * 99).text == "【测试】" + "长" * 19 + "…"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("a" * 71, 2),
        ("𠮷" * 35, 1),
        ("𠮷" * 36, 2),
    ],
)
def test_length_is_counted_as_operators_count(text: str, expected: int) -> None:
    assert templates.parts(text) == expected


@given(st.lists(st.text("材料证明书甲乙丙", min_size=1, max_size=30), max_size=12))
def test_a_list_of_materials_fits_and_never_hides_how_many_there_are(names: list[str]) -> None:
    text = templates.listed(names)
    assert len(text) <= 40
    assert text == "、".join(names) or f"{len(names)}项" in text
