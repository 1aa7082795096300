"""What is made ready before a transaction begins: the body as read, the place, the item, a number.

FastAPI resolves an endpoint's dependencies in the order of its parameters: these come before
`Transaction`, so that nobody waits for a second connection while holding a first.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Body, Depends, Request
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from services.intake.actions.circumstances import Counter, stand_at
from services.intake.actions.numbers import Numbers, Slip
from services.intake.api.examples import SUBMISSIONS
from services.intake.domain import readings
from services.intake.domain.readings import Reading
from services.intake.domain.submissions import SubmissionIn
from services.intake.queries.catalogue import Catalogue
from services.intake.queries.places import Places
from shared.clock import Now
from shared.http.routes import Granted


class _AsRead:
    """Documented as a SubmissionIn, but read by our own reader, which goes on where pydantic stops,
    so that faults of shape and of substance come in one answer."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda raw, _: readings.read(raw), handler.generate_schema(SubmissionIn)
        )


Submitted = Annotated[Reading, _AsRead(), Body(openapi_examples=SUBMISSIONS)]


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


async def _places(request: Request) -> Places:
    places: Places = request.app.state.places
    return places


ItemCatalogue = Annotated[Catalogue, Depends(_catalogue)]
PlaceBook = Annotated[Places, Depends(_places)]


async def _counter(
    reading: Submitted,
    request: Request,
    scope: Granted,
    catalogue: ItemCatalogue,
    places: PlaceBook,
    now: Now,
) -> Counter:
    # The window's grants are for its own place only, so the scope names it.
    return await stand_at(
        scope.receiving or "",
        reading,
        catalogue=catalogue,
        places=places,
        registered_for=request.app.state.registered_for,
        at=now,
    )


async def _slip(request: Request, now: Now) -> AsyncIterator[Slip]:
    numbers: Numbers = request.app.state.numbers
    async with numbers.drawn(now) as slip:
        yield slip


AtCounter = Annotated[Counter, Depends(_counter)]
DrawnNumber = Annotated[Slip, Depends(_slip, scope="function")]
