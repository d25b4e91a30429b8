"""A provider that answers while somebody decides otherwise, on real databases."""

from threading import Thread

import ordercore
from ordercore import OrderCore, ResolveAttempt, SettleWorkItem, WorkItemFilter
from ordercore.domain.lifecycles import OrderStatus, WorkItemStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind
from tests.support.audit import breaches, broken, snapshot
from tests.support.cores import TIMEOUT, add, placed
from tests.support.late_answers import Dawdling, heard

OPEN = WorkItemFilter(status=WorkItemStatus.OPEN)


def given_up(order: Order) -> ResolveAttempt:
    return ResolveAttempt(order_id=order.id, outcome=AnswerKind.DECLINED, reason="not in their books")


def is_sound(shop: OrderCore) -> bool:
    return broken(shop, is_synced=False) == [] == breaches(snapshot(shop._core.store))


def test_what_a_provider_tells_too_late_is_kept_until_somebody_settles_it(database_url: str) -> None:
    gateway = Dawdling()
    with ordercore.open(database_url, payment_gateway=gateway) as shop:
        add(shop)
        order = placed(shop, token=TIMEOUT)
        gateway.meanwhile = lambda: shop.payments.resolve(given_up(order))
        late = shop.payments.settle(order.id)
        assert (late.status, late.payment.discrepancy) == (OrderStatus.CANCELLED, 1250)
        assert late == shop.ordering.get(order.id)
        assert late.payment.attempts[0].reported is AnswerKind.APPROVED
        (item,) = shop.work_items.list(OPEN).data
        assert (item.order_id, item.amount.amount_minor) == (order.id, 1250)
        assert item == shop.work_items.get(item.id)
        assert is_sound(shop)
        settled = shop.work_items.settle(SettleWorkItem(work_item_id=item.id, reason="refunded there"))
        assert shop.work_items.list().data == [settled]
        assert shop.work_items.list(OPEN).data == []
        assert shop.ordering.get(order.id).payment.discrepancy == 0
        assert is_sound(shop)


def test_a_report_that_comes_many_times_at_once_opens_one_work_item(database_url: str) -> None:
    with ordercore.open(database_url, payment_gateway=Dawdling()) as shop:
        add(shop)
        order = placed(shop, token=TIMEOUT)
        shop.payments.resolve(given_up(order))
        reporters = [Thread(target=heard, args=(shop, order)) for _ in range(8)]
        for each in reporters:
            each.start()
        for each in reporters:
            each.join(60)
        assert len(shop.work_items.list().data) == 1
        assert shop.ordering.get(order.id).payment.discrepancy == 1250
        assert is_sound(shop)
