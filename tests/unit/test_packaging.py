import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
BOTH = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)


@BOTH
def test_every_locked_package_is_pinned_and_hashed(lock: Path) -> None:
    entries = entries_of(lock)
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@BOTH
def test_a_lock_names_no_registry_and_no_machine(lock: Path) -> None:
    assert not re.search(r"https?:|file:|//|--index|--find-links|--extra-index|@ ", lock.read_text())


@BOTH
def test_a_lock_holds_what_an_editable_install_needs(lock: Path) -> None:
    assert {"hatchling", "editables"} <= pins_of(lock).keys()


def test_the_runtime_lock_holds_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["server"] + extras["postgres"] + extras["mail"]
    asked = {name_of(line) for line in lines}
    assert asked <= pins_of(RUNTIME).keys()


def test_the_development_lock_is_the_runtime_lock_and_more() -> None:
    assert pins_of(RUNTIME).items() < pins_of(DEVELOPMENT).items()


def entries_of(lock: Path) -> list[str]:
    """A package with its hashes a line, comments left out."""
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(lines).replace("\\\n", "").splitlines()


def pins_of(lock: Path) -> dict[str, str]:
    return dict(entry.split()[0].split("==") for entry in entries_of(lock))


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
