"""The only place that maps refusals and accidents to exit codes and to the one line that a user reads.

Loaded by `ordercore --help`: the error tree is imported only when there is an error.
"""

from __future__ import annotations

from enum import IntEnum

import click


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    CHECK_FAILED = 1
    MALFORMED = 2
    NOT_FOUND = 3
    CONFLICT = 4
    REJECTED = 5
    FORBIDDEN = 6
    UNAVAILABLE = 7
    STOPPED = 130


MEANING = {
    Exit.DONE: "done",
    Exit.CHECK_FAILED: "a check failed, or lines were refused",
    Exit.MALFORMED: "wrong usage or malformed input",
    Exit.NOT_FOUND: "what was named does not exist",
    Exit.CONFLICT: "conflict: out of stock, not now, changed meanwhile",
    Exit.REJECTED: "rejected: payment declined, unknown product, ...",
    Exit.FORBIDDEN: "not allowed: no valid token, or a permission is missing",
    Exit.UNAVAILABLE: "database or extra not available; try again",
    Exit.STOPPED: "stopped by ctrl-C",
}

EXTRAS = {"flask": "server", "granian": "server", "flask_swagger_ui": "server", "babel": "mail", "jinja2": "mail"}
"""Which extra brings a module that may be missing."""


class Refusal(click.ClickException):
    """A line on stderr and an exit code, without a traceback."""

    def __init__(self, message: str, exit_code: Exit) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc] # Click reads it from the instance


def refusal_of(failure: Exception) -> Refusal | None:
    """How a failure is told to a user; None where it is none that a user can do anything about (a bug)."""
    from ordercore.domain.errors import OrderCoreError

    if isinstance(failure, OrderCoreError):
        return Refusal(f"{failure} [{failure.code}]", exit_of(failure))
    if isinstance(failure, ModuleNotFoundError) and failure.name in EXTRAS:
        extra = EXTRAS[failure.name]
        return Refusal(f"this needs {failure.name}; run: pip install 'ordercore[{extra}]'", Exit.UNAVAILABLE)
    if isinstance(failure, OSError) and failure.filename is not None:
        return Refusal(f"{failure.filename}: {failure.strerror}", Exit.MALFORMED)
    return None


def exit_of(failure: Exception) -> Exit:
    """The exit code of a refusal's family."""
    from ordercore.domain import errors

    families = {
        errors.Malformed: Exit.MALFORMED,
        errors.Unauthenticated: Exit.FORBIDDEN,
        errors.Forbidden: Exit.FORBIDDEN,
        errors.NotFound: Exit.NOT_FOUND,
        errors.Conflict: Exit.CONFLICT,
        errors.Stale: Exit.CONFLICT,
        errors.Rejected: Exit.REJECTED,
        errors.Unavailable: Exit.UNAVAILABLE,
    }
    return next(code for family, code in families.items() if isinstance(failure, family))


def epilog() -> str:
    """The exit codes, as `--help` shows them."""
    lines = "\n".join(f"  {code.value:>3}  {meaning}" for code, meaning in MEANING.items())
    return f"\b\nExit codes:\n{lines}"
