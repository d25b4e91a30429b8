import json
import os
import signal
import threading
from typing import Any

import pytest

import ordercore
from ordercore import Handler
from tests.unit.entrypoints.cli.conftest import Terminal

HOOK = "https://127.0.0.1:9/hook"


def added(terminal: Terminal, *words: str) -> Any:
    return terminal.json("webhook", "add", HOOK, "--name", "till", "--allow-private", *words)


def test_a_webhook_is_added_rotated_paused_resumed_and_removed(terminal: Terminal) -> None:
    made = added(terminal, "--type", "order.*", "--key", "k")
    assert made["secret"].startswith("whsec_")
    assert (made["subscription"]["kind"], made["subscription"]["types"]) == ("webhook", ["order.*"])
    assert added(terminal, "--type", "order.*", "--key", "k") == made
    rotated = terminal.json("webhook", "rotate", "till", "--overlap-hours", "1", "--reason", "leaked")
    assert rotated["secret"] != made["secret"]
    assert terminal.json("webhook", "pause", "till")["status"] == "paused"
    assert "This subscription is paused" in terminal.refused(4, "webhook", "pause", "till")
    assert terminal.json("webhook", "resume", made["subscription"]["id"])["status"] == "active"
    (row,) = terminal.json("webhook", "list")["data"]
    assert row["name"] == "till"
    assert "secret" not in row
    assert terminal.json("webhook", "remove", "till", "--yes")["status"] == "removed"
    assert terminal.json("webhook", "list")["data"] == []


def test_a_private_address_needs_leave(terminal: Terminal) -> None:
    assert "public address" in terminal.refused(2, "webhook", "add", HOOK)


def test_a_webhook_that_does_not_answer_is_told_and_the_tries_are_listed(terminal: Terminal) -> None:
    added(terminal)
    result = terminal.run("webhook", "test", "till", exit_code=1)
    assert json.loads(result.stdout)["answer"] == "retry"
    assert "It was not taken." in result.stderr
    terminal.add_mug()
    with ordercore.open(terminal.url) as shop:
        worker = shop.worker()
        worker.run_round()
        worker.close()
    entries = terminal.json("webhook", "deliveries", "till")["data"]
    assert {entry["answer"] for entry in entries} == {"retry"}
    terminal.json("event", "replay", "till", "--from", "0", "--yes")
    name = entries[0]
    event = f"{name['stream']}/{name['stream_id']}/{name['number']}"
    buried = terminal.json("event", "dead-letters", "give-up", "till", event, "--reason", "poison", "--yes")
    assert (buried["reason"], buried["status"]) == ("poison", "dead")
    (row,) = terminal.json("event", "dead-letters", "list", "--subscription", "till")["data"]
    assert row["id"] == buried["id"]
    assert terminal.json("event", "dead-letters", "list")["data"] == [row]
    assert terminal.json("event", "dead-letters", "retry", "till", row["id"])["status"] == "retrying"
    assert "names no event" in terminal.refused(
        2, "event", "dead-letters", "give-up", "till", "order/7", "--reason", "x", "--yes"
    )


def test_a_webhook_that_answers_is_no_failure(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler in the place of a webhook: it is reached without a network."""
    handlers = {"mirror": Handler(call=lambda _: None)}
    ordercore.open(terminal.url, handlers=handlers).close()
    opened = ordercore.open
    monkeypatch.setattr("ordercore.bootstrap.open", lambda url: opened(url, handlers=handlers))
    assert terminal.json("webhook", "test", "mirror")["answer"] == "delivered"


def test_events_are_listed_and_followed_by_position(terminal: Terminal) -> None:
    terminal.add_mug()
    terminal.add_mug(sku="CUP")
    first = terminal.json("event", "list", "--type", "product.*", "--limit", "1")
    assert ([row["position"] for row in first["data"]], first["next"]) == ([1], "1")
    lines = terminal.run("event", "tail", "--from", "0", "--count", "2").stdout.splitlines()
    assert [json.loads(line)["position"] for line in lines] == [1, 2]
    table = terminal.run("event", "tail", "--from", "1", "--count", "1", "--format", "table").stdout
    assert table.startswith("2  ")
    assert "must be a type such as" in terminal.refused(2, "event", "list", "--type", "*x")


def test_following_begins_now_and_ends_with_ctrl_c(terminal: Terminal) -> None:
    terminal.add_mug()
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert terminal.run("event", "tail").stdout == ""


def test_the_worker_says_what_it_is_at(terminal: Terminal) -> None:
    terminal.add_mug()
    tasks = {row["task"]: row for row in terminal.json("worker", "status")["data"]}
    assert set(tasks) == {"housekeeping", "relay", "sequencer"}
    assert tasks["sequencer"]["backlog"] == "1 events without a position"
    assert tasks["housekeeping"]["ran_at"] is None
