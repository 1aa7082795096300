"""What is marked personal never shows, wherever in a model it stands."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, computed_field

from shared.security.masks import (
    MASKS,
    mask_address,
    mask_email,
    mask_id_number,
    mask_name,
    mask_phone,
)
from shared.security.personal import Personal, masked, personal_fields, personal_paths

MARK = "秘密0123456789"


class Person(BaseModel):
    kind: Literal["person"] = "person"
    name: Annotated[str, Personal("name")]
    phone: Annotated[str, Personal("phone")] | None = None
    children: list["Person"] = []


class Organisation(BaseModel):
    kind: Literal["organisation"] = "organisation"
    name: str
    contact: Person | None = None


class Application(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    applicant: Annotated[Person | Organisation, Field(discriminator="kind")]
    form: Annotated[dict[str, Any], Personal("form")] = {}
    notes: list[Annotated[str, Personal()]] = Field(default=[], alias="memo")
    by_role: dict[str, Person] = {}
    pairs: tuple[Person, ...] = ()
    guardian: Annotated[Optional[Person], Personal("form")] = None  # noqa: UP045
    loose: Person | str | None = None
    count: int = 3
    age: Annotated[int | None, Personal()] = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own order of decorators
    @property
    def address(self) -> Annotated[str, Personal("address")]:
        return f"{MARK}{self.count}"


def everywhere() -> Application:
    person = Person(name=MARK, phone=MARK, children=[Person(name=MARK)])
    return Application(
        applicant=Organisation(name="青海某公司", contact=person),
        form={"a": {"b": [MARK, 1]}, "c": MARK},
        notes=[MARK],
        by_role={"guardian": person},
        pairs=(person,),
        guardian=person,
        loose=person,
        age=41,
    )


def test_nothing_personal_shows_at_any_depth() -> None:
    shown = json.dumps(masked(everywhere()), ensure_ascii=False)
    assert MARK not in shown
    assert "青海某公司" in shown
    assert masked(everywhere())["age"] == "***"


def test_what_is_not_personal_stays_as_json_shows_it() -> None:
    shown = masked(everywhere())
    assert shown["count"] == 3
    assert shown["applicant"]["kind"] == "organisation"
    assert shown["applicant"]["contact"]["name"] == "秘***"
    assert shown["by_role"]["guardian"]["children"][0]["phone"] is None


def test_a_mapping_is_masked_like_the_model_it_obeys() -> None:
    model = everywhere()
    assert masked(model.model_dump(mode="json"), Application) == masked(model)
    assert MARK not in str(masked(model.model_dump(mode="json", by_alias=True), Application))


def test_a_mapping_without_a_model_is_refused() -> None:
    with pytest.raises(TypeError):
        masked({"name": MARK})


def test_a_field_the_model_does_not_know_is_hidden() -> None:
    shown = masked(
        {"applicant": {"kind": "person", "nickname": MARK}, "later": [MARK]}, Application
    )
    assert MARK not in str(shown)


def test_where_the_kind_is_unknown_whatever_any_kind_calls_personal_is_hidden() -> None:
    shown = masked({"applicant": {"name": MARK}}, Application)
    assert MARK not in str(shown)
    stranger = masked({"applicant": {"kind": "ghost", "name": MARK}}, Application)
    assert MARK not in str(stranger)


def test_a_form_keeps_its_questions_and_hides_every_answer() -> None:
    assert masked(everywhere())["form"] == {"a": {"b": ["***", "***"]}, "c": "***"}


def test_personal_fields_are_the_models_own() -> None:
    assert personal_fields(Person) == {"name": Personal("name"), "phone": Personal("phone")}
    assert personal_fields(Organisation) == {}


def test_personal_paths_reach_every_depth() -> None:
    found = {path: marker.kind for path, marker in personal_paths(Application)}
    assert found["applicant.name"] == found["applicant.contact.name"] == "name"
    assert found["notes[]"] == "text"
    assert found["by_role[].phone"] == "phone"
    assert found["guardian"] == "form"


def test_the_api_page_says_what_is_personal() -> None:
    schema = Application.model_json_schema()
    assert schema["properties"]["form"]["x-personal"] is True
    assert schema["$defs"]["Person"]["properties"]["name"]["x-personal"] is True
    assert "x-personal" not in schema["$defs"]["Organisation"]["properties"]["name"]
    assert "x-personal" not in schema["$defs"]["Person"]


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (mask_name, "张三", "张*"),
        (mask_name, "欧阳娜娜", "欧***"),
        (mask_name, "阿不都热依木·买买提", "阿***"),
        (mask_name, "张", "***"),
        (mask_id_number, "11010519491231002X", "110***********002X"),
        (mask_id_number, "E12345678", "E******78"),
        (mask_id_number, "1234567", "***"),
        (mask_phone, "13812345678", "138****5678"),
        (mask_phone, "8812345", "****345"),
        (mask_phone, "110", "***"),
        (mask_address, "甘肃省兰州市城关区东岗西路 1 号", "甘肃省兰州市城关区***"),
        (
            mask_address,
            "青海省玉树藏族自治州玉树市胜利路 3 号院 2 栋",
            "青海省玉树藏族自治州玉树市***",
        ),
        (mask_address, "广西壮族自治区南宁市青秀区民族大道一百号", "广西壮族自治区南宁市青秀区***"),
        (mask_address, "北京市朝阳区建国路一百号院", "北京市朝阳区***"),
        (mask_address, "西宁市幸福小区三号楼二单元", "西宁市***"),
        (mask_address, "甘肃省兰州市", "***"),
        (mask_address, "Main Street 1", "***"),
        (mask_email, "someone@example.com", "s***@example.com"),
        (mask_email, "nobody", "***"),
    ],
)
def test_masks_show_enough_to_recognise(mask: Callable[[str], str], value: str, shown: str) -> None:
    assert mask(value) == shown


@given(kind=st.sampled_from(sorted(MASKS)), value=st.text(min_size=1, max_size=60))
def test_no_mask_gives_back_what_it_was_given(kind: str, value: str) -> None:
    shown = MASKS[kind](value)
    assert shown != value or set(value) == {"*"}
    assert "*" in shown


@given(value=st.text(alphabet="0123456789", min_size=1, max_size=40))
def test_a_number_shows_at_most_seven_and_never_more_than_it_hides(value: str) -> None:
    for mask in (mask_id_number, mask_phone):
        shown = mask(value).replace("*", "")
        assert len(shown) <= min(7, len(value) - len(value) // 3)
