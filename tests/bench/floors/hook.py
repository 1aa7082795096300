"""A receiver of webhooks that reads them and says thank you; and, with `loop`, a bare httpx that
posts to it, one after another: one line of standard input is the seconds, one of output the rate.
"""

import os
import sys
from time import perf_counter

import httpx
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

BODY = (
    b'{"specversion":"1.0","id":"01890000-0000-7000-8000-000000000001","source":"urn:tongban:630000"'
    b',"type":"routing.handoff-accepted.v1","subject":"63000026000000123","time":"2026-09-07T02:00:'
    b'00Z","datacontenttype":"application/json","data":{"case_number":"63000026000000123",'
    b'"handoff_id":"01890000-0000-7000-8000-000000000002","location":"620102-RS","status":"accepted"'
    b',"url":"http://127.0.0.1/routing/v1/handoffs/01890000-0000-7000-8000-000000000002"}}'
)


async def receiver(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def post(url: str, seconds: float) -> float:
    async with httpx.AsyncClient(trust_env=False) as client:
        began, count = perf_counter(), 0
        while perf_counter() - began < seconds:
            answer = await client.post(
                url, content=BODY, headers={"content-type": "application/cloudevents+json"}
            )
            assert answer.status_code == httpx.codes.OK
            count += 1
        return count / (perf_counter() - began)


def main(argument: str) -> None:
    if argument != "loop":
        uvicorn.run(receiver, port=int(argument), log_config=None, access_log=False, lifespan="off")
        return
    for line in sys.stdin:
        sys.stdout.write(f"{uvloop.run(post(os.environ['FLOOR_URL'], float(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
