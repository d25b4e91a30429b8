from tests.unit.entrypoints.cli.conftest import ADDRESS, BUYER, Terminal


def test_a_registered_customer_is_found_by_exact_address_and_number(terminal: Terminal) -> None:
    ada = terminal.json("customer", "register", *BUYER, "--phone", "+15135550100", *ADDRESS, "--locale", "en-US")
    assert terminal.json("customer", "show", ada["id"]) == ada
    assert terminal.json("customer", "list", "--email", "ADA@example.com")["data"] == [ada]
    assert terminal.json("customer", "list", "--phone", "+1 513 555 0100")["data"] == [ada]
    assert terminal.json("customer", "list", "--email", "ada@example")["data"] == []


def test_editing_keeps_what_is_not_given(terminal: Terminal) -> None:
    id = terminal.json("customer", "register", *BUYER, "--phone", "+15135550100", *ADDRESS)["id"]
    edited = terminal.json("customer", "edit", id, "--email", "ada@example.org", "--reason", "asked")
    assert edited["contact"] == {"name": "Ada Example", "email": "ada@example.org", "phone": "+15135550100"}
    assert edited["address"]["city"] == "Springfield"
    assert terminal.json("customer", "edit", id, "--phone", "")["contact"]["phone"] is None
    assert "version 3, not 1" in terminal.refused(4, "customer", "edit", id, "--name", "A", "--expected-version", "1")


def test_a_customer_needs_a_name_and_an_address_is_given_whole(terminal: Terminal) -> None:
    assert "/name: is needed: give --name" in terminal.refused(2, "customer", "register", "--email", "a@example.com")
    assert "--country" in terminal.refused(2, "customer", "register", *BUYER, "--line1", "1 Main", "--city", "S")


def test_csv_rows_have_the_same_columns_with_and_without_an_address(terminal: Terminal) -> None:
    terminal.run("customer", "register", *BUYER)
    terminal.run("customer", "register", *BUYER, *ADDRESS)
    header, without, with_ = terminal.run("customer", "list", "--format", "csv").stdout.splitlines()
    assert header.count(",") == without.count(",") == with_.count(",")
    assert "1 Main Street" in with_
