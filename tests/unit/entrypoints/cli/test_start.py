import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click

import ordercore
from ordercore.entrypoints.cli import COMMANDS, cli
from ordercore.entrypoints.cli.exits import MEANING, Exit

HEAVY = (
    "alembic",
    "attrs",
    "cattrs",
    "cryptography",
    "flask",
    "granian",
    "ordercore.domain",
    "orjson",
    "sqlalchemy",
    "stripe",
)

TECHNOLOGY = (
    "alembic",
    "babel",
    "cattrs",
    "cryptography",
    "flask",
    "jinja2",
    "kombu",
    "smtplib",
    "sqlalchemy",
    "stripe",
)


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom ordercore.entrypoints.cli import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_importing_the_package_loads_no_technology() -> None:
    program = (
        "import sys, ordercore\nordercore.open, ordercore.OrderCore\n"
        f"print([name for name in {TECHNOLOGY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_takes_at_most_six_times_as_long_as_an_empty_program() -> None:
    script = Path(sys.executable).with_name("ordercore")
    empty, help_ = [sys.executable, "-c", "pass"], [str(script), "--help"]
    best = {"empty": seconds_of(empty), "help": seconds_of(help_)}
    for _ in range(40):  # in turns, so that a busy moment hits both; the best of each tells what it costs
        best["empty"] = min(best["empty"], seconds_of(empty))
        best["help"] = min(best["help"], seconds_of(help_))
    assert best["help"] <= 6 * best["empty"], best


def test_each_line_of_the_overview_is_the_commands_own() -> None:
    for name, (home, line) in COMMANDS.items():
        module, _, attribute = home.partition(":")
        command: click.Command = getattr(import_module(f"ordercore.entrypoints.cli.{module}"), attribute)
        assert (command.name, command.short_help) == (name, line)


def test_every_command_explains_itself() -> None:
    def walk(command: click.Command, path: str) -> None:
        assert command.help, path
        assert "_ " not in f"{' '.join(command.collect_usage_pieces(click.Context(command)))} ", path
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                walk(inner, f"{path} {name}")

    walk(cli, "ordercore")


def test_help_names_every_exit_code() -> None:
    done = subprocess.run([sys.executable, "-m", "ordercore", "--help"], capture_output=True, text=True, check=True)
    for code in Exit:
        assert f"{code.value:>3}  {MEANING[code]}" in done.stdout


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in ordercore.__all__:
        assert getattr(ordercore, name) is not None
    assert not hasattr(ordercore, "sqlalchemy")
    assert dir(ordercore) == sorted(ordercore.__all__)


def seconds_of(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
