"""The only place for who buys: contact information, addresses, customers."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from attrs import field, frozen

from ordercore.domain import fields
from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.evolving import evolve
from ordercore.domain.limits import MAX_ADDRESS_LINE_LENGTH, MAX_NAME_LENGTH


@frozen(kw_only=True, slots=False)
class Address:
    """Where a parcel goes; country is ISO 3166-1 alpha-2."""

    line1: str = field(converter=fields.trimmed, validator=fields.text(most=MAX_ADDRESS_LINE_LENGTH))
    city: str = field(converter=fields.trimmed, validator=fields.text(most=MAX_ADDRESS_LINE_LENGTH))
    country: str = field(validator=fields.country)
    line2: str = field(
        default="", converter=fields.trimmed, validator=fields.text(most=MAX_ADDRESS_LINE_LENGTH, least=0)
    )
    region: str = field(
        default="", converter=fields.trimmed, validator=fields.text(most=MAX_ADDRESS_LINE_LENGTH, least=0)
    )
    postal_code: str = field(default="", converter=fields.trimmed, validator=fields.text(most=20, least=0))


@frozen(kw_only=True, slots=False)
class Contact:
    """A customer's name and how to reach them; at least the e-mail address."""

    name: str = field(converter=fields.trimmed, validator=fields.text(most=MAX_NAME_LENGTH))
    email: str = field(converter=fields.trimmed, validator=fields.email)
    phone: str | None = field(default=None, converter=fields.trimmed, validator=fields.optional(fields.phone))


def normalised_email(email: str) -> str:
    """Two spellings of one mailbox look the same: case folded, spaces off."""
    return email.strip().casefold()


def normalised_phone(phone: str) -> str:
    """Digits only, a leading plus kept."""
    return ("+" if phone.strip().startswith("+") else "") + "".join(filter(str.isdigit, phone))


@frozen(kw_only=True, slots=False)
class CustomerRegistered(Event):
    """A customer came to be, as a guest of an order or registered."""

    type: ClassVar[str] = "customer.registered.v1"

    is_guest: bool


@frozen(kw_only=True, slots=False)
class CustomerEdited(Event):
    """Contact, address or locale of a customer changed; which, but not to what."""

    type: ClassVar[str] = "customer.edited.v1"

    changed: tuple[str, ...]


@frozen(kw_only=True, slots=False)
class Customer(Aggregate):
    """Who places orders. A guest is made by an order that names nobody registered."""

    stream: ClassVar[str] = "customer"

    contact: Contact
    address: Address | None = None
    locale: str = "en"
    is_guest: bool = False
    registered_at: datetime

    @classmethod
    def register(
        cls,
        *,
        id: UUID,
        contact: Contact,
        address: Address | None,
        locale: str,
        is_guest: bool,
        at: datetime,
        actor_id: UUID,
    ) -> Customer:
        """A new customer with its first fact."""
        return cls(
            id=id,
            contact=contact,
            address=address,
            locale=locale,
            is_guest=is_guest,
            registered_at=at,
            facts=(CustomerRegistered(occurred_at=at, actor_id=actor_id, is_guest=is_guest),),
        )

    def edit(self, *, contact: Contact, address: Address | None, locale: str, at: datetime, actor_id: UUID) -> Customer:
        """The customer with other details; existing orders keep their own copy.

        A guest is known by the e-mail address: with another one it is a guest no more.
        """
        after = {"contact": contact, "address": address, "locale": locale}
        changed = tuple(name for name, value in after.items() if getattr(self, name) != value)
        if not changed:
            return self
        return evolve(
            self,
            contact=contact,
            address=address,
            locale=locale,
            is_guest=self.is_guest and normalised_email(contact.email) == normalised_email(self.contact.email),
            version=self.version + 1,
            facts=(*self.facts, CustomerEdited(occurred_at=at, actor_id=actor_id, changed=changed)),
        )
