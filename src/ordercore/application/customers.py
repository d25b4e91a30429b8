"""Customers: register, edit, find."""

from __future__ import annotations

from uuid import UUID

from attrs import field, frozen

from ordercore.application.core import Core
from ordercore.application.requests import (
    Intent,
    a_reason,
    existing,
    expected_version,
    explained,
    named,
    perform,
    refuse_stale,
    simple,
)
from ordercore.domain import fields
from ordercore.domain.actor import Actor, Permission, authorise
from ordercore.domain.customer import Address, Contact, Customer
from ordercore.ports.queries import CustomerFilter, Page, PageRequest
from ordercore.ports.store import UnitOfWork

a_locale = fields.text(most=35, least=2)


@frozen(kw_only=True, slots=False)
class RegisterCustomer:
    """A customer who is known from now on; `locale` is a BCP 47 tag."""

    contact: Contact = field(validator=fields.instance_of(Contact))
    address: Address | None = field(default=None, validator=fields.optional(fields.instance_of(Address)))
    locale: str = field(default="en", validator=a_locale)


@frozen(kw_only=True, slots=False)
class EditCustomer:
    """Other details for a customer; existing orders keep theirs."""

    customer_id: UUID
    contact: Contact = field(validator=fields.instance_of(Contact))
    address: Address | None = field(default=None, validator=fields.optional(fields.instance_of(Address)))
    locale: str = field(default="en", validator=a_locale)
    reason: str | None = field(default=None, validator=a_reason)
    expected_version: int | None = field(default=None, validator=expected_version)


class Customers:
    """Customers, for one actor."""

    def __init__(self, core: Core, actor: Actor) -> None:
        self._core = core
        self._actor = actor

    def register(self, command: RegisterCustomer, *, idempotency_key: str | None = None) -> Customer:
        """Register a customer. Several may share an e-mail address: it is a claim, not a login."""
        authorise(self._actor, Permission.CUSTOMERS_MANAGE)
        return perform(
            self._core,
            self._actor,
            REGISTER,
            command,
            key=idempotency_key,
            again=lambda lookups: lookups.customers,
        )

    def edit(self, command: EditCustomer, *, idempotency_key: str | None = None) -> Customer:
        """Give a customer other details.

        Raises:
            UnknownResource, VersionIsStale: refused.
        """
        authorise(self._actor, Permission.CUSTOMERS_MANAGE)
        return perform(
            self._core,
            self._actor,
            EDIT,
            command,
            resource_id=command.customer_id,
            key=idempotency_key,
            again=lambda lookups: lookups.customers,
        )

    def get(self, customer_id: UUID) -> Customer:
        """One customer.

        Raises:
            UnknownResource: there is none with that id.
        """
        authorise(self._actor, Permission.CUSTOMERS_READ)
        return existing(self._core, customer_id, "customer", lambda lookups: lookups.customers)

    def list(self, which: CustomerFilter = CustomerFilter(), page: PageRequest = PageRequest()) -> Page[Customer]:  # noqa: B008 - frozen
        """Customers by id, or those with exactly that e-mail address or phone number."""
        authorise(self._actor, Permission.CUSTOMERS_READ)
        with self._core.store.listing() as queries:
            return queries.customer_page(which, page)


def _register(work: UnitOfWork, intent: Intent[RegisterCustomer]) -> Customer:
    command = intent.command
    customer = Customer.register(
        id=intent.ids[0],
        contact=command.contact,
        address=command.address,
        locale=command.locale,
        is_guest=False,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    work.customers.save(customer)
    return customer


def _edit(work: UnitOfWork, intent: Intent[EditCustomer]) -> Customer:
    command = intent.command
    customer = named(work.customers.hold((command.customer_id,)), command.customer_id, "customer")
    refuse_stale(customer, command.expected_version, "customer")
    edited = customer.edit(
        contact=command.contact,
        address=command.address,
        locale=command.locale,
        at=intent.at,
        actor_id=intent.actor_id,
    )
    work.customers.save(explained(edited, command.reason))
    return edited


REGISTER = simple("register_customer", _register)
EDIT = simple("edit_customer", _edit)
