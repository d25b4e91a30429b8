"""The only place for refusals: a small tree of exceptions with typed fields and a stable code.

When several refusals apply, the first of this order is raised: malformed, unauthenticated, forbidden,
not found, conflict, rejected. Entry points map families to statuses or exit codes; nobody in between catches.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from attrs import fields_dict, frozen


@frozen
class FieldProblem:
    """One bad field: where (a JSON pointer into the request), and what would be right."""

    pointer: str
    detail: str
    code: str = "invalid"


@frozen(kw_only=True, slots=False, str=False)
class OrderCoreError(Exception):
    """Anything the core says instead of an answer.

    `replayed` says that a repeated request is refused as its first was.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong."

    replayed: bool = False

    def __str__(self) -> str:
        return self.message.format_map(
            {name: ", ".join(map(str, fact)) if isinstance(fact, tuple) else fact for name, fact in self.facts.items()}
        )

    @property
    def facts(self) -> dict[str, object]:
        """The typed fields by name, for problem documents and messages."""
        return {name: getattr(self, name) for name in fields_dict(type(self)) if name != "replayed"}


# -- families ---------------------------------------------------------------------------------------------------


class Malformed(OrderCoreError):
    """The request cannot be understood (HTTP 422; 400 where not even its syntax can be read)."""


class Unauthenticated(OrderCoreError):
    """Nobody knows who asks (HTTP 401)."""

    code = "unauthenticated"
    message = "This needs a valid bearer token; make one with: ordercore token create --name NAME --scope SCOPE"


class Forbidden(OrderCoreError):
    """Who asks may not do this (HTTP 403)."""


class NotFound(OrderCoreError):
    """What is named does not exist (HTTP 404)."""


class Conflict(OrderCoreError):
    """The state of things does not allow it, now (HTTP 409)."""


class Stale(OrderCoreError):
    """The caller looked at an older version (HTTP 412)."""


class Rejected(OrderCoreError):
    """Understood and refused for what it asks (HTTP 422; a declined payment 402)."""


class Unavailable(OrderCoreError):
    """Not now; the same request may be sent again with the same key (HTTP 503)."""


# -- malformed --------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class InvalidRequest(Malformed):
    """One or more fields are wrong; each is named."""

    code = "invalid_request"
    message = "{summary}"

    problems: tuple[FieldProblem, ...]

    @classmethod
    def of(cls, pointer: str, detail: str, code: str = "invalid") -> InvalidRequest:
        """The refusal of a single field."""
        return cls(problems=(FieldProblem(pointer=pointer, detail=detail, code=code),))

    @property
    def facts(self) -> dict[str, object]:
        summary = "; ".join(f"{problem.pointer or '/'}: {problem.detail}" for problem in self.problems)
        return {"summary": summary, "problems": self.problems}


@frozen(kw_only=True, slots=False, str=False)
class UnreadableRequest(Malformed):
    """The body or file is not what it claims to be (HTTP 400)."""

    code = "unreadable_request"
    message = "{detail}"

    detail: str


# -- forbidden --------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class PermissionMissing(Forbidden):
    """The actor lacks the permission that the use case names."""

    code = "permission_missing"
    message = "This needs the permission {permission}; ask for a token with that scope."

    permission: str


# -- not found --------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class UnknownResource(NotFound):
    """No such order, product, customer, payment, shipment, admin or token."""

    code = "not_found"
    message = "There is no {kind} {name}."

    kind: str
    name: str


@frozen(kw_only=True, slots=False, str=False)
class UnknownProduct(Rejected):
    """An order or a quote names a product that does not exist or is archived."""

    code = "unknown_product"
    message = "There is no product {name} that can be ordered."

    name: str
    pointer: str


@frozen(kw_only=True, slots=False, str=False)
class UnknownCustomer(Rejected):
    """An order names a customer id that does not exist."""

    code = "unknown_customer"
    message = "There is no customer {customer_id}."

    customer_id: UUID
    pointer: str = "/customer/id"


# -- conflicts --------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class TransitionRefused(Conflict):
    """The lifecycle table has no such step."""

    code = "transition_refused"
    message = "This {kind} is {status}; it cannot {action}."

    kind: str
    status: str
    action: str


@frozen(kw_only=True, slots=False, str=False)
class OutOfStock(Conflict):
    """Fewer pieces are available than were asked for."""

    code = "out_of_stock"
    message = "Only {available} of {sku} are available; {requested} were asked for."

    sku: str
    requested: int
    available: int
    pointer: str = ""


@frozen(kw_only=True, slots=False, str=False)
class StockIsReserved(Conflict):
    """A downward adjustment would take pieces that open orders have reserved."""

    code = "stock_is_reserved"
    message = (
        "{sku} has {on_hand} on hand of which {reserved} are reserved; {change} would take reserved pieces. "
        "Cancel or ship these orders first: {order_numbers}."
    )

    sku: str
    on_hand: int
    reserved: int
    change: int
    order_numbers: tuple[str, ...]


@frozen(kw_only=True, slots=False, str=False)
class PriceChanged(Conflict):
    """`expected_total` no longer holds."""

    code = "price_changed"
    message = "The total is {actual} now, not {expected}; show it to the customer and ask again."

    expected: str
    actual: str
    pointer: str = "/expected_total"


@frozen(kw_only=True, slots=False, str=False)
class KeyReused(Conflict):
    """The idempotency key was used for another request of this actor."""

    code = "key_reused"
    message = "The idempotency key {key} was used for a different request; use a fresh key."

    key: str


@frozen(kw_only=True, slots=False, str=False)
class RequestInProgress(Conflict):
    """The first request with this key still runs."""

    code = "request_in_progress"
    message = "The first request with the key {key} is still running; ask again in {retry_after_seconds} s."

    key: str
    retry_after_seconds: int = 1


@frozen(kw_only=True, slots=False, str=False)
class AlreadyExists(Conflict):
    """A name that must be unique is taken."""

    code = "already_exists"
    message = "The {kind} {name} exists already."

    kind: str
    name: str
    pointer: str = ""


@frozen(kw_only=True, slots=False, str=False)
class PaymentInFlight(Conflict):
    """A payment attempt has no final answer yet and blocks another."""

    code = "payment_in_flight"
    message = (
        "A payment attempt of order {order_number} has no final answer yet; the worker settles it, ask again later."
    )

    order_number: str
    retry_after_seconds: int = 5


@frozen(kw_only=True, slots=False, str=False)
class ShipmentInProgress(Conflict):
    """A shipment has claimed pieces of this order."""

    code = "shipment_in_progress"
    message = "A shipment of order {order_number} is being made; wait for its label or its failure."

    order_number: str


@frozen(kw_only=True, slots=False, str=False)
class NotDeactivatable(Conflict):
    """The store's own admin user can neither log in nor be deactivated."""

    code = "not_deactivatable"
    message = "{username} belongs to the store itself and stays."

    username: str


@frozen(kw_only=True, slots=False, str=False)
class AdminIsInactive(Conflict):
    """An inactive admin user takes no orders."""

    code = "admin_is_inactive"
    message = "{username} is not active; choose an active admin user."

    username: str


@frozen(kw_only=True, slots=False, str=False)
class VersionIsStale(Stale):
    """Somebody changed it since the caller looked."""

    code = "version_is_stale"
    message = "This {kind} is at version {actual}, not {expected}; read it again and decide anew."

    kind: str
    expected: int
    actual: int


# -- rejected ---------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class CurrencyMismatch(Rejected):
    """An order, a price and a total must be in one currency."""

    code = "currency_mismatch"
    message = "Expected {expected}, got {actual}; an order has one currency."

    expected: str
    actual: str
    pointer: str = ""


@frozen(kw_only=True, slots=False, str=False)
class AmountTooLarge(Rejected):
    """A sum exceeds the largest amount the core keeps."""

    code = "amount_too_large"
    message = "The amount exceeds {maximum_minor} minor units."

    maximum_minor: int


@frozen(kw_only=True, slots=False, str=False)
class PaymentDeclined(Rejected):
    """The provider said no; the order is kept, `cancelled` or waiting, as `on_decline` asked."""

    code = "payment_declined"
    message = "The payment of order {order_number} was declined ({decline_code}); the order is {order_status}."

    order_id: UUID
    order_number: str
    order_status: str
    decline_code: str


@frozen(kw_only=True, slots=False, str=False)
class LabelRefused(Rejected):
    """The carrier refused to make a label; nothing was shipped."""

    code = "label_refused"
    message = "The carrier refused a label for order {order_number}: {reason}. Nothing was shipped."

    order_number: str
    reason: str


@frozen(kw_only=True, slots=False, str=False)
class MoneyUnavailable(Rejected):
    """A shipment needs money that could not be captured; nothing was shipped."""

    code = "money_unavailable"
    message = "The money of order {order_number} could not be captured ({decline_code}); nothing was shipped."

    order_number: str
    decline_code: str


@frozen(kw_only=True, slots=False, str=False)
class CardRefused(Rejected):
    """The provider's vault does not take this card."""

    code = "card_refused"
    message = "The card was refused: {reason}."

    reason: str
    pointer: str = "/card/number"


class NotificationRefused(Rejected):
    """What came as a provider's notification is not believed; nothing was changed (HTTP 400)."""


@frozen(kw_only=True, slots=False, str=False)
class BadSignature(NotificationRefused):
    """The notification is not signed, or not by the provider."""

    code = "bad_signature"
    message = "The notification does not carry a valid signature of {provider}; check the secret that both sides have."

    provider: str


@frozen(kw_only=True, slots=False, str=False)
class NotificationIsOld(NotificationRefused):
    """The notification was signed too long ago, or in the future: somebody may be repeating it."""

    code = "notification_is_old"
    message = "The notification of {provider} was not signed within the last {tolerance_seconds} s."

    provider: str
    tolerance_seconds: int


@frozen(kw_only=True, slots=False, str=False)
class NotificationIsNonsense(NotificationRefused):
    """The notification is signed and yet cannot be understood."""

    code = "notification_is_nonsense"
    message = "The notification of {provider} cannot be understood: {reason}."

    provider: str
    reason: str


# -- unavailable ------------------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False, str=False)
class Overloaded(Unavailable):
    """Too many changes wait to be committed."""

    code = "overloaded"
    message = "Too much is waiting to be written; send the same request again in {retry_after_seconds} s."

    retry_after_seconds: int = 1


@frozen(kw_only=True, slots=False, str=False)
class OutcomeUnknown(Unavailable):
    """The connection was lost during the commit: it may or may not have happened."""

    code = "outcome_unknown"
    message = "The database went away while committing; send the same request again with the same key."

    retry_after_seconds: int = 1


@frozen(kw_only=True, slots=False, str=False)
class StoreUnavailable(Unavailable):
    """The database cannot be reached; nothing was changed."""

    code = "store_unavailable"
    message = "The database cannot be reached ({reason}); nothing was changed, try again."

    reason: str
    retry_after_seconds: int = 1


@frozen(kw_only=True, slots=False, str=False)
class ProviderUnavailable(Unavailable):
    """The payment provider cannot be asked; nothing was changed."""

    code = "provider_unavailable"
    message = "{provider} cannot be asked now ({reason}); nothing was changed, try again."

    provider: str
    reason: str
    retry_after_seconds: int = 5


@frozen(kw_only=True, slots=False, str=False)
class SchemaIsForeign(Unavailable):
    """The database has another schema than this release needs."""

    code = "schema_is_foreign"
    message = "The database is at schema {actual}, this release needs {expected}; run: ordercore init --database URL"

    expected: str
    actual: str
