"""What uploads of files have in common."""

from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel, Field

from services.intake.actions.contents import Stored
from shared.http import etags


class ContentStoredOut(BaseModel):
    digest: str = Field(description="文件的 SHA-256，Repr-Digest 的写法", examples=["sha-256=:…:"])
    size: int = Field(description="字节数", examples=[204800])
    media_type: str = Field(description="按内容判定的类型", examples=["application/pdf"])


ReprDigest = Annotated[
    str | None,
    Header(
        alias="Repr-Digest",
        max_length=500,
        description="文件的摘要（RFC 9530），与收到的内容不符则拒收",
        examples=["sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"],
    ),
]


def stored(kept: Stored) -> Response:
    record = kept.record
    out = ContentStoredOut(
        digest=record.repr_digest, size=record.size, media_type=record.media_type
    )
    return Response(
        out.model_dump_json(),
        201,
        {"ETag": etags.of_version(kept.version), "Repr-Digest": record.repr_digest},
        "application/json",
    )
