"""Writes the generated pages of docs/ anew; with --check it only says which of them are stale (exit 1)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from ordercore.domain import lifecycles
from tools.event_pages import asyncapi_json, events_page

ROOT = Path(__file__).parents[1]

INTRODUCTION = """<!-- Written by `make docs` from src/ordercore/domain/lifecycles.py; edit that file instead. -->
# Lifecycles

A status changes in one function, `advance`, which reads one of five tables. These are the tables, as a picture and
pair by pair. A step that is not here is refused with `transition_refused`; one that is here may still be refused for
another reason, such as `payment_in_flight` or `shipment_in_progress`.
"""

ORDER = """After confirmation the status of an order follows from the quantities of its items alone: nothing shipped is
`confirmed`, some of it `partially_shipped`, all that was not cancelled `shipped`, all of that arrived `delivered`.
Where a step has two ends, the quantities choose. Returns are counted on the items and never rewrite it."""
PAYMENT = """The status of a payment follows from finished attempts. An attempt whose answer never came is *unknown*:
a flag beside the status, which stays as it was, and no other attempt begins while it lasts. A declined capture, void
or refund leaves the status alone; `record` books money that was taken elsewhere, or a total of zero."""
SHIPMENT = """One parcel. A shipment that gets no money or no label is `failed`, and its pieces are open again."""
WORK_ITEM = """Something that a person has to look at and say what came of it. Once settled it stays so; what is found
later opens another."""
SUBSCRIPTION = """Somebody who hears of events. A change is another secret, other types, or a replay. A paused
subscription loses nothing; a removed one is kept for the record, without its address and its secrets."""


def main(arguments: list[str]) -> int:
    """Write every page, or say which are stale."""
    stale = [path for path, write in PAGES.items() if text_of(ROOT / path) != write()]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is stale; run: make docs")
        return bool(stale)
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
        print(f"wrote {path}")
    return 0


def text_of(page: Path) -> str | None:
    return page.read_text(encoding="utf-8") if page.exists() else None


def lifecycles_page() -> str:
    """docs/lifecycles.md as it should be."""
    chapters = [
        chapter("Order", ORDER, lifecycles.ORDER, lifecycles.OrderAction),
        chapter("Payment", PAYMENT, lifecycles.PAYMENT, lifecycles.PaymentAction),
        chapter("Shipment", SHIPMENT, lifecycles.SHIPMENT, lifecycles.ShipmentAction),
        chapter("Work item", WORK_ITEM, lifecycles.WORK_ITEM, lifecycles.WorkItemAction),
        chapter("Subscription", SUBSCRIPTION, lifecycles.SUBSCRIPTION, lifecycles.SubscriptionAction),
    ]
    return "\n".join([INTRODUCTION, *chapters])


def chapter(title: str, text: str, table: Mapping[Any, Mapping[Any, tuple[Any, ...]]], actions: type[StrEnum]) -> str:
    return f"## {title}\n\n{text}\n\n{diagram(table)}\n{pairs(table, actions)}"


def diagram(table: Mapping[Any, Mapping[Any, tuple[Any, ...]]]) -> str:
    """A mermaid state diagram; steps with the same ends share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for status, steps in table.items():
        for action, reachable in steps.items():
            for to in reachable:
                arrows.setdefault((status.value, to.value), []).append(word(action))
    lines = [f"    {start} --> {end}: {', '.join(words)}" for (start, end), words in arrows.items()]
    ends = [f"    {status.value} --> [*]" for status, steps in table.items() if not steps]
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table)).value}", *lines, *ends, "```", ""]
    )


def pairs(table: Mapping[Any, Mapping[Any, tuple[Any, ...]]], actions: type[StrEnum]) -> str:
    """Every action in every status: where it leads, or a dash where it is refused."""
    head = "| | " + " | ".join(status.value for status in table) + " |"
    rule = "|---|" + "---|" * len(table)
    rows = [
        f"| {word(action)} | " + " | ".join(ends(steps.get(action, ())) for steps in table.values()) + " |"
        for action in actions
    ]
    return "\n".join([head, rule, *rows, ""])


def ends(reachable: tuple[Any, ...]) -> str:
    return " or ".join(status.value for status in reachable) or "-"


def word(action: Any) -> str:
    return str(action.name).lower().replace("_", " ")


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/lifecycles.md": lifecycles_page,
    "docs/events/README.md": events_page,
    "docs/events/asyncapi.json": asyncapi_json,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
