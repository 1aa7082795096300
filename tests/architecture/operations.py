"""What the three applications offer, as their own documents say."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr

from deploy.embedded import HOUSES
from services.intake.grants import GRANTS as INTAKE
from services.notify.grants import GRANTS as NOTIFY
from services.routing.grants import GRANTS as ROUTING
from shared.clock import utc_now
from shared.premises import open_premises
from shared.security.grants import Grants
from shared.security.keys import Keyring

GRANTS: Mapping[str, Grants] = MappingProxyType(
    {"intake": INTAKE, "routing": ROUTING, "notify": NOTIFY}
)


@dataclass(frozen=True, slots=True)
class Operation:
    house: str
    method: str
    path: str
    document: Mapping[str, Any]
    schemas: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.document["operationId"])

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Those in the path, by name."""
        return {
            each["name"]: each
            for each in self.document.get("parameters", ())
            if each["in"] == "path"
        }

    @property
    def examples(self) -> Mapping[str, Any]:
        """The request bodies that the page shows, by name."""
        content = self.document.get("requestBody", {}).get("content", {})
        media = content.get("application/json", {})
        found = {name: each["value"] for name, each in media.get("examples", {}).items()}
        if "example" in media:
            found["example"] = media["example"]
        for number, example in enumerate(self._body_model.get("examples", ())):
            found[str(number)] = example
        return found

    @property
    def _body_model(self) -> Mapping[str, Any]:
        content = self.document.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        model: Mapping[str, Any] = self.schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
        return model

    @property
    def body(self) -> Mapping[str, Any]:
        """What a body in JSON must look like."""
        content = self.document.get("requestBody", {}).get("content", {})
        schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
        return schema

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.document.get("requestBody", {}).get("content", {})

    def __str__(self) -> str:
        return f"{self.house}:{self.name}"


def applications() -> Mapping[str, FastAPI]:
    """Built as ever, on a database that nobody has asked anything yet."""
    return asyncio.run(_build())


async def _build() -> dict[str, FastAPI]:
    apps = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        Keyring.create(folder / "keyring.json")
        for house, module in HOUSES.items():
            settings = module.Settings(
                served=False,
                transport="embedded",
                database_url=SecretStr("postgresql+asyncpg://nobody@nowhere/nothing"),
                sealer_database_url=SecretStr("postgresql+asyncpg://nobody@nowhere/nothing"),
                keyring_file=folder / "keyring.json",
                files_url=(folder / "files").as_uri(),
                issuers=(),
                division="630000",
            )
            premises = await stack.enter_async_context(open_premises(house, settings, utc_now))
            apps[house] = module.create_app(premises)
    return apps


def endpoints(apps: Mapping[str, FastAPI]) -> Iterator[APIRoute]:
    """Those of included routers too, which an application only refers to."""
    waiting: list[Any] = [route for app in apps.values() for route in app.routes]
    while waiting:
        each = waiting.pop()
        if isinstance(each, APIRoute):
            yield each
        elif (router := getattr(each, "original_router", None)) is not None:
            waiting += router.routes


def operations(apps: Mapping[str, FastAPI]) -> Iterator[Operation]:
    for house, app in apps.items():
        page = app.openapi()
        for path, methods in page["paths"].items():
            for method, document in methods.items():
                yield Operation(
                    house, method.upper(), path, document, page["components"]["schemas"]
                )
