import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from xml.etree import ElementTree

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.adapters.shipping.tracking import check_digit, tracking_number
from ordercore.domain.customer import Address, Contact
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind, LabelRequest
from ordercore.testing import strategies
from ordercore.testing.builders import an_address
from ordercore.testing.carrier_suite import CarrierSuite

UNKNOWN = LabelAnswer(kind=LabelAnswerKind.UNKNOWN)


class TestInMemory(CarrierSuite):
    @pytest.fixture
    def carrier(self) -> FakeCarrier:
        return FakeCarrier()


class TestInAFile(CarrierSuite):
    @pytest.fixture
    def carrier(self, tmp_path: Path) -> FakeCarrier:
        return FakeCarrier(tmp_path / "books.db")


@pytest.fixture(params=["memory", "file"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path) -> FakeCarrier:
    return FakeCarrier(tmp_path / "books.db" if request.param == "file" else None)


def parcel(key: str = "k1", *, recipient: str = "Ada", pieces: int = 1, **address: str) -> LabelRequest:
    return LabelRequest(key=key, order_number="1001", recipient=recipient, ship_to=an_address(**address), pieces=pieces)


def test_a_lost_answer_has_made_the_label(carrier: FakeCarrier) -> None:
    request = parcel(line1="TIMEOUT")
    assert carrier.buy_label(request) == UNKNOWN
    (entry,) = carrier.entries()
    assert carrier.buy_label(request) == entry.answer
    assert entry.answer.kind is LabelAnswerKind.MADE


@pytest.mark.parametrize(
    "request_", [parcel(country="AQ"), parcel(line1="UNDELIVERABLE 12"), parcel(pieces=0)], ids=["AQ", "line1", "empty"]
)
def test_a_parcel_that_cannot_go_is_refused(carrier: FakeCarrier, request_: LabelRequest) -> None:
    answer = carrier.buy_label(request_)
    assert answer.kind is LabelAnswerKind.REFUSED
    assert answer.reason
    assert [entry.label for entry in carrier.entries()] == [None]


def test_a_key_with_another_parcel_is_refused(carrier: FakeCarrier) -> None:
    carrier.buy_label(parcel())
    assert carrier.buy_label(parcel(pieces=2)).kind is LabelAnswerKind.REFUSED
    assert len(carrier.entries()) == 1


def test_a_number_that_is_taken_is_given_to_nobody_else(carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ordercore.adapters.shipping.fake.tracking_number", lambda _, attempt: tracking_number("one key", attempt)
    )
    numbers = []
    for key in ("a", "b"):
        label = carrier.buy_label(parcel(key)).label
        assert label is not None
        numbers.append(label.tracking_number)
    assert numbers == [tracking_number("one key", 0), tracking_number("one key", 1)]


def test_new_books_do_not_repeat_the_numbers_of_the_old() -> None:
    labels = [FakeCarrier().buy_label(parcel(key)).label for key in ("a", "b")]
    assert labels[0] is not None
    assert labels[1] is not None
    assert labels[0].tracking_number != labels[1].tracking_number


def test_both_kinds_of_books_keep_the_same(tmp_path: Path) -> None:
    memory, file = FakeCarrier(), FakeCarrier(tmp_path / "books.db")
    for one in (memory, file):
        one.buy_label(parcel("a"))
        one.buy_label(parcel("b", country="AQ"))
    assert memory.entries() == file.entries()


def test_a_file_that_cannot_be_asked_is_an_answer_that_never_came(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    carrier = FakeCarrier(path)
    with sqlite3.connect(path) as spoiler:
        spoiler.execute("DROP TABLE entry")
    spoiler.close()
    assert carrier.buy_label(parcel()) == UNKNOWN


@given(strategies.contacts(), strategies.addresses())
def test_the_label_is_an_svg_that_shows_name_address_and_number(contact: Contact, address: Address) -> None:
    request = evolve(parcel(), recipient=contact.name, ship_to=evolve(address, country="DE", line1="Domkloster 4"))
    label = FakeCarrier().buy_label(request).label
    assert label is not None
    assert label.media_type == "image/svg+xml"
    drawing = ElementTree.fromstring(label.document)
    texts = [" ".join((text.text or "").split()) for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert " ".join(request.recipient.split()) in texts
    assert label.tracking_number in texts


@pytest.mark.parametrize(("serial", "digit"), [("47312482", 9), ("00000000", 5), ("00000001", 4), ("00000050", 0)])
def test_check_digits_are_those_of_the_standard(serial: str, digit: int) -> None:
    assert check_digit(serial) == digit


@given(st.text(max_size=40), st.integers(0, 1000))
def test_tracking_numbers_have_the_form_of_s10(key: str, attempt: int) -> None:
    number = tracking_number(key, attempt)
    assert len(number) == 13
    assert number[:2].isalpha()
    assert int(number[10]) == check_digit(number[2:10])
    assert number.endswith("XX")
    assert tracking_number(key, attempt + 1) != number


def test_many_that_open_a_new_file_at_once_share_it(tmp_path: Path) -> None:
    together = Barrier(8)

    def opened(_: int) -> FakeCarrier:
        together.wait()
        return FakeCarrier(tmp_path / "books.db")

    with ThreadPoolExecutor(8) as pool:
        all_of_them = list(pool.map(opened, range(8)))
    answer = all_of_them[0].buy_label(parcel())
    assert [one.buy_label(parcel()) for one in all_of_them] == [answer] * 8
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


CLIENT = """
import os, signal, sys
from pathlib import Path
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.ports.carrier import LabelRequest
from ordercore.testing.builders import an_address

carrier = FakeCarrier(Path(sys.argv[1]))
for number in range(100):
    request = LabelRequest(key=str(number), order_number="1", recipient="Ada", ship_to=an_address(), pieces=1)
    print(carrier.buy_label(request).label.tracking_number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_that_are_killed_share_one_set_of_books(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    clients = [
        subprocess.Popen([sys.executable, "-c", CLIENT, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [client.communicate()[0].split() for client in clients]
    assert said == [said[0]] * 3
    assert [client.returncode for client in clients] == [-9] * 3
    assert len(FakeCarrier(path).entries()) == len(set(said[0])) == 100
