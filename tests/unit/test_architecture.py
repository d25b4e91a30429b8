import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / ".importlinter"

# (contract, module that offends, its offence)
OFFENCES = [
    ("floors", "domain", "import ordercore.application"),
    ("floors", "domain", "import ordercore.ports"),
    ("floors", "ports", "import ordercore.application"),
    ("floors", "application", "import ordercore.adapters"),
    ("floors", "adapters/sql", "import ordercore.application"),
    ("floors", "testing", "import ordercore.entrypoints"),
    ("floors", "a_room_nobody_planned", ""),
    ("facade", "entrypoints/http", "import ordercore.adapters.sql"),
    ("facade", "entrypoints/cli", "import ordercore.ports"),
    ("technology", "domain", "import cattrs"),
    ("technology", "ports", "import sqlalchemy.orm"),
    ("technology", "application", "def late():\n    from flask import request"),
    ("technology", "application", "import argon2"),
    ("technology", "application", "import stripe"),
    ("adapters", "adapters/payments", "import ordercore.adapters.memory"),
    ("adapters", "adapters/a_new_one", "import ordercore.adapters.sql"),
    ("cycle", "domain", "import ordercore"),
    ("cycle", "adapters/sql/a_new_one", "import ordercore"),
    ("testing", "entrypoints/cli", "import hypothesis"),
    ("testing", "application", "import pytest"),
    ("testing", ".", "import _pytest"),
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package beside its contracts, to be spoilt."""
    shutil.copy(CONTRACTS, tmp_path)
    shutil.copytree(ROOT / "src" / "ordercore", tmp_path / "ordercore", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_house_as_it_stands_keeps_every_contract(house: Path) -> None:
    assert broken_contracts(house) == set()


@pytest.mark.parametrize(("contract", "module", "offence"), OFFENCES)
def test_an_offence_breaks_its_contract_and_no_other(house: Path, contract: str, module: str, offence: str) -> None:
    blank(house / "ordercore" / "__init__.py")
    plant(house / "ordercore" / module, offence)
    assert broken_contracts(house) == {names_of_contracts()[contract]}


def test_every_contract_has_an_offence() -> None:
    assert {contract for contract, _, _ in OFFENCES} == set(names_of_contracts())


def blank(root: Path) -> None:
    """Without its imports; with them, whoever imports ordercore itself reaches every floor and every technology."""
    root.write_text("")


def plant(package: Path, offence: str) -> None:
    package.mkdir(exist_ok=True)
    with (package / "__init__.py").open("a") as module:
        module.write(f"\n{offence}\n")


def names_of_contracts() -> dict[str, str]:
    contracts = ConfigParser()
    contracts.read(CONTRACTS)
    return {
        section.removeprefix("importlinter:contract:"): contracts[section]["name"]
        for section in contracts.sections()
        if section.startswith("importlinter:contract:")
    }


def broken_contracts(house: Path) -> set[str]:
    """Judged by lint-imports on the copy: the working folder comes first on its path."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = dict(re.findall(r"^(\S.*) (KEPT|BROKEN)\b", linted.stdout, re.MULTILINE))
    assert set(verdicts) == set(names_of_contracts().values()), linted.stdout + linted.stderr
    broken = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert linted.returncode == (1 if broken else 0)
    return broken
