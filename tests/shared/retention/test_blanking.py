"""What is left of a content when the person is out of it: nothing that names anybody."""

from typing import Any

import pytest
from pydantic_core import to_json

from services.intake.actions.seals import Filed
from services.intake.api.examples import SUBMISSIONS
from services.intake.domain.submissions import SubmissionIn
from services.routing.queries.views import Application
from shared.retention.blanking import ERASED, blanked
from shared.security.personal import masked
from tests.shared.retention.words import texts

_CODES = {"item_code", "mode", "channel", "kind", "id_type", "capacity", "code", "form", "method"}


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_an_application_can_be_read_and_says_nothing_of_anybody(name: str) -> None:
    whole = SubmissionIn.model_validate(dict(SUBMISSIONS[name]["value"] or {}))
    content = Filed(submission=whole, received_by="示例人员").model_dump(
        mode="json", exclude_none=True
    )
    left = blanked(content)
    read = Filed.model_validate(left).submission
    assert (read.item_code, read.mode) == (whole.item_code, whole.mode)
    assert [each.code for each in read.materials] == [each.code for each in whole.materials]
    assert dict(read.basis) == dict(whole.basis)
    assert read.form == {}
    assert masked(read.applicant)["name"] == ERASED
    said = to_json(left).decode()
    codes = _CODES | set(whole.basis) | {"materials", "of", "how"}
    for text in texts(content, without=codes):
        assert text not in said, text
    Application.model_validate(left)


def test_to_blank_again_changes_nothing() -> None:
    content = {"applicant": {"kind": "person", "name": "李示例"}, "materials": [{"code": "M1"}]}
    assert blanked(blanked(content)) == blanked(content)


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (
            [{"material_code": "M4", "text": "照片不是白底"}],
            [{"material_code": "M4", "text": ERASED}],
        ),
        # A word where a code should stand is not kept for standing there, nor is a number.
        ({"code": "李示例", "kind": "13900000000"}, {"code": ERASED, "kind": ERASED}),
        ({"method": "620102199003078896"}, {"method": ERASED}),
        # What opens a file goes without a trace.
        ({"name": "intake/0/1", "sealed_key": "AAAA"}, {"name": ERASED}),
        ({"form": {"residence": "示例路3号"}, "age": 36, "blind": True}, {"form": {}}),
        ({"phone": None, "words": {"code": "K1"}}, {"phone": None, "words": {}}),
        ("申请人不再需要", ERASED),
    ],
)
def test_nothing_is_kept_for_not_being_known(content: Any, left: Any) -> None:
    assert blanked(content) == left
