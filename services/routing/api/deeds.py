"""What every act's request has alike: who may, against which version, with what beside it."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from services.routing.actions.desk import NOTHING, Deed, Proof, Statement
from shared.clock import Now
from shared.http.etags import IfMatch
from shared.http.routes import Granted

Digest = Annotated[
    str,
    Field(
        pattern=r"^sha-256=:[A-Za-z0-9+/]{43}=:$",
        description="先上传的文件的摘要（Repr-Digest 的写法）",
        examples=["sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"],
    ),
]


class ProofIn(BaseModel):
    digest: Digest
    acted_by: str = Field(
        min_length=1, max_length=100, description="对方经办人姓名", examples=["示例人员"]
    )
    acted_on: date = Field(description="对方作出的日期", examples=["2026-09-07"])


class ActIn(BaseModel):
    opinion: str | None = Field(default=None, max_length=1000, description="办理意见")
    attachments: list[Digest] = Field(
        default_factory=list, max_length=20, description="附件：先上传，再填摘要"
    )
    proof: ProofIn | None = Field(
        default=None, description="对方没有接入系统、由窗口代为登记时，对方的书面凭据"
    )

    @property
    def said(self) -> Statement:
        proof = self.proof and Proof(self.proof.digest, self.proof.acted_by, self.proof.acted_on)
        return Statement(self.opinion, tuple(self.attachments), proof or None)


async def _deed(scope: Granted, now: Now, if_match: IfMatch = None) -> Deed:
    return Deed(scope, now, if_match)


Deeds = Annotated[Deed, Depends(_deed)]


def with_words(deed: Deed, body: ActIn | None) -> Deed:
    return replace(deed, said=body.said if body is not None else NOTHING)
