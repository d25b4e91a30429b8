import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ordercore import migrate
from ordercore.entrypoints.cli import cli

BUYER = ("--name", "Ada Example", "--email", "ada@example.com")
ADDRESS = ("--line1", "1 Main Street", "--city", "Springfield", "--country", "US")
CARD = ("--token", "tok_visa")


class Terminal:
    """Commands on one database, as a user would type them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'shop.db'}"
        self.env: dict[str, str | None] = {"ORDERCORE_DATABASE_URL": self.url, "ORDERCORE_TOKEN": None}

    def run(self, *words: str, typed: str | None = None, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(cli, words, env=self.env, input=typed, prog_name="ordercore")
        assert result.exit_code == exit_code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def json(self, *words: str, typed: str | None = None) -> Any:
        return json.loads(self.run(*words, typed=typed).stdout)

    def refused(self, exit_code: int, *words: str, typed: str | None = None) -> str:
        """What is said on stderr; nothing is printed as a result."""
        result = self.run(*words, typed=typed, exit_code=exit_code)
        assert result.stdout == ""
        return result.stderr

    def add_mug(self, stock: int = 40, sku: str = "MUG", threshold: int = 5) -> Any:
        words = ("--name", "Mug", "--price", "12.50", "--currency", "EUR", "--low-stock-threshold", str(threshold))
        return self.json("product", "add", sku, *words, "--stock", str(stock))

    def place(self, *words: str, sku: str = "MUG=2") -> Any:
        return self.json("order", "place", "--sku", sku, *BUYER, *ADDRESS, *CARD, *words)


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("fresh") / "shop.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def terminal(tmp_path: Path, fresh_database: Path) -> Terminal:
    shutil.copy(fresh_database, tmp_path / "shop.db")
    return Terminal(tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write
