"""The only place for what may be asked of the core: strategies, bundles of what was made."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle

SKUS = ("MUG", "TEA", "PIN", "CARD")
orders = Bundle("orders")
customers = Bundle("customers")
admins = Bundle("admins")

FRESH = "fresh"
keys = st.sampled_from([None, None, *[FRESH] * 6, "key-0"])
senders = st.tuples(st.sampled_from(["embedding", "embedding", "embedding", "token"]), keys)
skus = st.sampled_from(SKUS)
quantities = st.integers(1, 4)
good_tokens = st.sampled_from([*["tok_visa"] * 3, "tok_timeout", "tok_captureFails", "tok_captureTimeout"])
bad_tokens = st.sampled_from(["tok_chargeDeclined", "tok_insufficientFunds", "tok_nonsense"])
tokens = good_tokens | good_tokens | bad_tokens
homes = st.sampled_from(["Main St 1", "Main St 1", "Main St 1", "Side St 2", "TIMEOUT", "UNDELIVERABLE 3"])
emails = st.sampled_from(["ann@example.com", "Ann@example.com", "bob@example.com"])
guests = st.tuples(st.just("guest"), emails)
stale = st.sampled_from([False] * 15 + [True])
hows = ["lost before", "lost after", "dies before", "dies after"]


def mishaps(*kinds: str) -> st.SearchStrategy[tuple[str, str] | None]:
    """Nothing, or what happens to the next call of one of these kinds."""
    return st.none() | st.none() | st.tuples(st.sampled_from(kinds), st.sampled_from(hows))


items = st.lists(st.tuples(st.sampled_from(SKUS[:3]), quantities), min_size=1, max_size=3)
details = {"name": skus, "price": st.sampled_from([0, 1, 199, 1250]), "threshold": st.none() | st.integers(0, 5)}

catalogue_requests = st.one_of(
    st.tuples(st.just("receive"), st.fixed_dictionaries({"sku": skus, "quantity": st.integers(1, 20)})),
    st.tuples(st.just("adjust"), st.fixed_dictionaries({"sku": skus, "change": st.integers(-30, 5).filter(bool)})),
    st.tuples(
        st.just("add_product"),
        st.fixed_dictionaries(
            {"sku": skus, "quantity": st.integers(0, 30), "currency": st.just("USD"), **details},
        ),
    ),
    st.tuples(
        st.just("edit_product"),
        st.fixed_dictionaries({"sku": skus, "stale": stale, "currency": st.just("EUR"), **details}),
    ),
    st.tuples(st.just("archive"), st.fixed_dictionaries({"sku": st.sampled_from(SKUS[2:])})),
)
