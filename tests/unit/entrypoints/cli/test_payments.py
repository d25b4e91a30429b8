import json

import ordercore
from ordercore.application.shop import OrderCore
from tests.support.late_answers import contradicted
from tests.unit.entrypoints.cli.conftest import Terminal


def disagree(terminal: Terminal) -> None:
    """A payment about which the provider says something else than our books."""
    terminal.add_mug()
    with ordercore.open(terminal.url) as shop:
        assert isinstance(shop, OrderCore)
        contradicted(shop)


def test_work_items_are_listed_and_settled(terminal: Terminal) -> None:
    disagree(terminal)
    (item,) = terminal.json("payment", "work-items", "--status", "open")["data"]
    assert item["amount"] == {"amount": "12.50", "currency": "EUR"}
    shown = terminal.run("payment", "work-items", "--format", "csv").stdout.splitlines()
    assert shown[0].startswith("opened_at,kind,amount,status,resolution")
    assert ",payment_discrepancy,12.50 EUR,open," in shown[1]
    words = ("payment", "settle-work-item", item["id"], "--reason", "refunded by hand")
    terminal.run(*words, typed="n\n", exit_code=1)
    assert terminal.json("payment", "work-items", "--status", "settled")["data"] == []
    assert json.loads(terminal.run(*words, "--yes", "--key", "k").stdout)["resolution"] == "refunded by hand"
    assert terminal.json(*words, "--yes", "--key", "k")["status"] == "settled"
    assert "settled" in terminal.refused(4, *words, "--yes")
    assert terminal.json("payment", "work-items", "--status", "open")["data"] == []


def test_a_payment_shows_its_discrepancy(terminal: Terminal) -> None:
    disagree(terminal)
    (row,) = terminal.json("payment", "list")["data"]
    assert row["discrepancy"] == {"amount": "12.50", "currency": "EUR"}
    assert "discrepancy" in terminal.run("payment", "list", "--format", "table").stdout.splitlines()[0]


def test_a_work_item_that_is_not_there_is_refused(terminal: Terminal) -> None:
    refusal = terminal.refused(3, "payment", "settle-work-item", "latest", "--reason", "seen", "--yes")
    assert "There is no work item latest" in refusal
