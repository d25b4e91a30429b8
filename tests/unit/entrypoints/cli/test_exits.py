from collections.abc import Iterator

import pytest

from ordercore.domain import errors
from ordercore.entrypoints.cli.exits import Exit, exit_of, refusal_of
from tests.unit.entrypoints.cli.conftest import ADDRESS, BUYER, CARD, Terminal


def leaves(family: type[errors.OrderCoreError]) -> Iterator[type[errors.OrderCoreError]]:
    for each in family.__subclasses__():
        yield each
        yield from leaves(each)


@pytest.mark.parametrize("leaf", sorted(leaves(errors.OrderCoreError), key=str))
def test_every_refusal_has_an_exit_code(leaf: type[errors.OrderCoreError]) -> None:
    assert exit_of(leaf.__new__(leaf)) not in (Exit.DONE, Exit.CHECK_FAILED, Exit.STOPPED)


def test_a_bug_is_no_refusal() -> None:
    assert refusal_of(KeyError("surprise")) is None


def test_a_missing_extra_is_named() -> None:
    refusal = refusal_of(ModuleNotFoundError("No module named 'flask'", name="flask"))
    assert refusal is not None
    assert refusal.exit_code == Exit.UNAVAILABLE
    assert "pip install 'ordercore[server]'" in refusal.message


def test_another_missing_module_is_a_bug() -> None:
    assert refusal_of(ModuleNotFoundError("No module named 'sqlalchemi'", name="sqlalchemi")) is None


def test_a_file_that_cannot_be_opened_is_named() -> None:
    refusal = refusal_of(PermissionError(13, "Permission denied", "orders.csv"))
    assert refusal is not None
    assert (refusal.message, refusal.exit_code) == ("orders.csv: Permission denied", Exit.MALFORMED)


PLACE = ("order", "place", *BUYER, *ADDRESS, "--sku")


@pytest.mark.parametrize(
    ("exit_code", "words", "said"),
    [
        (Exit.MALFORMED, ("order", "nonsense"), "No such command"),
        (Exit.MALFORMED, ("order", "list", "--database", "nonsense"), "must be a database URL"),
        (Exit.MALFORMED, ("order", "list", "--limit", "501"), "1<=x<=500"),
        (Exit.MALFORMED, ("order", "list", "--after", "zzz"), "must be the `next` of a page before"),
        (Exit.MALFORMED, ("order", "list", "--since", "yesterday"), "must be a day such as"),
        (Exit.MALFORMED, ("order", "list", "--since", "2017-01-01T00:00:00"), "must be a day such as"),
        (Exit.MALFORMED, ("import", "orders", "missing.jsonl"), "does not exist"),
        (Exit.MALFORMED, ("export", "orders", "--output", "no/such/folder/x"), "No such file or directory"),
        (Exit.MALFORMED, ("product", "edit", "MUG", "--price", "1,50"), "/price: must"),
        (Exit.MALFORMED, ("product", "edit", "MUG", "--currency", "XXY"), "/currency: must"),
        (Exit.MALFORMED, (*PLACE, "MUG=1", *CARD, "--expected-total", "12,50 EUR"), "/expected_total: must"),
        (Exit.MALFORMED, ("order", "quote", "--sku", "MUG", "--expected-total", "12.50"), "/expected_total: must"),
        (Exit.MALFORMED, (*PLACE, "MUG=two", *CARD), "must be written SKU=N"),
        (Exit.MALFORMED, (*PLACE, "MUG=0", *CARD), "must be between 1 and"),
        (Exit.NOT_FOUND, ("order", "show", "17"), "There is no order 17"),
        (Exit.NOT_FOUND, ("order", "show", "nothing"), "There is no order nothing"),
        (Exit.NOT_FOUND, ("order", "show", "latest"), "There is no order latest"),
        (Exit.NOT_FOUND, ("product", "show", "CUP"), "There is no product CUP"),
        (Exit.NOT_FOUND, ("customer", "show", "x"), "There is no customer x"),
        (Exit.NOT_FOUND, ("admin", "deactivate", "nobody", "--yes"), "There is no admin user nobody"),
        (Exit.CONFLICT, (*PLACE, "MUG=41", *CARD), "Only 40 of MUG are available"),
        (Exit.CONFLICT, (*PLACE, "MUG=1", *CARD, "--expected-total", "1 EUR"), "The total is 12.50 EUR now"),
        (Exit.CONFLICT, ("product", "edit", "MUG", "--name", "Cup", "--expected-version", "9"), "version 1, not 9"),
        (Exit.REJECTED, (*PLACE, "CUP=1", *CARD), "There is no product CUP that can be ordered"),
        (Exit.REJECTED, (*PLACE, "MUG=1", "--token", "tok_chargeDeclined"), "was declined"),
        (Exit.UNAVAILABLE, ("order", "list", "--database", "sqlite:///no/such/x.db"), "there is no folder no/such"),
        (Exit.UNAVAILABLE, ("init", "--database", "postgresql://u@127.0.0.1:1/x"), "cannot be reached"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_with_its_exit_code(
    terminal: Terminal, exit_code: Exit, words: tuple[str, ...], said: str
) -> None:
    terminal.add_mug()
    told = terminal.refused(exit_code, *words)
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("order", "list"),
        (*PLACE, "MUG=1", *CARD),
        ("event", "tail"),
        ("export", "orders"),
        ("worker", "status"),
        ("stock", "receive", "MUG", "1"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_mistyped_database_is_not_made(terminal: Terminal, words: tuple[str, ...]) -> None:
    before = sorted(terminal.folder.iterdir())
    told = terminal.refused(Exit.UNAVAILABLE, *words, "--database", f"sqlite:///{terminal.folder}/shpo.db")
    assert f"there is no database {terminal.folder}/shpo.db" in told
    assert sorted(terminal.folder.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("init",),
        ("product", "add", "MUG", "--name", "Mug", "--price", "1", "--currency", "EUR"),
        ("token", "create", "--name", "till", "--scope", "all"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_may_come_first_makes_the_database(terminal: Terminal, words: tuple[str, ...]) -> None:
    url = f"sqlite:///{terminal.folder}/new.db"
    terminal.run(*words, "--database", url)
    assert terminal.json("order", "list", "--database", url) == {"data": [], "next": None}


def test_a_file_that_is_no_database_is_told(terminal: Terminal) -> None:
    (terminal.folder / "text.db").write_text("a letter to my grandmother, long enough to be read\n" * 40)
    told = terminal.refused(Exit.UNAVAILABLE, "order", "list", "--database", f"sqlite:///{terminal.folder}/text.db")
    assert "not a database" in told


def test_a_foreign_schema_names_the_command(terminal: Terminal, postgres_url: str) -> None:
    assert "run: ordercore init" in terminal.refused(Exit.UNAVAILABLE, "order", "list", "--database", postgres_url)
    assert "is at" in terminal.run("init", "--database", postgres_url).stdout
    assert terminal.json("order", "list", "--database", postgres_url) == {"data": [], "next": None}
