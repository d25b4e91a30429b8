import sys
from pathlib import Path

import pytest

from ordercore import open
from ordercore.entrypoints.cli.demo import fill, keep_token, token_file
from ordercore.entrypoints.cli.tryout import something_to_try
from tests.unit.entrypoints.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///shop.db", "shop.db.token"),
        ("sqlite:////srv/shop.db?timeout=5", "/srv/shop.db.token"),
        ("postgresql://u@h/shop", "ordercore-demo.token"),
    ],
)
def test_the_token_lies_beside_the_database(url: str, file: str) -> None:
    assert token_file(url) == Path(file)


def test_a_token_of_another_database_is_replaced(terminal: Terminal) -> None:
    file = terminal.folder / "token"
    file.write_text("oc_of_yesterday\n")
    with open(terminal.url) as shop:
        keep_token(shop, file)
        secret = file.read_text()
        assert shop.actor_of_token(secret.strip(), origin="cli").origin == "cli"
        keep_token(shop, file)
    assert file.read_text() == secret


@pytest.mark.parametrize(
    ("program", "called"),
    [("/opt/shop/__main__.py", f"{sys.executable} -m ordercore"), ("/opt/a b/oc", "'/opt/a b/oc'")],
)
def test_the_page_names_the_program_as_it_was_called(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, program: str, called: str
) -> None:
    terminal.add_mug()
    monkeypatch.setattr(sys, "argv", [program])
    with open(terminal.url) as shop:
        page = something_to_try(shop, "http://127.0.0.1:8000", "postgresql://u@h/shop", Path("my token"))
    assert f"  {called} order ship latest --database postgresql://u@h/shop" in page
    assert f"$(cat '{Path('my token').absolute()}')" in page


def test_the_sample_can_be_filled_in_again_and_again(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with open(terminal.url) as shop:
        for _ in range(3):
            fill(shop)
    told = capsys.readouterr().err
    assert "300 products and 300 orders are new; 4 payments were declined." in told
    assert told.count("0 products and 0 orders are new") == 2
    assert "refused" not in told
    assert len(terminal.json("product", "low")["data"]) == 6
