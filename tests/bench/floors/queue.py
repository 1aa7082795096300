"""Polling by hand: an endpoint that says nothing has changed, and one that reads a page of 50."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json


@asynccontextmanager
async def _pool(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        host=os.environ["FLOOR_SOCKET"],
        database=os.environ["FLOOR_DATABASE"],
        user="postgres",
        min_size=10,
        max_size=10,
        server_settings={"search_path": "routing", "jit": "off"},
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_pool, openapi_url=None)


@app.get("/unchanged")
async def unchanged() -> Response:
    return Response(status_code=304, headers={"ETag": '"1"'})


_PAGE = """
SELECT id, case_number, item_code, item_name, mode, step, step_name, status, clock_state, due_on,
    due_provisional, light, holder_name, lease_until, lane_rank, window_received_at, version
FROM handoff
WHERE location = $1 AND closed_at IS NULL AND opened_at IS NOT NULL
ORDER BY light_rank, lane_rank, turn, window_received_at, id
LIMIT 51
"""


@app.get("/queues/{location}/handoffs")
async def page(location: str, request: Request) -> Response:
    rows = await request.app.state.pool.fetch(_PAGE, location)
    found = [
        {
            "id": row["id"],
            "case_number": row["case_number"],
            "item_code": row["item_code"],
            "item_name": row["item_name"],
            "mode": row["mode"],
            "step": row["step"],
            "step_name": row["step_name"],
            "status": row["status"],
            "clock": {
                "state": row["clock_state"],
                "due_on": row["due_on"],
                "provisional": row["due_provisional"],
                "light": row["light"],
            },
            "held": row["holder_name"] is not None,
            "holder": row["holder_name"],
            "lease_until": row["lease_until"],
            "green_lane": row["lane_rank"] == 0,
            "received_at": row["window_received_at"],
            "version": row["version"],
        }
        for row in rows[:50]
    ]
    content = to_json({"handoffs": found, "next": str(rows[49]["id"]) if rows[50:] else None})
    return Response(content, media_type="application/json", headers={"ETag": '"1"'})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False)
