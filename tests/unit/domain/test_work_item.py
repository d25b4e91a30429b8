from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.errors import TransitionRefused
from ordercore.domain.lifecycles import WorkItemStatus
from ordercore.domain.work_item import WorkItem, WorkItemKind, WorkItemOpened, WorkItemSettled
from tests.support.domain import ACTOR, ATTEMPT, LATER, NOON, euros, facts_of_step


def an_open_item() -> WorkItem:
    return WorkItem.open(
        id=UUID(int=1),
        kind=WorkItemKind.PAYMENT_DISCREPANCY,
        order_id=UUID(int=2),
        payment_id=UUID(int=3),
        attempt_id=ATTEMPT,
        amount=euros("-11.50"),
        at=NOON,
        actor_id=ACTOR,
    )


def test_a_new_work_item_is_open_and_says_what_it_is_about() -> None:
    item = an_open_item()
    assert (item.status, item.settled_at, item.settled_by, item.resolution) == (WorkItemStatus.OPEN, None, None, None)
    (fact,) = item.facts
    assert isinstance(fact, WorkItemOpened)
    assert (fact.order_id, fact.payment_id, fact.attempt_id) == (item.order_id, item.payment_id, ATTEMPT)
    assert (fact.kind, fact.amount_minor, fact.currency) == (WorkItemKind.PAYMENT_DISCREPANCY, -1150, "EUR")


def test_settling_says_who_when_and_why() -> None:
    item = evolve(an_open_item(), facts=())
    assert facts_of_step(item, lambda: item.settle("refunded by hand", at=LATER, actor_id=ACTOR)) == (WorkItemSettled,)
    settled = item.settle("refunded by hand", at=LATER, actor_id=ACTOR)
    assert (settled.status, settled.settled_at, settled.settled_by) == (WorkItemStatus.SETTLED, LATER, ACTOR)
    assert settled.resolution == "refunded by hand"
    assert [fact.note for fact in settled.facts] == ["refunded by hand"]


def test_what_is_settled_stays_so() -> None:
    settled = an_open_item().settle("refunded by hand", at=LATER, actor_id=ACTOR)
    with pytest.raises(TransitionRefused, match=r"^This work item is settled; it cannot be settled\.$"):
        settled.settle("once more", at=LATER, actor_id=ACTOR)
