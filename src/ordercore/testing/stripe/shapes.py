"""The only place that says how the fake names what it passes around."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

Json = dict[str, Any]  # as JSON comes: nested, of any shape


@frozen
class Answer:
    """What goes back over the wire."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(factory=dict)
