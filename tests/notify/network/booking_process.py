"""Notify's booking loop alone, as a process that a test can kill; its settings are a JSON file."""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from services.notify import app as notify
from services.notify.actions import booking
from services.notify.gateways.calls import Line
from services.notify.gateways.json_carrier import open_carrier
from shared.clock import utc_now
from shared.premises import open_premises


async def main(file: Path, ahead: timedelta) -> None:
    """Books what is due until nothing is; `ahead` moves its clock past the lease of who died."""

    def clock() -> datetime:
        return utc_now() + ahead

    text = await asyncio.to_thread(file.read_text, "utf-8")
    settings = notify.Settings(**json.loads(text))
    async with open_premises("notify", settings, clock) as premises:
        notify.create_app(premises)
        line = Line(premises.outbound, premises.clock)
        base = settings.carrier_bases["carrier"]
        carriers = {"simulated": open_carrier(settings.carrier_files[0], line, base=base)}
        while await booking.book_next(premises.sessions, carriers, premises.clock, Random(1)):
            pass


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), timedelta(minutes=float(sys.argv[2]))))
