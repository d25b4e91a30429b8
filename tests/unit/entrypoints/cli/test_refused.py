import json
import stat
from pathlib import Path

import pytest

from ordercore.domain.errors import InvalidRequest
from ordercore.entrypoints.cli.refused import SHOWN, RefusedLines, beside, without_card_numbers

REFUSAL = InvalidRequest.of("/items/0/quantity", "must be a whole number", "wrong_type")


def test_a_refused_line_is_written_with_number_reason_and_content(tmp_path: Path) -> None:
    file = tmp_path / "refused.jsonl"
    with RefusedLines(file) as refused:
        refused.add(7, REFUSAL, {"idempotency_key": "a"})
    (record,) = map(json.loads, file.read_text().splitlines())
    assert record == {
        "line": 7,
        "code": "invalid_request",
        "reason": "/items/0/quantity: must be a whole number",
        "errors": [{"pointer": "/items/0/quantity", "detail": "must be a whole number", "code": "wrong_type"}],
        "content": {"idempotency_key": "a"},
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_refusals_there_is_no_file(tmp_path: Path) -> None:
    with RefusedLines(tmp_path / "refused.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_only_the_first_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RefusedLines(tmp_path / "refused.jsonl") as refused:
        for number in range(SHOWN + 3):
            refused.add(number, REFUSAL, None)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == SHOWN + 1
    assert told[-1].endswith("refused.jsonl")


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4000-0000-0000-0002",
        "378282246310005",
        "6759649826438453",
        "4242_4242_4242_4242",
        "4242/4242/4242/4242",
        "4242.4242.4242.4242",
    ],
)
def test_card_numbers_are_taken_out(text: str) -> None:
    assert without_card_numbers(f'{{"number":"{text}"}}') == '{"number":"[card number]"}'


def test_a_card_number_beside_other_digits_is_taken_out() -> None:
    assert without_card_numbers("23 4242424242424242") == "23 [card number]"


@pytest.mark.parametrize("text", ["+15135550900", "basket-31198570044", "4242424242424241", "2017-01-01T11:53:26Z"])
def test_other_numbers_stay(text: str) -> None:
    assert without_card_numbers(text) == text


def test_refused_lines_go_beside_their_file(tmp_path: Path) -> None:
    assert beside(str(tmp_path / "orders.jsonl.gz")) == tmp_path / "orders.jsonl.gz.refused.jsonl"


def test_where_that_cannot_be_written_they_go_to_the_current_folder() -> None:
    assert beside("/no/such/folder/orders.jsonl") == Path("orders.jsonl.refused.jsonl")
