"""Notify's calls to subscribers alone, as a process of its own; its settings are a JSON file.

`dies`: by SIGKILL, with the first answer in hand and nothing of it written down."""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from random import Random

import httpx

from services.notify import app as notify
from services.notify.actions.calling import Caller
from services.notify.gateways.subscribers import Line
from shared.premises import open_premises


async def _die(_: httpx.Response) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(file: Path, at: datetime, *, dies: bool) -> None:
    """Calls whoever is due at that time, until nobody is."""
    text = await asyncio.to_thread(file.read_text, "utf-8")
    settings = notify.Settings(**json.loads(text))
    async with open_premises("notify", settings, lambda: at) as premises:
        if dies:
            premises.outbound.event_hooks = {"response": [_die]}
        line = Line(premises.outbound, premises.clock)
        await Caller(premises.sessions, line, premises.clock, Random(1)).call_all()


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), dies="dies" in sys.argv[3:])
    )
