from tests.unit.entrypoints.cli.conftest import Terminal


def test_an_added_product_is_shown_by_sku_and_by_id(terminal: Terminal) -> None:
    mug = terminal.add_mug()
    assert mug["price"] == {"amount": "12.50", "currency": "EUR"}
    assert terminal.json("product", "show", "MUG") == mug
    assert terminal.json("product", "show", mug["id"]) == mug


def test_adding_needs_a_price(terminal: Terminal) -> None:
    assert "--price is needed" in terminal.refused(2, "product", "add", "MUG", "--name", "Mug", "--currency", "EUR")


def test_a_dry_run_adds_nothing(terminal: Terminal) -> None:
    words = ("product", "add", "MUG", "--name", "Mug", "--price", "1", "--currency", "EUR", "--dry-run")
    assert "Nothing was written" in terminal.run(*words).stderr
    terminal.refused(3, "product", "show", "MUG")


def test_a_dry_run_still_refuses_what_is_malformed(terminal: Terminal) -> None:
    terminal.refused(2, "product", "add", "MUG", "--name", "Mug", "--price", "-1", "--currency", "EUR", "--dry-run")


def test_one_key_adds_one_product(terminal: Terminal) -> None:
    words = ("product", "add", "MUG", "--name", "Mug", "--price", "1", "--currency", "EUR", "--key", "k")
    assert terminal.json(*words) == terminal.json(*words)
    other = ("product", "add", "CUP", "--name", "Cup", "--price", "1", "--currency", "EUR", "--key", "k")
    assert "use a fresh key" in terminal.refused(4, *other)


def test_editing_changes_what_is_given_and_keeps_the_rest(terminal: Terminal) -> None:
    terminal.add_mug()
    edited = terminal.json("product", "edit", "MUG", "--price", "13", "--category", "Kitchen", "--reason", "season")
    assert (edited["name"], edited["price"]["amount"], edited["category"]) == ("Mug", "13.00", "Kitchen")
    cleared = terminal.json("product", "edit", "MUG", "--clear", "category", "--clear", "low_stock_threshold")
    assert (cleared["category"], cleared["low_stock_threshold"], cleared["version"]) == (None, None, 3)


def test_editing_twice_with_one_key_takes_effect_once(terminal: Terminal) -> None:
    terminal.add_mug()
    words = ("product", "edit", "MUG", "--name", "Cup", "--key", "rename")
    assert terminal.json(*words)["version"] == terminal.json(*words)["version"] == 2


def test_an_archived_product_is_listed_only_when_asked_for(terminal: Terminal) -> None:
    terminal.add_mug()
    assert "Nothing was written" in terminal.run("product", "archive", "MUG", "--dry-run").stderr
    terminal.run("product", "archive", "MUG", typed="n\n", exit_code=1)
    assert not terminal.json("product", "show", "MUG")["is_archived"]
    assert terminal.json("product", "archive", "MUG", "--yes")["is_archived"]
    assert terminal.json("product", "list")["data"] == []
    assert [each["sku"] for each in terminal.json("product", "list", "--archived")["data"]] == ["MUG"]


def test_archiving_asks_first(terminal: Terminal) -> None:
    terminal.add_mug()
    result = terminal.run("product", "archive", "MUG", typed="y\n")
    assert "Archive MUG?" in result.stderr


def test_without_anybody_to_answer_it_says_to_pass_yes(terminal: Terminal) -> None:
    terminal.add_mug()
    assert "give --yes" in terminal.refused(2, "product", "archive", "MUG", typed="")
    assert not terminal.json("product", "show", "MUG")["is_archived"]


def test_products_are_found_by_part_of_a_name_and_by_low_stock(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.add_mug(stock=3, sku="CUP")
    assert [each["sku"] for each in terminal.json("product", "list", "--search", "up")["data"]] == ["CUP"]
    assert [each["sku"] for each in terminal.json("product", "low")["data"]] == ["CUP"]
    assert terminal.json("product", "low") == terminal.json("product", "list", "--low")


def test_pages_follow_one_another(terminal: Terminal) -> None:
    for sku in ("A", "B", "C"):
        terminal.add_mug(sku=sku)
    first = terminal.json("product", "list", "--limit", "2")
    assert [each["sku"] for each in first["data"]] == ["A", "B"]
    rest = terminal.json("product", "list", "--limit", "2", "--after", first["next"])
    assert ([each["sku"] for each in rest["data"]], rest["next"]) == (["C"], None)
    told = terminal.run("product", "list", "--limit", "2", "--format", "table").stderr
    assert told == f"There is more: --after {first['next']}\n"


def test_stock_is_received_and_adjusted(terminal: Terminal) -> None:
    terminal.add_mug()
    assert terminal.json("stock", "receive", "MUG", "10", "--reason", "delivery 7")["on_hand"] == 50
    assert terminal.json("stock", "adjust", "MUG", "-3", "--key", "count")["on_hand"] == 47
    assert terminal.json("stock", "adjust", "MUG", "-3", "--key", "count")["on_hand"] == 47
    moved = [(each["kind"], each["quantity"]) for each in terminal.json("stock", "movements", "MUG")["data"]]
    assert moved == [("adjusted", -3), ("received", 10), ("initial", 40)]


def test_a_dry_run_moves_no_stock(terminal: Terminal) -> None:
    terminal.add_mug()
    assert "Would receive 5 of MUG" in terminal.run("stock", "receive", "MUG", "5", "--dry-run").stderr
    assert "Would adjust MUG by -5" in terminal.run("stock", "adjust", "MUG", "-5", "--dry-run").stderr
    assert "Would change MUG" in terminal.run("product", "edit", "MUG", "--name", "Cup", "--dry-run").stderr
    assert terminal.json("product", "show", "MUG")["on_hand"] == 40


def test_reserved_stock_is_not_lost_and_the_orders_are_named(terminal: Terminal) -> None:
    terminal.add_mug()
    number = terminal.place(sku="MUG=39")["number"]
    assert f"Cancel or ship these orders first: {number}." in terminal.refused(4, "stock", "adjust", "MUG", "-2")
