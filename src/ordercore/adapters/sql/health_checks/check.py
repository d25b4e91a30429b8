"""The only place for what a check is, and for the words its statements share."""

from __future__ import annotations

from attrs import frozen

from ordercore.ports.health import Verdict


@frozen
class Check:
    """One thing to look at. `claim` is what holds; `takes_moment` says that a `?` stands for a day ago."""

    guarantee: int
    name: str
    claim: str
    offenders: str
    verdict: Verdict = Verdict.BROKEN
    takes_moment: bool = False


def unbalanced(keys: str, *sides: str) -> str:
    """Keys whose amounts do not sum to zero: what is kept on one side, less what accounts for it on the other."""
    names = ", ".join(key.split()[-1] for key in keys.split(", "))
    return (
        f"SELECT {names} FROM (SELECT {' UNION ALL SELECT '.join(sides)}) AS sides"
        f" GROUP BY {names} HAVING SUM(amount) <> 0"
    )


def orders_among(which: str) -> str:
    """The orders among rows with an order_id, by number."""
    names = "SELECT DISTINCT o.number, wrong.order_id"
    return f"{names} FROM ({which}) AS wrong LEFT JOIN orders o ON o.id = wrong.order_id"


def products_among(which: str) -> str:
    """The products among rows with a product_id, by sku."""
    names = "SELECT DISTINCT p.sku, wrong.product_id"
    return f"{names} FROM ({which}) AS wrong LEFT JOIN products p ON p.id = wrong.product_id"
