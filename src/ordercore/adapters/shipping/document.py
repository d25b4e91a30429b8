"""The only place that draws the fake carrier's label: one small SVG, every text escaped."""

from __future__ import annotations

from xml.sax.saxutils import escape

from ordercore.ports.carrier import LabelRequest

MEDIA_TYPE = "image/svg+xml"
_WIDTH, _HEIGHT, _LINE = 400, 300, 22


def label_document(request: LabelRequest, tracking_number: str) -> bytes:
    """A label to print, as UTF-8: recipient, address, pieces and tracking number."""
    to = request.ship_to
    town = " ".join(part for part in (to.postal_code, to.city, to.region) if part)
    pieces = f"Order {request.order_number}, {request.pieces} pieces"
    lines = [request.recipient, to.line1, to.line2, town, to.country, "", pieces, tracking_number]
    texts = "".join(_text(place, line) for place, line in enumerate(lines, start=1) if line)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white" stroke="black"/>{texts}</svg>\n'
    ).encode()


def _text(place: int, line: str) -> str:
    return f'<text x="20" y="{20 + place * _LINE}">{escape(line)}</text>'
