"""Webhooks that no receiver may believe: one for each way of tampering with a good one.

Only what the reference libraries refuse as well; our own reading is stricter in places.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.webhooks import headers, signing

_FOREIGN = bytes(range(64, 96))


@dataclass(frozen=True, slots=True)
class Genuine:
    secret: bytes
    message_id: str
    at: int
    body: bytes

    def signed(self, *, at: int | None = None, secret: bytes | None = None) -> dict[str, str]:
        moment = self.at if at is None else at
        return signing.sign_headers([secret or self.secret], self.message_id, moment, self.body)


@dataclass(frozen=True, slots=True)
class Tampered:
    zh: str
    headers: dict[str, str]
    body: bytes


def tampered(good: Genuine) -> Iterator[Tampered]:
    yield from _bodies(good)
    yield from _moments(good)
    yield from _headers(good)
    yield from _signatures(good)


def _bodies(good: Genuine) -> Iterator[Tampered]:
    signed, body = good.signed(), good.body
    flipped = body[:-2] + bytes([body[-2] ^ 1]) + body[-1:]
    yield Tampered("请求体改了一个字节", signed, flipped)
    yield Tampered("请求体末尾多一个空格", signed, body + b" ")
    yield Tampered("请求体被截断", signed, body[:-1])
    yield Tampered("请求体为空", signed, b"")
    yield Tampered("请求体换成了另一条", signed, b'{"type":"other"}')


def _moments(good: Genuine) -> Iterator[Tampered]:
    edge = signing.TOLERANCE + 60
    yield Tampered("时间戳过早", good.signed(at=good.at - edge), good.body)
    yield Tampered("时间戳晚于当前时间", good.signed(at=good.at + edge), good.body)
    yield _but(good, "时间戳改了一秒", timestamp=str(good.at + 1))
    yield _but(good, "时间戳不是数字", timestamp="yesterday")


def _headers(good: Genuine) -> Iterator[Tampered]:
    for name in (headers.ID, headers.TIMESTAMP, headers.SIGNATURE):
        left = {key: value for key, value in good.signed().items() if key != name}
        yield Tampered(f"缺少{name}", left, good.body)
    yield Tampered("三个请求头都没有", {}, good.body)
    yield _but(good, "webhook-id换成了另一个", id=good.message_id + "0")


def _signatures(good: Genuine) -> Iterator[Tampered]:
    signature = good.signed()[headers.SIGNATURE]
    encoded = signature.removeprefix("v1,")
    yield Tampered("用别人的密钥签名", good.signed(secret=_FOREIGN), good.body)
    yield _but(good, "签名为空", signature="v1,")
    yield _but(good, "签名全为零", signature="v1," + "A" * 43 + "=")
    yield _but(good, "签名被截断", signature=signature[:-8])
    yield _but(good, "签名不是Base64", signature="v1,***")
    yield _but(good, "签名没有版本", signature=encoded)
    yield _but(good, "只有不认识的版本", signature=f"v9,{encoded}")


def _but(good: Genuine, zh: str, **changes: str) -> Tampered:
    changed = {f"webhook-{name}": value for name, value in changes.items()}
    return Tampered(zh, good.signed() | changed, good.body)
