import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from ordercore.adapters.payments.books import Account
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.errors import ProviderUnavailable
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.faults import FixedClock
from tests.support.gateways import FakeGatewaySuite

UNKNOWN = ProviderAnswer(kind=AnswerKind.UNKNOWN)


class TestInMemory(FakeGatewaySuite):
    @pytest.fixture
    def gateway(self) -> FakeGateway:
        return FakeGateway()


class TestInAFile(FakeGatewaySuite):
    @pytest.fixture
    def gateway(self, tmp_path: Path) -> FakeGateway:
        return FakeGateway(tmp_path / "books.db")


@pytest.fixture(params=["memory", "file"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> FakeGateway:
    return FakeGateway(tmp_path / "books.db" if request.param == "file" else None)


def wish(
    kind: AttemptKind = AttemptKind.AUTHORISE,
    *,
    key: str = "k1",
    minor: int = 1000,
    currency: str = "EUR",
    token: str | None = None,
    reference: str | None = None,
) -> ProviderCall:
    return ProviderCall(kind=kind, key=key, amount=Money(minor, currency), token=token, reference=reference)


def held(gateway: FakeGateway, token: str = "tok_visa", key: str = "held") -> str:
    reference = gateway.call(wish(key=key, token=token)).reference
    assert reference is not None
    return reference


def code_of(answer: ProviderAnswer) -> str | None:
    assert answer.kind is AnswerKind.DECLINED
    return answer.decline_code


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_chargeDeclined", "card_declined"),
        ("tok_insufficientFunds", "insufficient_funds"),
        ("tok_actionRequired", "authentication_required"),
        ("tok_of_nobody", "invalid_token"),
        (None, "invalid_token"),
    ],
)
def test_a_token_is_declined_with_its_code(gateway: FakeGateway, token: str | None, code: str) -> None:
    assert code_of(gateway.call(wish(token=token))) == code
    assert gateway.accounts() == {}


def test_a_time_out_has_charged_and_the_repeat_tells(gateway: FakeGateway) -> None:
    request = wish(token="tok_timeout")
    assert gateway.call(request) == UNKNOWN
    assert gateway.accounts()["k1"].authorised == 1000
    found = gateway.find(request)
    assert found is not None
    assert found.kind is AnswerKind.APPROVED
    assert gateway.call(request) == found
    assert len(gateway.entries()) == 1


def test_a_slow_card_answers_after_its_time() -> None:
    clock = FixedClock()
    began = clock.now()
    gateway = FakeGateway(slow_seconds=3, pause=clock.pause)
    assert gateway.call(wish(token="tok_slow")).kind is AnswerKind.APPROVED
    assert clock.now() - began == timedelta(seconds=3)


def test_a_card_slower_than_the_deadline_is_unknown_at_the_deadline_and_charged() -> None:
    clock = FixedClock()
    began = clock.now()
    gateway = FakeGateway(deadline=timedelta(seconds=2), slow_seconds=3, pause=clock.pause)
    assert gateway.call(wish(token="tok_slow")) == UNKNOWN
    assert clock.now() - began == timedelta(seconds=2)
    assert gateway.accounts()["k1"].authorised == 1000
    assert gateway.call(wish(token="tok_slow")).kind is AnswerKind.APPROVED


def test_a_capture_that_fails_leaves_the_authorisation(gateway: FakeGateway) -> None:
    reference = held(gateway, "tok_captureFails")
    assert code_of(gateway.call(wish(AttemptKind.CAPTURE, reference=reference))) == "capture_failed"
    assert gateway.accounts()["held"].authorised == 1000
    assert gateway.accounts()["held"].captured == 0


def test_a_capture_that_times_out_has_taken_the_money(gateway: FakeGateway) -> None:
    capture = wish(AttemptKind.CAPTURE, reference=held(gateway, "tok_captureTimeout"))
    assert gateway.call(capture) == UNKNOWN
    assert gateway.accounts()["held"].captured == 1000
    assert gateway.call(capture).kind is AnswerKind.APPROVED


def test_a_refused_capture_of_a_card_that_times_out_is_answered(gateway: FakeGateway) -> None:
    capture = wish(AttemptKind.CAPTURE, minor=1001, reference=held(gateway, "tok_captureTimeout"))
    assert code_of(gateway.call(capture)) == "amount_too_large"


def test_a_key_with_other_content_is_declined_and_leaves_no_line(gateway: FakeGateway) -> None:
    gateway.call(wish(token="tok_visa"))
    assert code_of(gateway.call(wish(token="tok_visa", minor=2000))) == "key_reused"
    assert [entry.request.amount.amount_minor for entry in gateway.entries()] == [1000]


@pytest.mark.parametrize(
    ("earlier", "request_", "code"),
    [
        ([], wish(AttemptKind.CAPTURE, minor=1001), "amount_too_large"),
        ([], wish(AttemptKind.CAPTURE, minor=0), "invalid_amount"),
        ([], wish(AttemptKind.CAPTURE, currency="USD"), "currency_mismatch"),
        ([], wish(AttemptKind.VOID, minor=999), "amount_mismatch"),
        ([], wish(AttemptKind.REFUND), "amount_too_large"),
        ([AttemptKind.VOID], wish(AttemptKind.CAPTURE), "already_voided"),
        ([AttemptKind.VOID], wish(AttemptKind.VOID), "already_voided"),
        ([AttemptKind.CAPTURE], wish(AttemptKind.VOID), "already_captured"),
        ([AttemptKind.CAPTURE], wish(AttemptKind.REFUND, minor=1001), "amount_too_large"),
    ],
)
def test_every_bound_has_its_code(
    gateway: FakeGateway, earlier: list[AttemptKind], request_: ProviderCall, code: str
) -> None:
    reference = held(gateway)
    for kind in earlier:
        assert gateway.call(wish(kind, key=kind.value, reference=reference)).kind is AnswerKind.APPROVED
    refused = wish(
        request_.kind,
        minor=request_.amount.amount_minor,
        currency=request_.amount.currency,
        reference=reference,
    )
    assert code_of(gateway.call(refused)) == code


def test_nothing_is_authorised_for_nothing(gateway: FakeGateway) -> None:
    assert code_of(gateway.call(wish(token="tok_visa", minor=0))) == "invalid_amount"


def test_money_of_an_unknown_reference_does_not_move(gateway: FakeGateway) -> None:
    for reference in (None, "of_nobody"):
        assert code_of(gateway.call(wish(AttemptKind.VOID, key=str(reference), reference=reference))) == (
            "unknown_reference"
        )


def test_the_books_show_every_line_and_what_it_came_to(gateway: FakeGateway) -> None:
    sold, ended = held(gateway, key="sold"), held(gateway, key="ended")
    gateway.call(wish(AttemptKind.CAPTURE, key="c", minor=600, reference=sold))
    gateway.call(wish(AttemptKind.REFUND, key="r", minor=100, reference=sold))
    gateway.call(wish(AttemptKind.CAPTURE, key="too much", minor=401, reference=sold))
    gateway.call(wish(AttemptKind.VOID, key="v", reference=ended))
    assert gateway.accounts() == {
        "sold": Account(currency="EUR", token="tok_visa", authorised=1000, captured=600, refunded=100),
        "ended": Account(currency="EUR", token="tok_visa", is_voided=True),
    }
    told = [(entry.request.key, entry.request.kind.value, entry.decline_code) for entry in gateway.entries()]
    assert told == [
        ("sold", "authorise", None),
        ("ended", "authorise", None),
        ("c", "capture", None),
        ("r", "refund", None),
        ("too much", "capture", "amount_too_large"),
        ("v", "void", None),
    ]


def test_both_kinds_of_books_keep_the_same(tmp_path: Path) -> None:
    clock = FixedClock()
    memory, file = FakeGateway(now=clock.now), FakeGateway(tmp_path / "books.db", now=clock.now)
    for one in (memory, file):
        gateway_life(one)
    assert memory.entries() == file.entries()
    assert memory.accounts() == file.accounts()


def gateway_life(gateway: FakeGateway) -> None:
    reference = held(gateway)
    gateway.call(wish(AttemptKind.CAPTURE, key="c", reference=reference))
    gateway.call(wish(key="d", token="tok_chargeDeclined"))
    for key in ("waits", "confirms", "fails", "abandoned"):
        gateway.call(wish(key=key, token="tok_threeDSecure"))
    gateway.act("authorise_confirms")
    gateway.act("authorise_fails", confirms=False)
    gateway.call(wish(AttemptKind.VOID, key="v", reference="authorise_abandoned"))


def test_an_action_is_taken_once_and_only_where_one_is_asked_for(gateway: FakeGateway) -> None:
    gateway.call(wish(key="waits", token="tok_threeDSecure"))
    gateway.act("authorise_waits")
    for reference in ("authorise_waits", held(gateway), "authorise_of_nobody"):
        with pytest.raises(ValueError, match=f"nothing is asked of the customer of {reference}"):
            gateway.act(reference)


def test_nothing_is_told_of_a_call_that_never_was(gateway: FakeGateway) -> None:
    with pytest.raises(ValueError, match="no call with the key k9"):
        gateway.notification("k9")


def test_books_without_the_secret_of_their_notifications_get_one_and_go_on(tmp_path: Path) -> None:
    """Files of the first release have neither the secret nor the columns that came with it."""
    path = tmp_path / "books.db"
    told = FakeGateway(path).call(wish(token="tok_visa"))
    with sqlite3.connect(path) as older:
        older.execute("DROP TABLE secret")
        older.execute("ALTER TABLE entry DROP COLUMN is_waiting")
        older.execute("ALTER TABLE entry DROP COLUMN heard_at")
    older.close()
    gateway = FakeGateway(path)
    assert gateway.find(wish(token="tok_visa")) == told
    assert gateway.read_notification(*gateway.notification("k1"))[0].key == "k1"


def test_books_that_cannot_be_read_are_said_to_be_unavailable(tmp_path: Path) -> None:
    gateway = FakeGateway(tmp_path / "books.db")
    with sqlite3.connect(tmp_path / "books.db") as spoiler:
        spoiler.execute("DROP TABLE entry")
    spoiler.close()
    with pytest.raises(ProviderUnavailable, match="fake cannot be asked now"):
        list(gateway.records(datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)))


def test_a_second_gateway_on_one_file_sees_the_books_of_the_first(tmp_path: Path) -> None:
    first, second = FakeGateway(tmp_path / "books.db"), FakeGateway(tmp_path / "books.db")
    answer = first.call(wish(token="tok_visa"))
    assert second.call(wish(token="tok_visa")) == answer
    assert second.accounts() == first.accounts()


def test_a_file_that_cannot_be_asked_is_an_answer_that_never_came(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    gateway = FakeGateway(path)
    with sqlite3.connect(path) as spoiler:
        spoiler.execute("DROP TABLE entry")
    spoiler.close()
    assert gateway.call(wish(token="tok_visa")) == UNKNOWN
    assert gateway.find(wish(token="tok_visa")) == UNKNOWN


def test_many_that_open_a_new_file_at_once_share_it(tmp_path: Path) -> None:
    together = Barrier(8)

    def opened(_: int) -> FakeGateway:
        together.wait()
        return FakeGateway(tmp_path / "books.db")

    with ThreadPoolExecutor(8) as pool:
        all_of_them = list(pool.map(opened, range(8)))
    answer = all_of_them[0].call(wish(token="tok_visa"))
    assert [one.call(wish(token="tok_visa")) for one in all_of_them] == [answer] * 8
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


CLIENT = """
import os, signal, sys
from pathlib import Path
from threading import Barrier
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.domain.errors import ProviderUnavailable
from ordercore.domain.money import Money
from ordercore.domain.payment import AttemptKind
from ordercore.ports.gateway import ProviderCall

gateway = FakeGateway(Path(sys.argv[1]))
for number in range(200):
    request = ProviderCall(kind=AttemptKind.AUTHORISE, key=str(number), amount=Money(100, "EUR"), token="tok_visa")
    assert gateway.call(request).kind.value == "approved"
    print(number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_that_are_killed_share_one_set_of_books(tmp_path: Path) -> None:
    """All start at once on a file that does not exist, charge the same keys, and are killed after the last."""
    path = tmp_path / "books.db"
    clients = [
        subprocess.Popen([sys.executable, "-c", CLIENT, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [client.communicate()[0].split() for client in clients]
    assert said == [[str(number) for number in range(200)]] * 4
    assert [client.returncode for client in clients] == [-9] * 4
    assert len(FakeGateway(path).entries()) == 200
