"""The only place where customers become rows and rows customers."""

from __future__ import annotations

import orjson

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.customer import Address, Contact, Customer, normalised_email, normalised_phone
from ordercore.domain.fields import restore
from ordercore.ports.sealer import Sealer


def customer_row(wire: Wire, sealer: Sealer, customer: Customer) -> Row:
    """A customer for its table."""
    contact, address = customer.contact, customer.address
    personal = {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "address": None if address is None else address.__dict__,
    }
    return (
        wire.id(customer.id),
        sealer.seal(orjson.dumps(personal)),
        sealer.index("email", normalised_email(contact.email)),
        None if contact.phone is None else sealer.index("phone", normalised_phone(contact.phone)),
        None,
        customer.locale,
        int(customer.is_guest),
        wire.moment(customer.registered_at),
        customer.version,
        customer.event_count + len(customer.facts),
    )


def customer_of(wire: Wire, sealer: Sealer, row: Row) -> Customer:
    """A customer from its row."""
    id, personal, _, _, _, locale, is_guest, registered_at, version, event_count = row
    known = orjson.loads(sealer.open(personal))
    address = known.pop("address")
    return Customer(
        id=wire.to_id(id),
        contact=restore(Contact, known),
        address=None if address is None else restore(Address, address),
        locale=locale,
        is_guest=bool(is_guest),
        registered_at=wire.to_moment(registered_at),
        version=version,
        event_count=event_count,
    )
