import click
import pytest

from ordercore import Actor, ActorKind, Permission, open
from ordercore.domain.admin import STORE_ADMIN
from ordercore.entrypoints.cli.options import confirm
from ordercore.entrypoints.cli.session import actor_for
from tests.unit.entrypoints.cli.conftest import ADDRESS, BUYER, CARD, Terminal

PLACE = ("order", "place", "--sku", "MUG", *BUYER, *ADDRESS, *CARD, "--key", "k")


def test_an_admin_is_added_listed_and_deactivated(terminal: Terminal) -> None:
    ada = terminal.json("admin", "add", "ada", "--role", "owner", "--password-stdin", typed="correct horse battery\n")
    assert (ada["role"], ada["is_active"]) == ("owner", True)
    assert {each["username"] for each in terminal.json("admin", "list")["data"]} == {"shop", "ada"}
    assert not terminal.json("admin", "deactivate", "ada", "--yes", "--reason", "left")["is_active"]
    assert "stays" in terminal.refused(4, "admin", "deactivate", "shop", "--yes")


def test_a_password_is_asked_for_twice_and_never_shown(terminal: Terminal) -> None:
    typed = "correct horse battery\n" * 2
    result = terminal.run("admin", "add", "ada", typed=typed)
    assert "correct horse" not in result.output
    result = terminal.run("admin", "password", "ada", typed="another horse battery\n" * 2)
    assert "another horse" not in result.output


def test_without_anybody_to_ask_for_a_password_it_says_how_to_pipe_it(terminal: Terminal) -> None:
    assert "give --password-stdin" in terminal.refused(2, "admin", "add", "ada", typed="")


def test_ctrl_c_at_a_question_is_no_missing_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    with pytest.raises(click.Abort):
        confirm("Go on?", yes=False)


def test_a_short_password_is_refused(terminal: Terminal) -> None:
    told = terminal.refused(2, "admin", "add", "ada", "--password-stdin", typed="short\n")
    assert "/password: must have 12" in told
    assert "short" not in told.replace("shorter", "")


def test_a_token_is_printed_alone(terminal: Terminal) -> None:
    result = terminal.run("token", "create", "--name", "till", "--scope", "orders:place", "--scope", "orders:read")
    secret = result.stdout.removesuffix("\n")
    assert "\n" not in secret
    assert result.stderr == ""
    with open(terminal.url) as shop:
        actor = shop.actor_of_token(secret, origin="cli")
    assert actor.permissions == {Permission.ORDERS_PLACE, Permission.ORDERS_READ}


def test_listed_tokens_have_no_secrets(terminal: Terminal) -> None:
    secret = terminal.run("token", "create", "--name", "till", "--scope", "all").stdout.strip()
    listed = terminal.run("token", "list").stdout
    assert '"scopes": "all"' in listed
    assert secret not in listed


def test_a_revoked_token_opens_nothing(terminal: Terminal) -> None:
    secret = terminal.run("token", "create", "--name", "till", "--scope", "all").stdout.strip()
    id = terminal.json("token", "list")["data"][0]["id"]
    assert terminal.json("token", "revoke", id, "--yes")["is_revoked"]
    terminal.env["ORDERCORE_TOKEN"] = secret
    assert "valid bearer token" in terminal.refused(6, "order", "list")


@pytest.mark.parametrize("secret", ["", "oc_wrong", "oc_" + "0" * 32 + "_x", "ä"])
def test_a_wrong_token_is_refused_and_never_replaced_by_the_stores_own_admin(terminal: Terminal, secret: str) -> None:
    terminal.env["ORDERCORE_TOKEN"] = secret
    terminal.refused(6, "order", "list")


def test_commands_act_within_the_tokens_scopes(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.env["ORDERCORE_TOKEN"] = terminal.run(
        "token", "create", "--name", "till", "--scope", "orders:place"
    ).stdout.strip()
    placed = terminal.json(*PLACE)
    assert placed["customer"]["name"] == "Ada Example"
    assert "permission orders:read" in terminal.refused(6, "order", "show", placed["number"])
    assert "permission tokens:manage" in terminal.refused(6, "token", "list")


def test_one_key_counts_once_for_each_actor(terminal: Terminal) -> None:
    terminal.add_mug()
    secrets = [
        terminal.run("token", "create", "--name", name, "--scope", "all").stdout.strip() for name in ("one", "two")
    ]
    numbers = []
    for secret in (None, secrets[0], secrets[1], secrets[0]):
        terminal.env["ORDERCORE_TOKEN"] = secret
        numbers.append(terminal.json(*PLACE)["number"])
    assert len(set(numbers)) == 3
    assert numbers[1] == numbers[3]


def test_a_tokens_actor_is_the_one_it_has_over_http(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = terminal.run("token", "create", "--name", "till", "--scope", "all").stdout.strip()
    with open(terminal.url) as shop:
        monkeypatch.setenv("ORDERCORE_TOKEN", secret)
        over_http = shop.actor_of_token(secret, origin="http")
        assert (actor_for(shop).kind, actor_for(shop).id) == (over_http.kind, over_http.id)
        monkeypatch.delenv("ORDERCORE_TOKEN")
        assert actor_for(shop) == Actor(kind=ActorKind.ADMIN, id=STORE_ADMIN, origin="cli")
