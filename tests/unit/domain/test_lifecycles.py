from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from ordercore.domain.errors import TransitionRefused
from ordercore.domain.lifecycles import (
    ORDER,
    PAYMENT,
    SHIPMENT,
    SUBSCRIPTION,
    WORK_ITEM,
    OrderAction,
    OrderStatus,
    PaymentAction,
    PaymentStatus,
    ShipmentAction,
    ShipmentStatus,
    SubscriptionAction,
    SubscriptionStatus,
    WorkItemAction,
    WorkItemStatus,
    advance,
)

# Written from the rules, not from the tables: "status action -> where it may lead". What is not here is refused.
ORDER_STEPS = """
pending            PAY              -> pending
pending            CONFIRM          -> confirmed
pending            DECLINE          -> cancelled
pending            EXPIRE           -> cancelled
pending            CANCEL           -> cancelled
pending            CORRECT_ADDRESS  -> pending
pending            HAND_OVER        -> pending
confirmed          CAPTURE          -> confirmed
confirmed          CANCEL           -> cancelled
confirmed          CLAIM            -> confirmed
confirmed          RELEASE          -> confirmed
confirmed          SHIP             -> partially_shipped shipped
confirmed          CORRECT_ADDRESS  -> confirmed
confirmed          HAND_OVER        -> confirmed
partially_shipped  CAPTURE          -> partially_shipped
partially_shipped  CLAIM            -> partially_shipped
partially_shipped  RELEASE          -> partially_shipped
partially_shipped  SHIP             -> partially_shipped shipped
partially_shipped  DELIVER          -> partially_shipped
partially_shipped  HAND_OVER        -> partially_shipped
shipped            CAPTURE          -> shipped
shipped            DELIVER          -> shipped delivered
shipped            HAND_OVER        -> shipped
delivered          CAPTURE          -> delivered
"""
PAYMENT_STEPS = """
pending             AUTHORISE  -> authorised
pending             DECLINE    -> declined
pending             RECORD     -> captured
pending             VOID       -> voided
declined            AUTHORISE  -> authorised
declined            DECLINE    -> declined
declined            VOID       -> voided
authorised          CAPTURE    -> captured
authorised          VOID       -> voided
captured            CAPTURE    -> captured
captured            REFUND     -> partially_refunded refunded
partially_refunded  REFUND     -> partially_refunded refunded
"""
SHIPMENT_STEPS = """
pending     LABEL     -> labelled
pending     FAIL      -> failed
labelled    CANCEL    -> cancelled
labelled    DEPART    -> in_transit
labelled    DELIVER   -> delivered
in_transit  DELIVER   -> delivered
in_transit  MISCARRY  -> exception
in_transit  RETURN    -> returned
exception   DEPART    -> in_transit
exception   DELIVER   -> delivered
exception   RETURN    -> returned
"""
SUBSCRIPTION_STEPS = """
active      CHANGE    -> active
active      PAUSE     -> paused
active      REMOVE    -> removed
paused      CHANGE    -> paused
paused      RESUME    -> active
paused      REMOVE    -> removed
"""
WORK_ITEM_STEPS = """
open        SETTLE    -> settled
"""


def steps(text: str) -> dict[tuple[str, str], set[str]]:
    lines = (line.partition("->") for line in text.strip().splitlines())
    return {(pair.split()[0], pair.split()[1]): set(targets.split()) for pair, _, targets in lines}


LIFECYCLES: list[tuple[str, Any, type[StrEnum], type[StrEnum], dict[tuple[str, str], set[str]]]] = [
    ("order", ORDER, OrderStatus, OrderAction, steps(ORDER_STEPS)),
    ("payment", PAYMENT, PaymentStatus, PaymentAction, steps(PAYMENT_STEPS)),
    ("shipment", SHIPMENT, ShipmentStatus, ShipmentAction, steps(SHIPMENT_STEPS)),
    ("subscription", SUBSCRIPTION, SubscriptionStatus, SubscriptionAction, steps(SUBSCRIPTION_STEPS)),
    ("work item", WORK_ITEM, WorkItemStatus, WorkItemAction, steps(WORK_ITEM_STEPS)),
]
PAIRS = [
    pytest.param(kind, table, status, action, expected.get((status.value, action.name), set()), set(statuses))
    for kind, table, statuses, actions, expected in LIFECYCLES
    for status, action in product(statuses, actions)
]


@pytest.mark.parametrize(("kind", "table", "status", "action", "allowed", "statuses"), PAIRS)
def test_every_pair_of_status_and_action_is_allowed_or_refused(
    kind: str, table: Any, status: Any, action: Any, allowed: set[str], statuses: set[Any]
) -> None:
    reached = {to.value for to in statuses if _leads(kind, table, status, action, to)}
    assert reached == allowed


@pytest.mark.parametrize(("kind", "table", "status", "action", "allowed", "statuses"), PAIRS)
def test_a_step_with_one_end_needs_no_choice_and_any_other_does(
    kind: str, table: Any, status: Any, action: Any, allowed: set[str], statuses: set[Any]
) -> None:
    if len(allowed) == 1:
        assert advance(table, status, action, kind=kind).value in allowed
    else:
        with pytest.raises(TransitionRefused) as refusal:
            advance(table, status, action, kind=kind)
        assert refusal.value.facts == {"kind": kind, "status": status.value, "action": action.value}
    assert statuses == set(table), "a table names every status, ends included"


@pytest.mark.parametrize(("kind", "table", "statuses", "actions", "expected"), LIFECYCLES)
def test_every_expectation_names_a_status_and_an_action(
    kind: str, table: Any, statuses: type[StrEnum], actions: type[StrEnum], expected: dict[tuple[str, str], set[str]]
) -> None:
    assert {status for status, _ in expected} <= {each.value for each in statuses}
    assert {action for _, action in expected} == {each.name for each in actions}, f"an action of {kind} never allowed"
    reachable = {next(iter(table)).value}.union(*expected.values())
    assert reachable == {each.value for each in statuses}, f"a status of {kind} that nothing reaches"


def test_a_refusal_reads_as_a_sentence() -> None:
    with pytest.raises(TransitionRefused, match=r"^This order is shipped; it cannot be cancelled\.$"):
        advance(ORDER, OrderStatus.SHIPPED, OrderAction.CANCEL, kind="order")


def _leads(kind: str, table: Any, status: Any, action: Any, to: Any) -> bool:
    try:
        return bool(advance(table, status, action, kind=kind, to=to) is to)
    except TransitionRefused:
        return False
