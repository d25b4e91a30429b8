"""Customers over HTTP: register, edit, find."""

from __future__ import annotations

from attrs import evolve
from flask import Response

from ordercore import CustomerFilter
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.domain.errors import KeyReused, RequestInProgress, UnknownResource, VersionIsStale
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import known, listed, resource_id
from ordercore.entrypoints.http.operations import Asked, Capability, Key

customers = Capability("customers")


@customers.operation(
    "POST",
    "/customers",
    body=RegisterCustomer,
    answer=shapes.CustomerShape,
    status=201,
    key=Key.OPTIONAL,
    refusals=(KeyReused, RequestInProgress),
)
def register_customer(asked: Asked[RegisterCustomer]) -> Response:
    """Register a customer."""
    shop = asked.shop
    customer = shop.customers.register(asked.command, idempotency_key=asked.key)
    return known(shop, customer, 201, at=f"/v1/customers/{customer.id}")


@customers.operation("GET", "/customers", which=CustomerFilter, answer=shapes.CustomerShape, listed=True)
def list_customers(asked: Asked[None]) -> Response:
    """Customers by id, or those with exactly that e-mail address or phone number."""
    page = asked.shop.customers.list(asked.which, asked.page)
    return listed(page, lambda customer: rendering.customer(customer, personal=True))


@customers.operation("GET", "/customers/<customer>", answer=shapes.CustomerShape, refusals=(UnknownResource,))
def get_customer(asked: Asked[None], customer: str) -> Response:
    """One customer."""
    shop = asked.shop
    return known(shop, shop.customers.get(resource_id(customer, "customer")))


@customers.operation(
    "PUT",
    "/customers/<customer>",
    body=EditCustomer,
    named=("customer_id",),
    answer=shapes.CustomerShape,
    key=Key.OPTIONAL,
    refusals=(UnknownResource, VersionIsStale, KeyReused, RequestInProgress),
)
def edit_customer(asked: Asked[EditCustomer], customer: str) -> Response:
    """Give a customer other details; what is left out becomes the default. Existing orders keep theirs."""
    shop = asked.shop
    command = evolve(asked.command, customer_id=resource_id(customer, "customer"))
    return known(shop, shop.customers.edit(command, idempotency_key=asked.key))
