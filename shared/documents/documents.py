"""Typesets documents: facts in, PDF out, in threads of its own and bounded in time."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Any, Literal

import typst
from fastapi import Depends, Request

from shared.documents import plain
from shared.documents.errors import TypesettingError, UnprintableError
from shared.documents.glyphs import FONTS, can_print
from shared.documents.parts import Document

_TEMPLATES = Path(__file__).parent / "templates"

# PDF/A, as offices archive it; the engine then refuses to print a character that no font has.
_STANDARD: Literal["a-2b"] = "a-2b"


class Typesetter:
    """One per process; it keeps the fonts loaded."""

    def __init__(self, *, threads: int = 2, timeout: float = 20.0) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="typesetter")
        self._compilers: SimpleQueue[typst.Compiler] = SimpleQueue()
        self._timeout = timeout

    async def render(self, document: Document, *, at: datetime) -> bytes:
        """Same document and time, same bytes. UnprintableError names what cannot be shown."""
        found = prepared(document)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, self._typeset, document.template, found, at)
        try:
            return await asyncio.wait_for(work, self._timeout)
        except TimeoutError:
            raise TypesettingError(f"{document.template} took too long") from None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _typeset(self, template: str, found: dict[str, Any], at: datetime) -> bytes:
        compiler = self._compiler()
        try:
            # Data reaches the template as a string of JSON: nothing in it is ever read as markup.
            pdf = compiler.compile(
                input=str(_TEMPLATES / f"{template}.typ"),
                format="pdf",
                sys_inputs={"facts": json.dumps(found)},
                pdf_standards=_STANDARD,
                timestamp=int(at.timestamp()),
            )
        except BaseException as error:  # noqa: BLE001  (a panic of the engine is no Exception)
            # Only as far as the first quoted thing, which may be somebody's name.
            said = str(error).split("`", 1)[0].strip()
            raise TypesettingError(f"{template}: {type(error).__name__}: {said}") from None
        self._compilers.put(compiler)
        if not isinstance(pdf, bytes):
            raise TypesettingError(f"{template}: no single file")
        return pdf

    def _compiler(self) -> typst.Compiler:
        """One that is free, or a new one; whichever failed is not used again."""
        try:
            return self._compilers.get_nowait()
        except Empty:
            return typst.Compiler(
                root=str(_TEMPLATES), font_paths=[str(FONTS)], ignore_system_fonts=True
            )


def prepared(document: Document) -> dict[str, Any]:
    """What the template gets: every text checked against the fonts, then the drawings."""
    found = plain.facts(document)
    lacking = can_print("".join(plain.texts(found)))
    if lacking:
        raise UnprintableError(lacking)
    return found | {"drawings": dict(document.drawings())}


def _of(request: Request) -> Typesetter:
    typesetter: Typesetter = request.app.state.typesetter
    return typesetter


Printing = Annotated[Typesetter, Depends(_of)]
"""For endpoints of a house whose app.py sets `app.state.typesetter`."""
