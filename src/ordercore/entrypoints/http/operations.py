"""The only place for what an operation is: declared once, for the router and for OpenAPI alike.

What is malformed is refused before it is asked who asks: `Asked.shop` authenticates when it is first wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

from attrs import NOTHING, field, fields, frozen
from flask import Blueprint, Flask, Request, Response, current_app, request
from werkzeug.routing import BaseConverter

from ordercore import PageRequest
from ordercore.application.shop import OrderCore
from ordercore.domain.errors import OrderCoreError, Unauthenticated
from ordercore.entrypoints.http import inputs
from ordercore.entrypoints.payloads import command_from

C = TypeVar("C")
P = ParamSpec("P")

EXTENSION = "ordercore"
NIL = UUID(int=0)
"""Stands for the id in a path until the resource is looked up."""

FIRST_PAGE = PageRequest()
SKU_PREFIX = "sku:"
"""Before the name of a product in a path: what follows is a sku, whatever it looks like."""


class OneOrder(BaseConverter):
    """The name of one order in a path: anything but the address of the batch."""

    regex = r"(?!batch\Z)[^/]+"


class OneProduct(BaseConverter):
    """The name of one product in a path. What follows `sku:` may have slashes: a server decodes %2F before we see it.

    So a sku is taken whole, up to the end or to the rest of a rule, and never for a part of itself.
    """

    regex = rf"{SKU_PREFIX}(?s:.+)|[^/]+"
    part_isolating = False


class Key(Enum):
    """Whether an operation takes an Idempotency-Key: required where money or stock moves."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@frozen(kw_only=True)
class Operation:
    """One operation: how it is asked, what it answers, and how it can be refused.

    `named` are fields of the command that the path gives. `also` are other statuses of success. One that `is_open`
    needs no token: what is sent proves by itself who sent it.
    """

    method: str
    path: str
    view: Callable[..., Response]
    body: type[Any] | None = None
    named: tuple[str, ...] = ()
    which: type[Any] | None = None
    answer: Any = None
    listed: bool = False
    status: int = 200
    also: tuple[int, ...] = ()
    key: Key = Key.NONE
    refusals: tuple[type[OrderCoreError], ...] = ()
    tag: str = ""
    is_open: bool = False

    has_version: bool = field(init=False)
    """Whether an If-Match header is heeded."""

    needs_body: bool = field(init=False)
    """Whether a body without any field would be refused."""

    @has_version.default
    def _has_version(self) -> bool:
        return self.body is not None and any(each.name == "expected_version" for each in fields(self.body))

    @needs_body.default
    def _needs_body(self) -> bool:
        return self.body is not None and any(
            each.default is NOTHING for each in fields(self.body) if each.name in self.payload_fields
        )

    @property
    def payload_fields(self) -> tuple[str, ...]:
        """Fields of the command that come in the body."""
        if self.body is None:
            return ()
        return tuple(
            each.name for each in fields(self.body) if each.name not in self.named and each.name != "expected_version"
        )


class Asked(Generic[C]):
    """A request, read as its operation says: the command without the path's ids, the key, the page."""

    def __init__(self, operation: Operation, incoming: Request) -> None:
        self._incoming = incoming
        self._shop: OrderCore | None = None
        self.key = None
        if operation.key is not Key.NONE:
            self.key = inputs.idempotency_key(incoming, required=operation.key is Key.REQUIRED)
        self.command: C = _command(operation, incoming)
        """The command that the body spells."""
        self.which: Any = None
        self.page = FIRST_PAGE
        if operation.which is not None:
            self.which, self.page = inputs.listing(incoming, operation.which)
        elif incoming.query_string:
            inputs.listing(incoming, inputs.NoFilter)

    @property
    def told(self) -> tuple[bytes, Mapping[str, str]]:
        """The body and the headers as they came."""
        return self._incoming.get_data(), dict(self._incoming.headers)

    @property
    def open_shop(self) -> OrderCore:
        """The shop without anybody who acts: for what proves by itself who sent it."""
        shop: OrderCore = current_app.extensions[EXTENSION]
        return shop

    @property
    def shop(self) -> OrderCore:
        """The shop, acting for whoever the bearer token belongs to; asked for once.

        Raises:
            Unauthenticated: nobody.
        """
        if self._shop is None:  # no cached_property: Python 3.11 lets only one thread at a time through each of them
            self._shop = _bound(self._incoming)
        return self._shop


class Capability:
    """The operations of one capability, under /v1."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: list[Operation] = []

    def operation(
        self, method: str, path: str, **declared: Any
    ) -> Callable[[Callable[Concatenate[Asked[C], P], Response]], Callable[Concatenate[Asked[C], P], Response]]:
        """Declare a view; the keywords are those of Operation."""

        def register(
            view: Callable[Concatenate[Asked[C], P], Response],
        ) -> Callable[Concatenate[Asked[C], P], Response]:
            self.operations.append(Operation(method=method, path=path, view=view, tag=self.name, **declared))
            return view

        return register


def install(app: Flask, capabilities: Sequence[Capability]) -> None:
    """Route every operation."""
    app.url_map.converters.update(one=OneOrder, named=OneProduct)
    for capability in capabilities:
        blueprint = Blueprint(capability.name, __name__, url_prefix="/v1")
        for operation in capability.operations:
            blueprint.add_url_rule(
                operation.path,
                endpoint=operation.view.__name__,
                view_func=partial(_run, operation),
                methods=[operation.method],
                provide_automatic_options=False,
            )
        app.register_blueprint(blueprint)


def all_operations(capabilities: Sequence[Capability]) -> Iterator[Operation]:
    """Every operation, in the order of their declaration."""
    for capability in capabilities:
        yield from capability.operations


def _run(operation: Operation, **path: str) -> Response:
    return operation.view(Asked(operation, request), **path)


def _bound(incoming: Request) -> OrderCore:
    shop: OrderCore = current_app.extensions[EXTENSION]
    scheme, _, secret = incoming.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated
    return shop.acting_as(shop.actor_of_token(secret.strip(), origin="http"))


def _command(operation: Operation, incoming: Request) -> Any:  # of the class that the operation declares
    if operation.body is None:
        return None
    given: dict[str, object] = dict.fromkeys(operation.named, NIL)
    if operation.has_version:
        given["expected_version"] = inputs.expected_version(incoming)
    payload = inputs.read_json(incoming, optional=not operation.needs_body)
    return command_from(operation.body, payload, **given)
