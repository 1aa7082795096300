"""A fault names its field as people do."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from shared import fields, problems


class Line(BaseModel):
    count: int = Field(description="份数，至少一份")
    code: str = Field(title="材料编码")


class Body(BaseModel):
    reason: str = Field(min_length=2, description="撤回的原因：写给办理地看")
    result: str = Field(default="", description="granted 准予、denied 不予许可")
    lines: list[Line] | None = Field(default=None, description="材料")
    sender: str = Field(default="", alias="from", description="寄出地")


@pytest.mark.parametrize(
    ("loc", "said"),
    [
        (("reason",), "撤回的原因"),
        (("result",), "「result」"),
        (("lines", 1, "count"), "材料第2项的份数"),
        (("lines", 0, "code"), "材料第1项的材料编码"),
        (("from",), "寄出地"),
        (("nobody",), "「nobody」"),
        (("lines", 0, "nobody"), "材料第1项的「nobody」"),
    ],
)
def test_a_field_is_called_by_its_title_or_what_describes_it(
    loc: tuple[int | str, ...], said: str
) -> None:
    assert fields.spoken(Body, loc) == said


async def test_a_body_with_faults_is_answered_in_words_to_read_out() -> None:
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def take(body: Body) -> None:
        del body

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        missing = await client.post("/", json={"lines": [{"code": "M1", "count": "x"}]})
        short = await client.post("/", json={"reason": "x"})
    assert [each["message_zh"] for each in missing.json()["faults"]] == [
        "撤回的原因没有填写",
        "材料第1项的份数：应为整数",
    ]
    assert [each["message_zh"] for each in short.json()["faults"]] == [
        "撤回的原因：至少需要 2 个字符"
    ]
