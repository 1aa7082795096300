"""`make partner-check URL=… SECRET=…`: plays our side against an endpoint, says what conforms."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import typer

from services.notify.domain import told
from shared import chance
from shared.clock import Clock, utc_now
from shared.security.outbound import Answer, Listed, glance, open_client
from shared.webhooks import secrets, signing
from shared.webhooks.secrets import SecretMalformedError
from shared.webhooks.tampering import Genuine, tampered

PATIENCE, QUICK, FIRST = 15.0, 5.0, 4096
# Whoever runs this calls an endpoint of their own, which may well be inside.
_ANYWHERE = Listed(["0.0.0.0/0", "::/0"])
_OLD_SECRET = bytes(range(100, 132))


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` says what came instead, where it does not conform."""

    zh: str
    conforms: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    client: httpx.AsyncClient
    url: str
    secret: bytes
    clock: Clock

    def event(self, type_: str = "routing.handoff-accepted.v1", **facts: Any) -> Genuine:
        message_id, at = str(chance.new_id()), int(self.clock().timestamp())
        document = {
            "specversion": "1.0",
            "id": message_id,
            "source": "urn:tongban:000000:check",
            "type": type_,
            "subject": "check",
            "time": self.clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "sequence": f"{1:020d}",
            "data": {"case_number": "00000000000000000", **facts},
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        return Genuine(self.secret, message_id, at, body)

    async def post(self, headers: dict[str, str], body: bytes) -> Answer | str:
        """The answer, or why there is none."""
        try:
            request = self.client.build_request(
                "POST",
                self.url,
                content=body,
                headers={**headers, "Content-Type": "application/cloudevents+json"},
            )
            return await glance(self.client, request, first=FIRST, within=PATIENCE)
        except TimeoutError:
            return f"{PATIENCE:.0f} 秒内没有答复"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}"

    async def send(self, good: Genuine) -> Answer | str:
        return await self.post(good.signed(), good.body)


async def check(url: str, secret: bytes, clock: Clock = utc_now) -> Sequence[Finding]:
    """Everything that is to be said; where nobody answers at all, only that."""
    async with open_client(_ANYWHERE, timeout=PATIENCE) as client:
        endpoint = Endpoint(client, url, secret, clock)
        proof = await _proof(endpoint)
        if proof.detail.startswith("没有答复"):
            return [proof]
        found = [proof, await _in_time(endpoint)]
        asks = (_repeated, _unknown_type, _more_fields, _rotated, _crowd)
        found += [await ask(endpoint) for ask in asks]
        found += [each async for each in _tampered(endpoint)]
        return found


async def _proof(endpoint: Endpoint) -> Finding:
    zh, challenge = "证明接收地址：以 2xx 原样返回 challenge", chance.new_secret()
    answer = await endpoint.send(endpoint.event(told.PROOF, challenge=challenge))
    if isinstance(answer, str):
        return Finding(zh, False, f"没有答复：{answer}")
    if not 200 <= answer.status < 300:
        return _taken(zh, answer)
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = None
    repeated = isinstance(said, dict) and said.get("challenge") == challenge
    return Finding(zh, repeated, "" if repeated else "答复中没有这个 challenge")


async def _in_time(endpoint: Endpoint) -> Finding:
    began = asyncio.get_running_loop().time()
    answer = await endpoint.send(endpoint.event())
    took = asyncio.get_running_loop().time() - began
    found = _taken(f"收下一条事件，{QUICK:.0f} 秒内答复", answer)
    if found.conforms and took > QUICK:
        return Finding(found.zh, False, f"用了 {took:.1f} 秒；应先存下再处理")
    return found


async def _repeated(endpoint: Endpoint) -> Finding:
    good = endpoint.event()
    await endpoint.send(good)
    return _taken("同一 webhook-id 再来一次，仍答复 2xx", await endpoint.send(good))


async def _unknown_type(endpoint: Endpoint) -> Finding:
    good = endpoint.event("routing.something-new.v9")
    return _taken("不认识的事件也收下（以后会增加）", await endpoint.send(good))


async def _more_fields(endpoint: Endpoint) -> Finding:
    good = endpoint.event(added_later={"深": ["层", 1, None]})
    return _taken("多出来的字段不影响收下", await endpoint.send(good))


async def _rotated(endpoint: Endpoint) -> Finding:
    """As while a secret is rotated: whichever of the two it has, one of them fits."""
    good = endpoint.event()
    both = [_OLD_SECRET, good.secret]
    headers = signing.sign_headers(both, good.message_id, good.at, good.body)
    answer = await endpoint.post(headers, good.body)
    return _taken("两个签名中有一个相符即收下（更换密钥时）", answer)


async def _crowd(endpoint: Endpoint) -> Finding:
    zh, good = "同一条同时来二十次，都答复 2xx", endpoint.event()
    answers = await asyncio.gather(*(endpoint.send(good) for _ in range(20)))
    found = [_taken(zh, answer) for answer in answers]
    return next((each for each in found if not each.conforms), found[0])


async def _tampered(endpoint: Endpoint) -> AsyncIterator[Finding]:
    for bad in tampered(endpoint.event()):
        answer = await endpoint.post(bad.headers, bad.body)
        yield _refused(f"拒绝：{bad.zh}", answer)


def _taken(zh: str, answer: Answer | str) -> Finding:
    if isinstance(answer, str):
        return Finding(zh, False, answer)
    if 300 <= answer.status < 400:
        return Finding(zh, False, f"答复了 {answer.status}：不会跟随转向，请订阅最终地址")
    return Finding(zh, 200 <= answer.status < 300, f"答复了 {answer.status}")


def _refused(zh: str, answer: Answer | str) -> Finding:
    if isinstance(answer, str):
        return Finding(zh, False, answer)
    refused = 400 <= answer.status < 500 and answer.status != httpx.codes.GONE
    return Finding(zh, refused, f"答复了 {answer.status}，应为 4xx（410 除外）")


def lines(found: Sequence[Finding]) -> Iterator[str]:
    for each in found:
        yield f"  {'符合  ' if each.conforms else '不符合'} {each.zh}" + (
            "" if each.conforms else f"（{each.detail}）"
        )
    good = sum(each.conforms for each in found)
    yield f"partner-check: {good} of {len(found)} conform"


def main(url: str, secret: str) -> None:
    try:
        key = secrets.decode(secret)
    except SecretMalformedError as error:
        sys.exit(f"{error.message_zh} / {error.message_en}")
    found = asyncio.run(check(url, key))
    for line in lines(found):
        typer.echo(line)
    raise typer.Exit(0 if all(each.conforms for each in found) else 1)


if __name__ == "__main__":
    typer.run(main)
