"""The suites are checkers, so they are checked: adapters with planted faults fail where they should."""

import re
import subprocess
import sys

import pytest

OFFENDERS = """
import datetime
import logging
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.domain.errors import NotificationFailed
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


class FindsHoldsOnly(FakeGateway):
    def find(self, request):
        return super().find(request) if request.kind.value == "authorise" else None


class FindsByCharging(FakeGateway):
    def find(self, request):
        return self.call(request)


class MovesMore(FakeGateway):
    def call(self, request):
        answer = super().call(request)
        return answer if answer.amount is None else evolve(answer, amount=answer.amount * 2)


class BelievesAnybody(FakeGateway):
    def read_notification(self, body, headers):
        return FakeGateway.read_notification(self, *self.notification(self.entries()[-1].request.key))


class ForgetsActions(FakeGateway):
    def find(self, request):
        answer = super().find(request)
        return None if answer is not None and answer.next_action is not None else answer


class LosesRecords(FakeGateway):
    def records(self, since, until):
        return iter(())


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
    def send(self, message):
        raise ConnectionError


class TriesForEver:
    def send(self, message):
        if "@example.com" not in message.to.email:
            raise NotificationFailed(reason="no address")


class Repeats:
    def send(self, message):
        raise NotificationFailed(reason=f"no address: {message.to.email}", is_retryable=False)


class Talks:
    def send(self, message):
        logging.getLogger("ordercore.talks").info("told %s", message.to.name)


class TakesOneKind:
    def send(self, message):
        if message.kind != "confirmation":
            raise NotificationFailed(reason="unknown kind", is_retryable=False)


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


class FakeSuite(PaymentGatewaySuite):
    action_token = "tok_threeDSecure"

    def act(self, gateway, reference, *, confirms):
        gateway.act(reference, confirms=confirms)

    def notification(self, gateway, request, *, age=datetime.timedelta(0)):
        return gateway.notification(request.key, sent_at=datetime.datetime.now(datetime.UTC) - age)


TestForgetsKeys = trial(FakeSuite, "gateway", lambda: ForgetsKeys(slow_seconds=0.2))
TestFindsByCharging = trial(FakeSuite, "gateway", FindsByCharging)
TestFindsHoldsOnly = trial(FakeSuite, "gateway", FindsHoldsOnly)
TestMovesMore = trial(FakeSuite, "gateway", MovesMore)
TestBelievesAnybody = trial(FakeSuite, "gateway", BelievesAnybody)
TestForgetsActions = trial(FakeSuite, "gateway", ForgetsActions)
TestLosesRecords = trial(FakeSuite, "gateway", LosesRecords)
TestWaitsAsItLikes = trial(PaymentGatewaySuite, "gateway", lambda: WaitsAsItLikes(slow_seconds=0.2))
TestKeepsTheWait = trial(PaymentGatewaySuite, "gateway", KeepsTheWait)
TestKeepsTheWaitToo = trial(CarrierSuite, "carrier", KeepsTheWaitToo)
TestBuysTwice = trial(CarrierSuite, "carrier", BuysTwice)
TestCarries = trial(PublisherTrial, "publisher", Carries)
TestSwallowsEvents = trial(PublisherTrial, "publisher", SwallowsEvents)
TestRaisesErrors = trial(PublisherTrial, "publisher", RaisesErrors)
TestTellsAll = trial(PublisherTrial, "publisher", TellsAll)
TestRaises = trial(NotifierSuite, "notifier", Raises)
TestTriesForEver = trial(NotifierSuite, "notifier", TriesForEver)
TestRepeats = trial(NotifierSuite, "notifier", Repeats)
TestTalks = trial(NotifierSuite, "notifier", Talks)
TestTakesOneKind = trial(NotifierSuite, "notifier", TakesOneKind)
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
        ("FindsHoldsOnly", "an_earlier_change_is_found_with_its_answer"),
        ("FindsByCharging", "asking_for_a_call_does_not_make_it"),
        ("MovesMore", "an_approval_names_the_amount_that_moved"),
        ("BelievesAnybody", "a_notification_is_believed_only_as_it_was_signed"),
        ("BelievesAnybody", "a_notification_of_an_hour_ago_is_refused"),
        ("ForgetsActions", "an_action_is_awaited_until_the_customer_has_acted"),
        ("LosesRecords", "the_books_show_where_the_money_of_each_authorisation_is"),
        ("WaitsAsItLikes", "a_slow_call_is_unknown_when_the_wait_is_over_and_found_later"),
        ("KeepsTheWait", "how_long_we_wait_is_no_part_of_what_we_ask"),
        ("KeepsTheWaitToo", "how_long_we_wait_is_no_part_of_the_parcel"),
        ("BuysTwice", "a_wait_that_is_over_soon_buys_no_second_label"),
        ("BuysTwice", "a_repeated_key_answers_the_same_label"),
        ("BuysTwice", "a_key_with_another_parcel_buys_no_second_label"),
        ("BuysTwice", "one_key_in_many_threads_is_one_label"),
        ("Raises", "it_takes_messages_from_many_threads"),
        ("Raises", "it_takes_every_name"),
        ("Raises", "it_takes_every_locale"),
        ("Raises", "it_takes_the_same_message_again"),
        ("TriesForEver", "what_is_no_address_is_taken_or_refused_for_good"),
        ("Repeats", "what_is_no_address_is_taken_or_refused_for_good"),
        ("Talks", "nothing_personal_is_logged"),
        ("TakesOneKind", "it_takes_every_kind_of_message"),
        ("TakesOneKind", "it_takes_every_currency"),
        ("SwallowsEvents", "what_is_taken_has_arrived_in_its_order"),
        ("SwallowsEvents", "many_threads_lose_nothing"),
        ("RaisesErrors", "nobody_there_is_to_be_tried_again_and_told_in_time"),
        ("RaisesErrors", "an_address_that_leads_nowhere_never_raises_and_is_never_shown"),
        ("TellsAll", "an_address_that_leads_nowhere_never_raises_and_is_never_shown"),
        ("TellsAll", "no_secret_is_shown"),
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
