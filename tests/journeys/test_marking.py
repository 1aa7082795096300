"""What looks for marked values finds them, or the tests that find none of them say nothing."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.journeys.marking import Marks, look_through_files

FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "within words": lambda value: f"申请人{value}，电话不详",
    "json": lambda value: json.dumps({"name": value}),
    "json within json": lambda value: json.dumps(json.dumps({"name": value})),
    "address": lambda value: f"/v1/cases?name={quote(value)}",
    "hexadecimal": lambda value: "\\x" + f"姓名{value}".encode().hex(),
    "base64": lambda value: base64.b64encode(json.dumps({"n": value}).encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["words", "phone"])
def test_a_mark_is_found_however_machines_rewrite_it(form: str, what: str) -> None:
    marks = Marks()
    value = marks.new("name") if what == "words" else marks.phone("phone")
    assert marks.found_in(FORMS[form](value)) == {"name" if what == "words" else "phone"}


def test_a_mark_is_found_in_a_log_and_in_a_stored_file(tmp_path: Path) -> None:
    marks = Marks()
    (tmp_path / "api.log").write_text(f'{{"event": "{marks.new("a")}"}}', encoding="utf-8")
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "postgres.log").write_text(f"DETAIL: {marks.phone('b')}", encoding="utf-8")
    (tmp_path / "object").write_bytes(b"%PDF" + marks.new("c").encode() + b"\xff\xfe")
    found = look_through_files(tmp_path, marks)
    assert found == {"api.log": {"a"}, "postgres.log": {"b"}, "object": {"c"}}
