"""The catalogue as a table: nothing is lost on the way out and in, every fault has its row."""

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.domain import catalogue_files, cells, spreadsheets
from services.intake.domain.catalogue_files import FileKind
from services.intake.domain.items import ItemVersion
from tests.intake import builders

ITEMS = tuple(builders.items().values())
texts = st.text(max_size=40) | st.sampled_from(
    ["=1+1", "+86", "-1", "@x", "'=x", "''", '"', '""', "[", "[]", "{", " =x", "\t", "a\nb", "\r\n"]
)


@pytest.mark.parametrize("kind", FileKind)
def test_the_whole_catalogue_comes_back_as_it_went(kind: FileKind) -> None:
    read = catalogue_files.read(catalogue_files.write(ITEMS, kind), kind)
    assert read.faults == ()
    assert read.items == ITEMS


def _text_places(part: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(part, str):
        return [at]
    if not isinstance(part, dict | list):
        return []
    inside = part.items() if isinstance(part, dict) else enumerate(part)
    return [found for key, each in inside for found in _text_places(each, (*at, key))]


def _put(part: Any, at: tuple[Any, ...], value: str) -> None:
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    of=st.integers(0, len(ITEMS) - 1), words=st.lists(texts, max_size=6), seed=st.integers(0, 999)
)
def test_any_item_that_may_be_stored_survives_the_round_trip(
    of: int, words: list[str], seed: int
) -> None:
    """Whatever anybody writes into its texts."""
    chance = random.Random(seed)
    changed = ITEMS[of].model_dump(mode="json")
    for word in words:
        _put(changed, chance.choice(_text_places(changed)), word)
    try:
        item = ItemVersion.model_validate(changed)
    except ValidationError:
        return
    for kind in FileKind:
        read = catalogue_files.read(catalogue_files.write([item], kind), kind)
        # It need not be an item without faults: what matters is that its text arrives.
        assert not read.items or read.items == (item,)
    assert _as_read(item) == item


def _kinds_of_places() -> dict[tuple[Any, ...], tuple[ItemVersion, tuple[Any, ...]]]:
    """Each text that an item may have, once: which material it is of changes nothing."""
    return {
        tuple(name for name in at if isinstance(name, str)): (item, at)
        for item in ITEMS
        for at in _text_places(item.model_dump(mode="json"))
        if at[0] not in {"form_schema", "form_example", "marking"}
    }


@pytest.mark.parametrize("word", ["", " ", "\n", "''"])
def test_no_text_of_an_item_is_lost_for_being_empty_or_blank(word: str) -> None:
    """What must be said may not be left empty; what may be, comes back as it went."""
    stored = 0
    for item, at in _kinds_of_places().values():
        changed = item.model_dump(mode="json")
        _put(changed, at, word)
        try:
            kept = ItemVersion.model_validate(changed)
        except ValidationError:
            continue
        assert _as_read(kept) == kept, at
        stored += 1
    assert stored > 20


def _as_read(item: ItemVersion) -> ItemVersion:
    rows = csv.reader(io.StringIO(spreadsheets.write([item])[1:], newline=""))
    names = next(rows)
    table = spreadsheets._Table()
    for number, values in enumerate(rows, 2):
        spreadsheets._take(table, number, dict(zip(names, values, strict=True)))
    assert table.faults == []
    return ItemVersion.model_validate(table.items[0])


@given(content=st.binary(max_size=200), kind=st.sampled_from(FileKind))
def test_any_bytes_whatsoever_are_read(content: bytes, kind: FileKind) -> None:
    read = catalogue_files.read(content, kind)
    assert read.items == () or read.faults == ()


@given(rows=st.lists(st.lists(texts, max_size=8), max_size=6))
def test_any_table_whatsoever_is_read(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["part", "code", "version", "name"], *rows])
    read = spreadsheets.read(out.getvalue())
    assert read.items == ()


@given(text=texts)
def test_no_cell_opens_as_a_formula(text: str) -> None:
    cell = cells.guarded(text)
    assert cell.lstrip()[:1] not in set("=+-@＝＋－＠")
    assert cell[:1] not in {"\t", "\r", "\n"} or not cell


def test_a_name_like_a_formula_leaves_as_text_and_comes_back() -> None:
    item = builders.make_item(name='=HYPERLINK("https://example.org","点此")')
    written = spreadsheets.write([item])
    cells_of = next(csv.DictReader(io.StringIO(written[1:], newline="")))
    assert cells_of["name"].startswith("'=")
    assert spreadsheets.read(written).items == (item,)


def table(*items: ItemVersion) -> list[dict[str, str]]:
    written = spreadsheets.write(items)
    return list(csv.DictReader(io.StringIO(written[1:], newline="")))


def read(rows: list[dict[str, str]], *, names: list[str] | None = None) -> Any:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names or list(spreadsheets.header()), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return spreadsheets.read(out.getvalue())


Row = dict[str, str]
# Rows: 1 the heading, 2 the item, 3 and 4 its steps, 5 to 9 its materials, then procedure and FAQ.
SPOILT: list[tuple[Callable[[list[Row]], Any], str, str]] = [
    (lambda r: r[0].update(status="live"), "/rows/2/status", "not-an-option"),
    (lambda r: r[0].update(department=""), "/rows/2/department", "missing"),
    (lambda r: r[0].update(agents_allowed="maybe"), "/rows/2/agents_allowed", "not-a-boolean"),
    (
        lambda r: r[0].update({"limits.promised.value": "soon"}),
        "/rows/2/limits.promised.value",
        "not-an-integer",
    ),
    (lambda r: r[0].update(valid_to="2000/1/1"), "/rows/2/valid_to", "dates-reversed"),
    (lambda r: r[0].update(form_schema="{"), "/rows/2/form_schema", "not-an-object"),
    (lambda r: r[1].update({"step.stage": "2"}), "/rows/3/step.mode", "stage-gap"),
    (lambda r: r[1].update({"step.role": "abroad"}), "/rows/3/step.role", "role-unknown"),
    (lambda r: r[4].update({"material.custody": "kept"}), "/rows/6/material.custody", "not-an-"),
    (
        lambda r: r[4].update({"material.code": "M1"}),
        "/rows/6/material.code",
        "material-code-repeated",
    ),
    (lambda r: r[4].update({"step.name": "x"}), "/rows/6/step.name", "cell-astray"),
    (lambda r: r[4].update(version="7"), "/rows/6/code", "part-astray"),
    (lambda r: r[4].update(part="matter"), "/rows/6/part", "part-unknown"),
    (lambda r: r.append(dict(r[0])), "/rows/13/version", "version-repeated"),
]


@pytest.mark.parametrize(("spoil", "pointer", "code"), SPOILT)
def test_a_fault_names_its_row_and_column(
    spoil: Callable[[list[Row]], Any], pointer: str, code: str
) -> None:
    rows = table(builders.make_item())
    assert len(rows) == 11
    spoil(rows)
    found = read(rows)
    assert found.items == ()
    (said,) = [each for each in found.faults if each.pointer == pointer]
    assert said.code.startswith(code)
    assert said.message_zh.startswith("第")


def test_every_fault_of_the_table_is_said_at_once() -> None:
    rows = table(*ITEMS)
    for row in rows:
        row["part"] = {"材料": "material"}.get(row["part"], row["part"])
    rows[0]["level"] = "99"
    rows[1]["step.lead"] = "perhaps"
    rows[-1]["faq.question"] = ""
    found = read(rows)
    assert {each.pointer for each in found.faults} >= {
        "/rows/2/level",
        "/rows/3/step.lead",
        f"/rows/{len(rows) + 1}/faq.question",
    }


def test_headings_are_checked_and_a_slip_is_told_what_was_meant() -> None:
    names = [name for name in spreadsheets.header() if name != "version"]
    found = read(table(ITEMS[0]), names=[*names, "departmnet", "name"])
    said = {each.pointer: each for each in found.faults}
    assert said["/rows/1/version"].code == "heading-missing"
    assert "department" in said["/rows/1/departmnet"].message_zh
    assert said["/rows/1/name"].code == "heading-repeated"


def test_a_table_saved_by_a_chinese_office_is_read() -> None:
    """GB18030, days with slashes, truths in capitals, parts by their Chinese name."""
    item = builders.make_item()
    rows = table(item)
    for row in rows:
        row["part"] = next(part.zh for part in spreadsheets.Part if part == row["part"])
        row["material.main"] = {"true": "TRUE", "false": "否"}.get(row["material.main"], "")
    rows[0]["valid_from"] = "2024/1/1"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, spreadsheets.header())
    writer.writeheader()
    writer.writerows(rows)
    found = catalogue_files.read(out.getvalue().encode("gb18030"), FileKind.CSV)
    assert (found.faults, found.items) == ((), (item,))


def _codes(content: bytes, kind: FileKind = FileKind.JSON) -> set[str]:
    found = catalogue_files.read(content, kind)
    assert found.items == ()
    return {each.code for each in found.faults}


HOSTILE_JSON: list[tuple[bytes, str]] = [
    (b'{"items": [{"code": "A", "code": "B"}]}', "name-repeated"),
    (b'{"items": [], "items": []}', "name-repeated"),
    (b'{"items": [{"version": NaN}]}', "not-a-number"),
    (b'{"items": [{"version": -Infinity}]}', "not-a-number"),
    (b'{"items": [{"name": "a\\u0000b"}]}', "bad-character"),
    (b'{"items": [{"name": "a\\ud800"}]}', "bad-character"),
    (b'{"items": [{"name": "a\x00b"}]}', "not-readable"),
    (b'{"items": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "not-a-catalogue"),
    (b'{"items": "../../etc/passwd"}', "not-a-catalogue"),
    (b'{"items": [{"code": "../../etc/passwd"}]}', "bad-format"),
    (b'{"items": [{"version": 1e400}]}', "not-an-integer"),
    (b'{"items": [{"version": ' + b"9" * 5000 + b"}]}", "not-a-catalogue"),
]


@pytest.mark.parametrize(("content", "code"), HOSTILE_JSON)
def test_what_no_catalogue_should_say_is_refused(content: bytes, code: str) -> None:
    assert code in _codes(content)


def test_a_cell_of_megabytes_and_one_that_is_nested_deeply_are_refused() -> None:
    rows = table(builders.make_item())
    rows[0]["guide"] = "x" * 2_000_000
    assert "not-a-table" in {each.code for each in read(rows).faults}
    rows = table(builders.make_item())
    rows[0]["form_schema"] = "[" * 100_000 + "]" * 100_000
    assert read(rows).items == ()
    rows[0]["form_schema"] = '{"minimum": NaN}'
    assert read(rows).items == ()


def test_what_stands_above_a_table_without_headings_is_not_repeated() -> None:
    found = read(table(builders.make_item()), names=["李示例", "620102199001018896"])
    assert "heading-unknown" in {each.code for each in found.faults}
    whole = str([(each.pointer, each.message_zh, each.message_en) for each in found.faults])
    assert "李示例" not in whole
    assert "620102199001018896" not in whole
