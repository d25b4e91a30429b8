"""Where measurements become a table and a plot: benchmarks/results/latest.md and latest.svg."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from html import escape
from pathlib import Path

from attrs import frozen

RESULTS = Path(__file__).parent / "results"


@frozen
class Goal:
    """A ratio that the design names, and what this run measured."""

    what: str
    wanted: str
    measured: float
    is_met: bool


@frozen
class Table:
    """One table of the report."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def write(goals: Sequence[Goal], tables: Sequence[Table]) -> Path:
    """The report of one run; every number in it is of this run."""
    RESULTS.mkdir(exist_ok=True)
    page = RESULTS / "latest.md"
    met = sum(goal.is_met for goal in goals)
    goal_rows = [(goal.what, goal.wanted, f"{goal.measured:.2f}", "yes" if goal.is_met else "**no**") for goal in goals]
    parts = [
        "# Benchmarks\n",
        f"`make bench` on {platform.machine()}, Python {platform.python_version()}. Machines are shared and noisy:"
        " read the ratios, which are of one run.\n",
        _rendered(Table(f"Goals: {met} of {len(goals)} met", ("goal", "wanted", "measured", "met"), goal_rows)),
        "![orders a second, relative to the hand-written loop](latest.svg)\n",
        *(_rendered(table) for table in tables),
    ]
    page.write_text("\n".join(parts))
    return page


def plot(bars: Sequence[tuple[str, float]], title: str) -> None:
    """A bar chart of ratios as SVG, drawn by hand: no plotting library in a project of this size."""
    RESULTS.mkdir(exist_ok=True)
    widest = max((ratio for _, ratio in bars), default=1.0) or 1.0
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{40 + 22 * len(bars)}" font-family="sans-serif"'
        ' font-size="12">',
        f'<text x="10" y="20" font-size="14">{escape(title)}</text>',
    ]
    for row, (label, ratio) in enumerate(bars):
        y, width = 34 + 22 * row, 380 * ratio / widest
        lines.append(f'<text x="300" y="{y + 13}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<rect x="308" y="{y}" width="{width:.1f}" height="17" fill="#3b6ea5"/>')
        lines.append(f'<text x="{314 + width:.1f}" y="{y + 13}">{ratio:.2f}</text>')
    (RESULTS / "latest.svg").write_text("\n".join([*lines, "</svg>"]) + "\n")


def _rendered(table: Table) -> str:
    lines = [f"## {table.title}\n", _row(table.heads), _row(["---"] * len(table.heads))]
    return "\n".join([*lines, *(_row(row) for row in table.rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
