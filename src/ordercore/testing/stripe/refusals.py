"""The only place for how Stripe refuses."""

from __future__ import annotations

from ordercore.testing.stripe.shapes import Answer, Json


class Refusal(Exception):
    """An error answer. `is_kept`: the endpoint had begun its work, so that the key answers this from now on."""

    def __init__(
        self,
        status: int,
        sort: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        is_kept: bool = False,
        **more: object,
    ) -> None:
        super().__init__(message)
        told = {"type": sort, "message": message, "code": code, "param": param, **more}
        self.status = status
        self.body: Json = {"error": {name: value for name, value in told.items() if value is not None}}
        self.is_kept = is_kept

    @property
    def answer(self) -> Answer:
        """How it travels."""
        return Answer(self.status, self.body)


def bad_parameter(name: str, code: str) -> Refusal:
    """A parameter that is missing, unknown or no value of its kind."""
    return Refusal(400, "invalid_request_error", f"{code}: {name}", code=code, param=name)


def missing(kind: str, id: str, param: str) -> Refusal:
    """An object that nobody knows. In a path it is a 404, in a parameter a 400."""
    status = 404 if param == "id" else 400
    return Refusal(
        status,
        "invalid_request_error",
        f"No such {kind}: '{id}'",
        code="resource_missing",
        param=param,
        is_kept=True,
    )


def not_now(message: str, code: str | None, intent: Json | None = None, param: str | None = None) -> Refusal:
    """Something that the object's state does not allow."""
    return Refusal(400, "invalid_request_error", message, code=code, param=param, is_kept=True, payment_intent=intent)
