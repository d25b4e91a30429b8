"""The pages of docs/ and the front page are held to the code: generated, compared, executed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from ordercore.domain import (
    actor,
    admin,
    customer,
    lifecycles,
    money,
    order,
    payment,
    product,
    product_import,
    shipment,
    subscription,
    work_item,
)
from ordercore.domain.aggregates import Aggregate
from tools import docs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


# -- generated pages ------------------------------------------------------------------------------------------------


def test_the_generated_pages_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check"]) == 0, capsys.readouterr().out


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with its pages just written."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main([]) == 0
    return tmp_path


@pytest.mark.parametrize("offence", ["a changed page", "a changed table", "a missing page"])
def test_a_stale_page_is_told_and_written_anew(
    copy: Path, offence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = copy / "docs" / "lifecycles.md"
    assert docs.main(["--check"]) == 0
    if offence == "a changed page":
        page.write_text(page.read_text(encoding="utf-8").replace("shipped", "sent"), encoding="utf-8")
    elif offence == "a missing page":
        page.unlink()
    else:
        table = {**lifecycles.ORDER, lifecycles.OrderStatus.SHIPPED: {}}
        monkeypatch.setattr(lifecycles, "ORDER", table)
    assert docs.main(["--check"]) == 1
    assert "docs/lifecycles.md is stale; run: make docs" in capsys.readouterr().out
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0


def test_the_lifecycles_show_every_pair_and_every_arrow() -> None:
    page = docs.lifecycles_page()
    assert page.count("```mermaid") == 5
    assert "    confirmed --> cancelled: cancel\n" in page
    assert "    delivered --> [*]\n" in page
    tables = (lifecycles.ORDER, lifecycles.PAYMENT, lifecycles.SHIPMENT, lifecycles.WORK_ITEM, lifecycles.SUBSCRIPTION)
    for table in tables:
        assert "| | " + " | ".join(table) + " |" in page
    assert "| ship | - | partially_shipped or shipped | partially_shipped or shipped | - | - | - |" in page


# -- the glossary ---------------------------------------------------------------------------------------------------

CLASSES: list[type[Any]] = [
    customer.Customer,
    customer.Contact,
    customer.Address,
    product.Product,
    product.StockLevel,
    product.Movement,
    product_import.ProductImport,
    money.Money,
    order.Order,
    order.OrderItem,
    order.Allocation,
    order.Adjustment,
    payment.Payment,
    payment.Attempt,
    payment.LedgerEntry,
    shipment.Shipment,
    shipment.ShipmentLine,
    shipment.Label,
    work_item.WorkItem,
    subscription.Subscription,
    subscription.SigningSecret,
    admin.AdminUser,
    admin.ApiToken,
    actor.Actor,
]
WORDS = [
    *lifecycles.OrderStatus,
    *lifecycles.PaymentStatus,
    *lifecycles.ShipmentStatus,
    *lifecycles.WorkItemStatus,
    *lifecycles.SubscriptionStatus,
    *order.CancelReason,
    *order.OnDecline,
    *payment.PaymentMethod,
    *payment.AttemptKind,
    *payment.AttemptStatus,
    *payment.LedgerKind,
    *product.MovementKind,
    *work_item.WorkItemKind,
    *subscription.SubscriptionKind,
    *admin.AdminRole,
    *actor.ActorKind,
]


def attributes_of(cls: type[Any]) -> set[str]:
    names = {each.name for each in attrs.fields(cls)}
    return names | {name for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, property)}


def rows_under(heading: str, page: str) -> set[str]:
    _, found, below = page.partition(f"{heading}\n")
    assert found, f"the glossary has no chapter {heading!r}"
    return set(re.findall(r"^\| `(\w+)` \|", re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE))


@pytest.mark.parametrize("cls", CLASSES)
def test_the_glossary_explains_every_attribute_and_nothing_else(cls: type[Any]) -> None:
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    common = attributes_of(Aggregate) if issubclass(cls, Aggregate) else set()
    assert rows_under(f"### {cls.__name__}", page) == attributes_of(cls) - common


def test_the_glossary_explains_what_every_aggregate_has() -> None:
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert rows_under("## Every aggregate", page) == attributes_of(Aggregate)


@pytest.mark.parametrize("word", sorted(set(WORDS)))
def test_the_glossary_names_every_status_kind_and_reason(word: str) -> None:
    assert f"`{word}`" in (DOCS / "glossary.md").read_text(encoding="utf-8")


def test_a_word_missing_from_the_glossary_is_seen() -> None:
    page = (DOCS / "glossary.md").read_text(encoding="utf-8").replace("| `placed_by` |", "| `placer` |")
    assert rows_under("### Order", page) ^ attributes_of(order.Order) >= {"placed_by", "placer"}


# -- examples and links ---------------------------------------------------------------------------------------------


def pages() -> list[Path]:
    return sorted(page for page in [ROOT / "README.md", *DOCS.rglob("*.md")] if page.exists())


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def examples_in(text: str) -> Iterator[tuple[int, str]]:
    """Python blocks with the number of the line before each."""
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, block.start(1)), block[1]


def run(page: str, text: str) -> None:
    """Blocks of one page share their names, as a reader would type them; a failure names the page's line."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line, code in examples_in(text):
        exec(compile("\n" * line + code, page, "exec"), names)


@pytest.mark.parametrize("page", [each for each in pages() if "```python" in each.read_text("utf-8")], ids=name_of)
def test_the_examples_of_a_page_run_as_printed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(name_of(page), page.read_text("utf-8"))


def test_an_example_that_fails_is_seen_with_its_line() -> None:
    text = "# Page\n\n```python\nx = 1\n```\n\ntext\n\n```python\nassert x == 2\n```\n"
    with pytest.raises(AssertionError) as failure:
        run("page.md", text)
    last = failure.traceback[-1]
    assert (str(last.path), last.lineno + 1) == ("page.md", 10)


def broken_links(page: Path) -> list[str]:
    links = re.findall(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    return [link for link in links if "://" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_link_to_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[gone](gone.md#there) [here](page.md) [web](https://example.com/x)")
    assert broken_links(page) == ["gone.md"]


def test_every_page_can_be_reached_from_the_index() -> None:
    listed = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "README.md").read_text("utf-8")))
    missing = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"} - listed
    assert not missing, "name them in docs/README.md"
