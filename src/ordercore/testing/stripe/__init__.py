"""A Stripe to test against: the routes that StripeGateway uses, with books of its own and faults on demand.

`python -m ordercore.testing.stripe` runs it, `StripeProcess` runs it beside a test. No money, no network, no Stripe.
"""
