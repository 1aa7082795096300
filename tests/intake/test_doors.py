"""The house's doors: each granted by the table, the submission told as it is read.

The walk over every role and place is of the whole street: tests/architecture.
"""

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.intake.app import ROUTERS
from services.intake.grants import GRANTS


def test_each_row_of_the_table_is_a_door_and_each_door_a_row() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    doors = {route.endpoint.__name__ for route in routes if isinstance(route, APIRoute)}
    assert doors == set(GRANTS)


def test_the_submission_is_documented_as_it_is_read(app: FastAPI) -> None:
    document = app.openapi()
    for path in ("/intake/v1/cases", "/intake/v1/cases/check"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"]["$ref"].endswith("/SubmissionIn")
        assert set(body["examples"]) == {"full_online", "remote_collection", "joint_handling"}
    personal = document["components"]["schemas"]["ApplicantIn"]["properties"]["name"]
    assert personal["x-personal"] is True


async def test_health_and_pages_need_no_token(client: httpx.AsyncClient) -> None:
    for page in ("livez", "readyz", "docs", "redoc", "openapi.json"):
        assert (await client.get(f"/intake/{page}")).status_code == 200, page
