"""QR codes and Code 128 barcodes as SVG, for a scanner; what they say is printed beside them."""

import io

import segno
from barcode import Code128

from shared.documents.errors import NotEncodableError

_HEIGHT = 40
_LONGEST = 48
_QUIET = 10
"""Modules of white that a scanner wants on each side of Code 128."""


def qr(text: str) -> str:
    """With a margin of its own; correction level M outlives a fold through the paper."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=2, xmldecl=False, svgns=True, nl=False
    )
    return out.getvalue().decode()


def code128(text: str) -> str:
    """One path of bars, stretched by the template."""
    if not (text and text.isascii() and text.isprintable() and len(text) <= _LONGEST):
        raise NotEncodableError
    modules: str = Code128(text).build()[0]
    width = len(modules) + 2 * _QUIET
    bars = "".join(
        f"M{at + _QUIET} 0h{length}v{_HEIGHT}h-{length}z" for at, length in _runs(modules)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" '
        f'width="{width}" height="{_HEIGHT}" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges"><path d="{bars}"/></svg>'
    )


def _runs(modules: str) -> list[tuple[int, int]]:
    """Where each bar begins, and how many modules it is wide."""
    runs: list[tuple[int, int]] = []
    for at, module in enumerate(modules):
        if module != "1":
            continue
        if runs and sum(runs[-1]) == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((at, 1))
    return runs
