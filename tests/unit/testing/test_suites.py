"""The suites are checkers, so they are checked: adapters with planted faults fail where they should."""

import re
import subprocess
import sys

import pytest

OFFENDERS = """
import datetime
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.ports.publisher import DeliveryAnswer, DeliveryKind, Target
from ordercore.testing.carrier_suite import CarrierSuite
from ordercore.testing.faults import CountingIds, FixedClock
from ordercore.testing.gateway_suite import PaymentGatewaySuite
from ordercore.testing.notifier_suite import NotifierSuite
from ordercore.testing.publisher_suite import PublisherSuite
from ordercore.testing.small_suites import ClockSuite, IdsSuite, PasswordsSuite, SealerSuite


class ForgetsKeys(FakeGateway):
    def call(self, request):
        return super().call(evolve(request, key=str(uuid4())))


class FindsByCharging(FakeGateway):
    def find(self, request):
        return self.call(request)


class WaitsAsItLikes(FakeGateway):
    def call(self, request):
        return super().call(evolve(request, within=None))


class KeepsTheWait(FakeGateway):
    def call(self, request):
        return super().call(evolve(request, reference=str(request.within)))


class KeepsTheWaitToo(FakeCarrier):
    def buy_label(self, request):
        return super().buy_label(evolve(request, recipient=str(request.within)))


class BuysTwice(FakeCarrier):
    def buy_label(self, request):
        return super().buy_label(evolve(request, key=str(uuid4())))


class Raises:
    def notify(self, kind, **about):
        raise ConnectionError


class IsNaive(FixedClock):
    def now(self):
        return super().now().replace(tzinfo=None)


class StandsStill(FixedClock):
    def pause(self, seconds):
        pass


class CountsDown(CountingIds):
    def new(self):
        return UUID(int=(1 << 128) - super().new().int)


class MixesPurposes(PlainSealer):
    def index(self, purpose, value):
        return super().index("", purpose + value)


class KeepsPlainly:
    def hash(self, password):
        return password

    def verify(self, password_hash, password):
        return password_hash == password


class Carries:
    # to a memory, as it should be
    deadline = datetime.timedelta(seconds=5)

    def __init__(self):
        self.arrived = []

    def publish(self, target, envelope):
        if target.address != "memory":
            return self.unreachable(target)
        self.arrived.append(envelope.id)
        return DeliveryAnswer(kind=DeliveryKind.DELIVERED)

    def unreachable(self, target):
        kind = DeliveryKind.RETRY if target.address == "nowhere" else DeliveryKind.REFUSED
        return DeliveryAnswer(kind=kind, detail="nobody there")


class SwallowsEvents(Carries):
    def publish(self, target, envelope):
        if envelope.number == 2:
            return DeliveryAnswer(kind=DeliveryKind.DELIVERED)
        return super().publish(target, envelope)


class RaisesErrors(Carries):
    def unreachable(self, target):
        raise ConnectionError


class TellsAll(Carries):
    def unreachable(self, target):
        return DeliveryAnswer(kind=DeliveryKind.RETRY, detail=repr((target.address, target.secrets)))


class PublisherTrial(PublisherSuite):
    @pytest.fixture
    def target(self):
        return Target(subscription_id=UUID(int=1), kind="webhook", address="memory", secrets=("whsec_abc",))

    @pytest.fixture
    def arrived(self, publisher):
        return lambda: publisher.arrived

    @pytest.fixture
    def absent(self, target):
        return evolve(target, address="nowhere")


def trial(suite, name, make):
    fixture = pytest.fixture(name=name)(lambda self: make())
    return type("Trial", (suite,), {name: fixture})


TestForgetsKeys = trial(PaymentGatewaySuite, "gateway", lambda: ForgetsKeys(slow_seconds=0.2))
TestWaitsAsItLikes = trial(PaymentGatewaySuite, "gateway", lambda: WaitsAsItLikes(slow_seconds=0.2))
TestKeepsTheWait = trial(PaymentGatewaySuite, "gateway", KeepsTheWait)
TestKeepsTheWaitToo = trial(CarrierSuite, "carrier", KeepsTheWaitToo)
TestFindsByCharging = trial(PaymentGatewaySuite, "gateway", FindsByCharging)
TestBuysTwice = trial(CarrierSuite, "carrier", BuysTwice)
TestCarries = trial(PublisherTrial, "publisher", Carries)
TestSwallowsEvents = trial(PublisherTrial, "publisher", SwallowsEvents)
TestRaisesErrors = trial(PublisherTrial, "publisher", RaisesErrors)
TestTellsAll = trial(PublisherTrial, "publisher", TellsAll)
TestRaises = trial(NotifierSuite, "notifier", Raises)
TestIsNaive = trial(ClockSuite, "clock", IsNaive)
TestStandsStill = trial(ClockSuite, "clock", StandsStill)
TestCountsDown = trial(IdsSuite, "ids", CountsDown)
TestMixesPurposes = trial(SealerSuite, "sealer", lambda: MixesPurposes(b"0123456789abcdef"))
TestKeepsPlainly = trial(PasswordsSuite, "passwords", KeepsPlainly)
"""


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("offenders")
    (folder / "test_offenders.py").write_text(OFFENDERS)
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", "."]
    tried = subprocess.run([*program, str(folder)], cwd=folder, capture_output=True, text=True, check=False)
    assert tried.returncode == 1, tried.stdout + tried.stderr
    return tried.stdout


@pytest.mark.parametrize(
    ("offender", "test"),
    [
        ("ForgetsKeys", "a_repeated_key_answers_the_same"),
        ("ForgetsKeys", "a_repeated_capture_takes_the_money_once"),
        ("ForgetsKeys", "a_repeated_refund_gives_back_once"),
        ("ForgetsKeys", "a_key_with_other_content_takes_no_effect"),
        ("ForgetsKeys", "one_key_in_many_threads_is_one_call"),
        ("FindsByCharging", "asking_for_a_call_does_not_make_it"),
        ("WaitsAsItLikes", "a_slow_call_is_unknown_when_the_wait_is_over_and_found_later"),
        ("KeepsTheWait", "how_long_we_wait_is_no_part_of_what_we_ask"),
        ("KeepsTheWaitToo", "how_long_we_wait_is_no_part_of_the_parcel"),
        ("BuysTwice", "a_wait_that_is_over_soon_buys_no_second_label"),
        ("BuysTwice", "a_repeated_key_answers_the_same_label"),
        ("BuysTwice", "a_key_with_another_parcel_buys_no_second_label"),
        ("BuysTwice", "one_key_in_many_threads_is_one_label"),
        ("SwallowsEvents", "what_is_taken_has_arrived_in_its_order"),
        ("SwallowsEvents", "many_threads_lose_nothing"),
        ("RaisesErrors", "nobody_there_is_to_be_tried_again_and_told_in_time"),
        ("RaisesErrors", "an_address_that_leads_nowhere_never_raises_and_is_never_shown"),
        ("TellsAll", "an_address_that_leads_nowhere_never_raises_and_is_never_shown"),
        ("TellsAll", "no_secret_is_shown"),
        ("Raises", "it_tells_from_many_threads"),
        ("IsNaive", "now_is_aware_and_in_utc"),
        ("StandsStill", "a_pause_lets_time_pass"),
        ("CountsDown", "ids_are_uuid7"),
        ("CountsDown", "ids_rise"),
        ("MixesPurposes", "another_value_or_purpose_is_another_digest"),
        ("KeepsPlainly", "a_hash_is_argon2id_and_shows_nothing"),
        ("KeepsPlainly", "equal_passwords_have_different_hashes"),
        ("KeepsPlainly", "what_is_no_hash_verifies_nothing"),
    ],
)
def test_a_planted_fault_is_caught_by(verdict: str, offender: str, test: str) -> None:
    assert re.search(rf"^FAILED .*::Test{offender}::test_{test}\b", verdict, re.MULTILINE), verdict


def test_a_publisher_that_keeps_its_promises_passes(verdict: str) -> None:
    assert "TestCarries" not in verdict


def test_a_suite_that_fails_shows_its_values(verdict: str) -> None:
    assert "assert ProviderAnswer(kind=" in verdict
