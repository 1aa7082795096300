"""Path parameters that several resources share."""

from typing import Annotated

from fastapi import Path

CaseNumber = Annotated[
    str,
    Path(
        max_length=50,
        description="办件编号，17 位数字",
        examples=["63000026000000123"],
    ),
]
MaterialCode = Annotated[
    str, Path(max_length=50, description="事项清单中的材料编码", examples=["M1"])
]
