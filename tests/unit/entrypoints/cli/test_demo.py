import os
import sys
from pathlib import Path

import pytest

from ordercore import open
from ordercore.entrypoints.cli.demo import fill, keep_token, token_file, write_mails
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
        page = something_to_try(shop, "http://127.0.0.1:8000", "postgresql://u@h/shop", Path("my token"), None)
    assert f"  {called} order ship latest --database postgresql://u@h/shop" in page
    assert f"$(cat '{Path('my token').absolute()}')" in page


def test_the_page_says_where_the_mails_are(terminal: Terminal) -> None:
    terminal.add_mug()
    with open(terminal.url) as shop:
        page = something_to_try(shop, "http://127.0.0.1:8000", terminal.url, Path("token"), Path("some mails"))
    assert f"\n{Path('some mails').absolute()}\n" in page


def test_the_demo_writes_its_mails_beside_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCORE_MAIL_FOLDER", "")  # so that it is put back as it was
    monkeypatch.delenv("ORDERCORE_MAIL_FOLDER")
    assert write_mails("sqlite:///shop.db") == Path("shop.db.mails")
    assert os.environ["ORDERCORE_MAIL_FOLDER"] == "shop.db.mails"


@pytest.mark.parametrize(
    ("name", "value"), [("ORDERCORE_SMTP_URL", "smtp://mail.example.com"), ("ORDERCORE_MAIL_FOLDER", "elsewhere")]
)
def test_the_demo_leaves_mails_to_the_environment(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    before = dict(os.environ)
    assert write_mails("sqlite:///shop.db") is None
    assert dict(os.environ) == before


def test_the_sample_can_be_filled_in_again_and_again(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with open(terminal.url) as shop:
        for _ in range(3):
            fill(shop)
    told = capsys.readouterr().err
    assert "300 products and 300 orders are new; 4 payments were declined." in told
    assert told.count("0 products and 0 orders are new") == 2
    assert "refused" not in told
    assert len(terminal.json("product", "low")["data"]) == 6
