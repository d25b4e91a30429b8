"""The contract of Queries as tests: subclass `QueriesSuite`, give it a `store` fixture, and it runs on yours."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count, pairwise, product
from typing import Any
from uuid import UUID

import pytest

from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus, WorkItemStatus
from ordercore.ports.queries import (
    CustomerFilter,
    OrderFilter,
    OrderRow,
    Page,
    PageRequest,
    PaymentFilter,
    ProductFilter,
    Queries,
    ShipmentRow,
    WorkItemFilter,
)
from ordercore.ports.store import Store
from ordercore.testing.queries_scene import LIVES, Scene, a_scene, newest_first, payment_row, place
from ordercore.testing.store_samples import AT, LABEL, a_product

Listed = Callable[[Queries, PageRequest], Page[Any]]
"""A list of the store; its rows are of any kind."""


LISTS: Mapping[str, Callable[[Scene], Listed]] = {
    "orders": lambda _: lambda queries, page: queries.order_page(OrderFilter(), page),
    "orders of a status": lambda _: (
        lambda queries, page: queries.order_page(OrderFilter(status=OrderStatus.CONFIRMED), page)
    ),
    "orders of a customer": lambda scene: (
        lambda queries, page: queries.order_page(OrderFilter(customer_id=scene.customers[0].id), page)
    ),
    "payments": lambda _: lambda queries, page: queries.payment_page(PaymentFilter(), page),
    "payments of a status": lambda _: (
        lambda queries, page: queries.payment_page(PaymentFilter(status=PaymentStatus.AUTHORISED), page)
    ),
    "shipments": lambda _: lambda queries, page: queries.shipment_page(None, page),
    "products": lambda _: lambda queries, page: queries.product_page(ProductFilter(archived=True), page),
    "customers": lambda _: lambda queries, page: queries.customer_page(CustomerFilter(), page),
    "admins": lambda _: lambda queries, page: queries.admin_page(page),
    "tokens": lambda _: lambda queries, page: queries.token_page(page),
    "work items": lambda _: lambda queries, page: queries.work_item_page(WorkItemFilter(), page),
    "open work items": lambda _: (
        lambda queries, page: queries.work_item_page(WorkItemFilter(status=WorkItemStatus.OPEN), page)
    ),
    "movements": lambda scene: lambda queries, page: queries.movement_page(scene.products[0].id, page),
    "events": lambda _: lambda queries, page: queries.event_page(None, page),
    "events of a stream": lambda _: lambda queries, page: queries.event_page("order", page),
}

FOREIGN_CURSORS = (
    "",
    "!",
    "a",
    "é",
    "AAAA",
    *(
        urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()
        for raw in (
            "{}",
            "[]",
            "null",
            "[null]",
            "[true]",
            "[1.5]",
            "[-1]",
            "[99999999999]",
            '["x\\u0000"]',
            '[1e400,"00000000-0000-0000-0000-000000000000"]',
            '[9223372036854775807,"00000000-0000-0000-0000-000000000000"]',
            '[1,"no id"]',
            '[1,"order","00000000-0000-0000-0000-000000000000",99999999999]',
            '[1,2,"00000000-0000-0000-0000-000000000000",1]',
            '["a","b","c","d","e"]',
        )
    ),
)


FOUND = {
    "mug": ["A-1", "MUG%1"],
    "MUG": ["A-1", "MUG%1"],
    "ug%1": ["MUG%1"],
    "%": ["MUG%1"],
    "_": ["b_2"],
    "b/2": [],
    "crème BRÛ": ["c\\3"],
    "\\": ["c\\3"],
    "' OR 1=1 --": [],
    "": ["A-1", "MUG%1", "b_2", "c\\3"],
}
"""The skus that a search finds in the scene; archived ones are not there."""


class QueriesSuite:
    """What every store that lists does."""

    @pytest.fixture
    def store(self) -> Store | Iterator[Store]:
        """An empty store, closed afterwards where it needs closing."""
        raise NotImplementedError("a subclass gives the store")

    @pytest.fixture
    def scene(self, store: Store) -> Scene:
        """What is in it."""
        return a_scene(store)

    # -- pages --------------------------------------------------------------------------------------------------

    def test_pages_of_any_length_show_the_same_rows(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            for name, which in LISTS.items():
                listed = which(scene)
                whole = listed(queries, PageRequest(limit=500))
                assert whole.next is None
                assert len(whole.data) >= 2, name
                for limit in (1, 2, 3, len(whole.data)):
                    assert list(everything(queries, listed, limit)) == list(whole.data), name

    def test_an_empty_list_is_one_page_without_a_cursor(self, store: Store) -> None:
        with store.listing() as queries:
            assert queries.order_page(OrderFilter(), PageRequest()) == Page(data=[], next=None)
            assert queries.product_page(ProductFilter(), PageRequest()) == Page(data=[], next=None)
            assert queries.event_page(None, PageRequest()) == Page(data=[], next=None)

    def test_paging_shows_each_row_once_while_rows_are_added(self, store: Store, scene: Scene) -> None:
        seen: list[UUID] = []
        after: str | None = None
        for step in count():
            with store.listing() as queries:
                page = queries.order_page(OrderFilter(), PageRequest(limit=2, after=after))
            seen += [row.id for row in page.data]
            if page.next is None:
                break
            after = page.next
            place(store, scene, at=AT + timedelta(days=1, minutes=step))
        assert seen == [order.id for order in newest_first(scene.orders)]

    def test_a_row_added_behind_the_cursor_is_still_shown(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            first = queries.product_page(ProductFilter(archived=True), PageRequest(limit=1))
        late = a_product(sku="zz last")
        with store.begin() as work:
            work.products.claim_skus((late,))
        with store.listing() as queries:
            rest = queries.product_page(ProductFilter(archived=True), PageRequest(after=first.next))
        skus = [product.sku for product in (*first.data, *rest.data)]
        assert skus == sorted({*(product.sku for product in scene.products), late.sku})

    def test_a_limit_out_of_bounds_is_refused(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            for (name, which), limit in product(LISTS.items(), (-1, 0, 501)):
                with pytest.raises(InvalidRequest) as refused:
                    which(scene)(queries, PageRequest(limit=limit))
                assert pointers(refused.value) == [("/limit", "out_of_range")], name

    def test_a_cursor_of_nobody_is_refused(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            for (name, which), cursor in product(LISTS.items(), FOREIGN_CURSORS):
                with pytest.raises(InvalidRequest) as refused:
                    which(scene)(queries, PageRequest(after=cursor))
                assert pointers(refused.value) == [("/after", "bad_cursor")], (name, cursor)

    # -- orders -------------------------------------------------------------------------------------------------

    def test_orders_come_newest_first_and_at_one_moment_by_id(self, store: Store, scene: Scene) -> None:
        assert ordered(store, OrderFilter()) == [order.id for order in newest_first(scene.orders)]

    def test_an_order_row_says_what_the_order_says(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            rows = queries.order_page(OrderFilter(), PageRequest()).data
        assert list(rows) == [
            OrderRow(
                id=order.id,
                number=order.number,
                status=order.status,
                customer_id=order.customer_id,
                manager_id=order.manager_id,
                ordered_at=order.ordered_at,
                total=order.total,
                item_count=len(order.items),
                payment_status=order.payment.status,
                payment_is_unknown=order.payment.is_unknown,
                external_reference=order.external_reference,
                version=order.version,
            )
            for order in newest_first(scene.orders)
        ]

    def test_orders_are_narrowed_by_status(self, store: Store, scene: Scene) -> None:
        for status in OrderStatus:
            expected = [order.id for order in newest_first(scene.orders) if order.status is status]
            assert ordered(store, OrderFilter(status=status)) == expected

    def test_orders_are_narrowed_by_who_buys_and_who_manages(self, store: Store, scene: Scene) -> None:
        customer_id = scene.customers[0].id
        his = [order.id for order in newest_first(scene.orders) if order.customer_id == customer_id]
        hers = [order.id for order in newest_first(scene.orders) if order.manager_id == scene.manager_id]
        assert 0 < len(his) < len(scene.orders)
        assert 0 < len(hers) < len(scene.orders)
        assert ordered(store, OrderFilter(customer_id=customer_id)) == his
        assert ordered(store, OrderFilter(manager_id=scene.manager_id)) == hers
        both = OrderFilter(customer_id=customer_id, manager_id=scene.manager_id)
        assert ordered(store, both) == [id for id in his if id in hers]

    def test_orders_are_found_by_the_name_others_gave_them(self, store: Store, scene: Scene) -> None:
        assert ordered(store, OrderFilter(external_reference="ref 2")) == [scene.orders[2].id]
        assert ordered(store, OrderFilter(external_reference="ref")) == []

    def test_a_span_of_time_is_half_open(self, store: Store, scene: Scene) -> None:
        since, before = scene.orders[1].ordered_at, scene.orders[4].ordered_at
        expected = [order.id for order in newest_first(scene.orders[1:4])]
        assert ordered(store, OrderFilter(since=since, before=before)) == expected
        confirmed = OrderFilter(since=since, before=before, status=OrderStatus.CONFIRMED)
        assert ordered(store, confirmed) == [scene.orders[2].id, scene.orders[1].id]

    @pytest.mark.parametrize("name", ["since", "before"])
    def test_a_naive_time_is_refused(self, store: Store, name: str) -> None:
        naive = AT.replace(tzinfo=None)
        which = OrderFilter(since=naive) if name == "since" else OrderFilter(before=naive)
        with store.listing() as queries, pytest.raises(InvalidRequest) as refused:
            queries.order_page(which, PageRequest())
        assert pointers(refused.value) == [(f"/{name}", "naive_time")]

    # -- payments and shipments ---------------------------------------------------------------------------------

    def test_a_payment_row_says_what_the_payment_says(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            rows = queries.payment_page(PaymentFilter(), PageRequest()).data
        assert list(rows) == [payment_row(order) for order in newest_first(scene.orders)]

    def test_payments_are_narrowed_by_status_and_unanswered_attempts(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            for status, unknown in product(PaymentStatus, (None, True, False)):
                rows = queries.payment_page(PaymentFilter(status=status, unknown=unknown), PageRequest()).data
                assert list(rows) == [
                    payment_row(order)
                    for order in newest_first(scene.orders)
                    if order.payment.status is status and unknown in (None, order.payment.is_unknown)
                ]

    def test_unanswered_payments_are_listed_whatever_their_status(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            rows = queries.payment_page(PaymentFilter(unknown=True), PageRequest()).data
        assert [row.order_id for row in rows] == [scene.orders[LIVES.index("unknown")].id]

    def test_shipments_come_newest_first_and_by_status(self, store: Store, scene: Scene) -> None:
        numbers = {order.id: order.number for order in scene.orders}
        expected = [
            ShipmentRow(
                id=shipment.id,
                order_id=shipment.order_id,
                order_number=numbers[shipment.order_id],
                status=shipment.status,
                carrier=None if shipment.label is None else LABEL.carrier,
                tracking_number=None if shipment.label is None else LABEL.tracking_number,
                started_at=shipment.started_at,
            )
            for shipment in sorted(scene.shipments, key=lambda shipment: shipment.id, reverse=True)
        ]
        with store.listing() as queries:
            assert list(queries.shipment_page(None, PageRequest()).data) == expected
            for status in ShipmentStatus:
                narrowed = [row for row in expected if row.status is status]
                assert list(queries.shipment_page(status, PageRequest()).data) == narrowed

    def test_work_items_come_oldest_first_and_by_status(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            assert list(queries.work_item_page(WorkItemFilter(), PageRequest()).data) == list(scene.work_items)
            for status in WorkItemStatus:
                narrowed = [item for item in scene.work_items if item.status is status]
                assert list(queries.work_item_page(WorkItemFilter(status=status), PageRequest()).data) == narrowed

    # -- products -----------------------------------------------------------------------------------------------

    def test_products_come_by_sku_with_their_stock_and_without_archived_ones(self, store: Store, scene: Scene) -> None:
        by_sku = sorted(scene.products, key=lambda product: product.sku)
        with store.listing() as queries:
            assert list(queries.product_page(ProductFilter(archived=True), PageRequest()).data) == by_sku
            kept = [product for product in by_sku if not product.is_archived]
            assert list(queries.product_page(ProductFilter(), PageRequest()).data) == kept

    @pytest.mark.usefixtures("scene")
    def test_a_search_finds_part_of_a_name_or_sku_in_any_case(self, store: Store) -> None:
        assert {text: listed_skus(store, ProductFilter(text=text)) for text in FOUND} == FOUND

    @pytest.mark.usefixtures("scene")
    def test_products_are_narrowed_by_category_and_by_what_is_low(self, store: Store) -> None:
        assert listed_skus(store, ProductFilter(category="garden")) == ["b_2"]
        assert listed_skus(store, ProductFilter(low=True)) == ["b_2", "c\\3"]
        assert listed_skus(store, ProductFilter(low=False)) == ["A-1", "MUG%1"]
        assert listed_skus(store, ProductFilter(low=True, category="kitchen")) == ["c\\3"]
        assert listed_skus(store, ProductFilter(low=True, text="crème")) == ["c\\3"]

    def test_a_products_movements_come_newest_first(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            movements = queries.movement_page(scene.products[0].id, PageRequest()).data
        assert [(each.kind, each.quantity) for each in movements] == [
            ("adjusted", -3),
            ("received", 5),
            ("initial", 100),
        ]
        assert {each.product_id for each in movements} == {scene.products[0].id}
        assert movements[1].reason == "found"

    # -- customers, admin users, tokens -------------------------------------------------------------------------

    def test_customers_come_by_id(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            found = queries.customer_page(CustomerFilter(), PageRequest()).data
        assert list(found) == sorted(scene.customers, key=lambda customer: customer.id)

    @pytest.mark.usefixtures("scene")
    def test_customers_are_found_by_exactly_their_address_or_number(self, store: Store) -> None:
        for which, names in (
            (CustomerFilter(email=" ADA@example.com"), ["Ada", "Ada's guest"]),
            (CustomerFilter(email="ada@example"), []),
            (CustomerFilter(phone="+49 221 5550-100"), ["Ada"]),
            (CustomerFilter(phone="02215550100"), []),
            (CustomerFilter(email="ada@example.com", phone="+492215550100"), ["Ada"]),
            (CustomerFilter(email="bob@example.com", phone="+492215550100"), []),
        ):
            with store.listing() as queries:
                found = queries.customer_page(which, PageRequest()).data
            assert [customer.contact.name for customer in found] == names

    def test_admin_users_and_tokens_come_by_id(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            admins = queries.admin_page(PageRequest()).data
            tokens = queries.token_page(PageRequest()).data
            assert [admin.id for admin in admins] == sorted([STORE_ADMIN, scene.manager_id])
            assert {admin.id: admin for admin in admins} == queries.admins([admin.id for admin in admins])
            assert all(first.id < second.id for first, second in pairwise(tokens))
            assert {token.id: token for token in tokens} == queries.tokens([token.id for token in tokens])

    # -- events -------------------------------------------------------------------------------------------------

    def test_events_come_oldest_first_and_of_one_kind(self, store: Store, scene: Scene) -> None:
        with store.listing() as queries:
            found = queries.event_page(None, PageRequest(limit=500)).data
            keys = [(each.occurred_at, each.stream, str(each.stream_id), each.number) for each in found]
            assert keys == sorted(keys)
            assert {each.stream for each in found} == {"order", "product", "customer", "admin", "token", "shipment"}
            of_orders = queries.event_page("order", PageRequest(limit=500)).data
            assert list(of_orders) == [each for each in found if each.stream == "order"]
            for order in scene.orders:
                mine = sorted((row for row in of_orders if row.stream_id == order.id), key=lambda row: row.number)
                assert mine == list(queries.events("order", order.id))
            assert queries.event_page("no such", PageRequest()).data == []

    # -- what no database takes ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "x" * 2001])
    def test_text_that_no_database_takes_is_refused(self, store: Store, text: str) -> None:
        asked: Mapping[str, Callable[[Queries], object]] = {
            "/external_reference": lambda queries: queries.order_page(
                OrderFilter(external_reference=text), PageRequest()
            ),
            "/text": lambda queries: queries.product_page(ProductFilter(text=text), PageRequest()),
            "/category": lambda queries: queries.product_page(ProductFilter(category=text), PageRequest()),
            "/email": lambda queries: queries.customer_page(CustomerFilter(email=text), PageRequest()),
            "/phone": lambda queries: queries.customer_page(CustomerFilter(phone=text), PageRequest()),
            "/stream": lambda queries: queries.event_page(text, PageRequest()),
        }
        with store.listing() as queries:
            for pointer, ask in asked.items():
                with pytest.raises(InvalidRequest) as refused:
                    ask(queries)
                assert refused.value.problems[0].pointer == pointer


# -- helpers --------------------------------------------------------------------------------------------------------


def everything(queries: Queries, listed: Listed, limit: int) -> Iterator[object]:
    """Every row of a list, page after page; a page is full unless it is the last."""
    after: str | None = None
    while True:
        page = listed(queries, PageRequest(limit=limit, after=after))
        yield from page.data
        if page.next is None:
            return
        assert len(page.data) == limit
        after = page.next


def ordered(store: Store, which: OrderFilter) -> list[UUID]:
    """The ids of the orders in that list, paged by two."""
    with store.listing() as queries:
        rows = everything(queries, lambda queries, page: queries.order_page(which, page), 2)
        return [row.id for row in rows if isinstance(row, OrderRow)]


def listed_skus(store: Store, which: ProductFilter) -> list[str]:
    """The skus of the products in that list."""
    with store.listing() as queries:
        return [product.sku for product in queries.product_page(which, PageRequest()).data]


def pointers(refusal: InvalidRequest) -> list[tuple[str, str]]:
    """Where and why."""
    return [(problem.pointer, problem.code) for problem in refusal.problems]
