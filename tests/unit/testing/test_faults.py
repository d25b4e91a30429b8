import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind
from ordercore.ports.carrier import LabelAnswerKind, LabelRequest
from ordercore.ports.gateway import Card, PaymentGateway, ProviderCall
from ordercore.testing.builders import an_address
from ordercore.testing.carrier_suite import CarrierSuite
from ordercore.testing.faults import (
    CountingIds,
    Cut,
    Fault,
    FaultPlan,
    FaultyCarrier,
    FaultyGateway,
    FixedClock,
    PlannedFault,
)
from ordercore.testing.small_suites import ClockSuite, IdsSuite
from tests.support.gateways import FakeGatewaySuite

CHARGE = ProviderCall(kind=AttemptKind.AUTHORISE, key="k1", amount=Money(1000, "EUR"), token="tok_visa")
PARCEL = LabelRequest(key="k1", order_number="1001", recipient="Ada", ship_to=an_address(), pieces=1)


class TestFaultlessGateway(FakeGatewaySuite):
    @pytest.fixture
    def fake(self) -> FakeGateway:
        return FakeGateway()

    @pytest.fixture
    def gateway(self, fake: FakeGateway) -> FaultyGateway:
        self._fake = fake
        return FaultyGateway(fake, FaultPlan())

    def provider(self, gateway: PaymentGateway) -> FakeGateway:
        assert isinstance(gateway, FaultyGateway)
        return self._fake


class TestFaultlessCarrier(CarrierSuite):
    @pytest.fixture
    def carrier(self) -> FaultyCarrier:
        return FaultyCarrier(FakeCarrier(), FaultPlan())


class TestFixedClock(ClockSuite):
    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()


class TestCountingIds(IdsSuite):
    @pytest.fixture
    def ids(self) -> CountingIds:
        return CountingIds()


def test_a_fault_happens_at_its_pass_and_no_other() -> None:
    plan = FaultPlan(Cut("here", Fault.UNKNOWN, nth=2))
    assert [plan.reach("here"), plan.reach("there"), plan.reach("here"), plan.reach("here")] == [
        False,
        False,
        True,
        False,
    ]
    assert plan.passes == {"here": 3, "there": 1}


def test_a_planned_exception_names_its_point() -> None:
    with pytest.raises(PlannedFault, match="here, pass 1"):
        FaultPlan(Cut("here", Fault.RAISE)).reach("here")


def test_passes_of_many_threads_are_counted() -> None:
    plan = FaultPlan(Cut("here", Fault.UNKNOWN, nth=500))
    with ThreadPoolExecutor(8) as pool:
        lost = list(pool.map(lambda _: plan.reach("here"), range(1000)))
    assert sum(lost) == 1
    assert plan.passes == {"here": 1000}


def test_a_planned_death_is_a_real_one() -> None:
    program = (
        "from ordercore.testing.faults import *\n"
        "plan = FaultPlan(Cut('here', Fault.KILL, nth=2))\n"
        "plan.reach('here')\nprint('once', flush=True)\nplan.reach('here')\nprint('twice', flush=True)"
    )
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "once\n")


def test_faults_need_neither_pytest_nor_hypothesis() -> None:
    seen = "import sys, ordercore.testing.faults; sys.exit('pytest' in sys.modules or 'hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], check=False).returncode == 0


@pytest.mark.parametrize(("side", "charges"), [("before", 0), ("after", 1)])
def test_a_call_is_cut_before_or_after_its_effect(side: str, charges: int) -> None:
    inner = FakeGateway()
    gateway = FaultyGateway(inner, FaultPlan(Cut(f"gateway.authorise.{side}", Fault.UNKNOWN)))
    assert gateway.call(CHARGE).kind is AnswerKind.UNKNOWN
    assert len(inner.entries()) == charges
    assert gateway.call(CHARGE).kind is AnswerKind.APPROVED
    assert len(inner.entries()) == 1


@pytest.mark.parametrize("side", ["before", "after"])
def test_asking_is_cut_off_too(side: str) -> None:
    gateway = FaultyGateway(FakeGateway(), FaultPlan(Cut(f"gateway.find.{side}", Fault.UNKNOWN)))
    answer = gateway.find(CHARGE)
    assert answer is not None
    assert answer.kind is AnswerKind.UNKNOWN
    assert gateway.find(CHARGE) is None


@pytest.mark.parametrize(("side", "labels"), [("before", 0), ("after", 1)])
def test_a_label_is_cut_before_or_after_it_is_made(side: str, labels: int) -> None:
    inner = FakeCarrier()
    carrier = FaultyCarrier(inner, FaultPlan(Cut(f"carrier.label.{side}", Fault.UNKNOWN)))
    assert carrier.buy_label(PARCEL).kind is LabelAnswerKind.UNKNOWN
    assert len(inner.entries()) == labels
    assert carrier.buy_label(PARCEL).kind is LabelAnswerKind.MADE


def test_a_faulty_gateway_hands_on_what_it_does_not_cut() -> None:
    inner = FakeGateway()
    gateway = FaultyGateway(inner, FaultPlan())
    assert gateway.traits == inner.traits
    card = Card(number="4242424242424242", expiry_month=12, expiry_year=2099, cvc="123")
    assert gateway.tokenise(card) == "tok_visa"


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock()
    assert clock.now() == clock.now()
    before = clock.now()
    clock.advance(timedelta(days=31))
    assert clock.now() - before == timedelta(days=31)


def test_counting_ids_are_the_same_in_every_run() -> None:
    ids, again = CountingIds(), CountingIds()
    assert [ids.new(), ids.new()] == [again.new(), again.new()]
    assert str(ids.new()) == "019421bc-aa03-7000-8000-000000000003"
