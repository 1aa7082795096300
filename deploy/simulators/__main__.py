"""`python -m deploy.simulators carrier|sms --port N`: runs one until it is stopped."""

import argparse
import asyncio
import signal
from pathlib import Path

from starlette.types import ASGIApp

from deploy.simulators.carrier import new_carrier
from deploy.simulators.doors import serving
from deploy.simulators.sms import new_sms
from shared.security.secret_files import read_secret

_SIMULATORS = {"carrier": new_carrier, "sms": new_sms}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="deploy.simulators", description="寄递机构、短信网关模拟器"
    )
    parser.add_argument("which", choices=sorted(_SIMULATORS))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 取一个空闲端口")
    parser.add_argument("--token-file", type=Path, help="调用方须出示的令牌；不填则不检查")
    told = parser.parse_args()
    token = read_secret(told.token_file).decode().strip() if told.token_file else ""
    asyncio.run(_run(_SIMULATORS[told.which](token=token), told.host, told.port))


async def _run(app: ASGIApp, host: str, port: int) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with serving(app, host=host, port=port) as url:
        print(url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
