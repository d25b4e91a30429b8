"""The only place that puts off importing a command until it is run, so that `ordercore --help` is quick.

A group keeps a line of help for each of its commands; a test keeps these lines equal to the commands' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from ordercore.entrypoints.cli.exits import refusal_of


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run: name -> (module:attribute, short help)."""

    def __init__(self, *args: Any, commands_by_name: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_by_name = commands_by_name

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """In the order they were given."""
        return list(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - Click's
        """The command, imported now."""
        if cmd_name not in self.commands_by_name:
            return None
        module, _, attribute = self.commands_by_name[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"ordercore.entrypoints.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - Click's
        """The list of commands, from the lines kept here."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.commands_by_name.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and tell refusals in one line."""
        try:
            return super().invoke(ctx)
        except click.ClickException:
            raise
        except Exception as failure:
            refusal = refusal_of(failure)
            if refusal is None:
                raise
            raise refusal from failure
