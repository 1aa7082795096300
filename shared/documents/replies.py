"""A typeset document as an HTTP reply."""

from urllib.parse import quote

from fastapi import Response

MEDIA_TYPE = "application/pdf"


def pdf(document: bytes, *, name: str) -> Response:
    return Response(document, media_type=MEDIA_TYPE, headers=headers(name=name))


def headers(*, name: str) -> dict[str, str]:
    """Shown in the browser, saved under `name` (which holds nothing personal), never cached."""
    return {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}.pdf",
        "Cache-Control": "no-store",
    }
