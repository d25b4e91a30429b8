"""The only place that says, as tests, what a carrier must keep.

class TestMyCarrier(CarrierSuite):
    @pytest.fixture
    def carrier(self): return MyCarrier(...)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from ordercore.domain.shipment import Label
from ordercore.ports.carrier import Carrier, LabelAnswerKind, LabelRequest
from ordercore.testing.builders import an_address


class CarrierSuite:
    """Subclass it and give it the fixture `carrier`; override the two requests where yours needs other addresses."""

    @pytest.fixture
    def carrier(self) -> Carrier:
        """The carrier to be tried."""
        raise NotImplementedError

    def request_to_deliver(self) -> LabelRequest:
        """A parcel that the carrier takes, with a fresh key."""
        return LabelRequest(
            key=str(uuid4()), order_number="1001", recipient="Ada Lovelace", ship_to=an_address(), pieces=2
        )

    def request_to_refuse(self) -> LabelRequest:
        """A parcel that the carrier does not take, with a fresh key."""
        return evolve(self.request_to_deliver(), ship_to=an_address(country="AQ"))

    def test_it_states_how_long_it_takes(self, carrier: Carrier) -> None:
        assert carrier.deadline > timedelta(0)

    def test_a_label_can_be_printed_and_tracked(self, carrier: Carrier) -> None:
        label = self.bought(carrier, self.request_to_deliver())
        assert label.carrier
        assert label.tracking_number
        assert label.document
        assert "/" in label.media_type

    def test_a_parcel_it_cannot_deliver_is_refused_with_a_reason(self, carrier: Carrier) -> None:
        request = self.request_to_refuse()
        answer = carrier.buy_label(request)
        assert (answer.kind, answer.label) == (LabelAnswerKind.REFUSED, None)
        assert answer.reason
        assert carrier.buy_label(request) == answer

    def test_a_repeated_key_answers_the_same_label(self, carrier: Carrier) -> None:
        request = self.request_to_deliver()
        assert carrier.buy_label(request) == carrier.buy_label(request)

    def test_two_parcels_have_two_numbers(self, carrier: Carrier) -> None:
        numbers = {self.bought(carrier, self.request_to_deliver()).tracking_number for _ in range(20)}
        assert len(numbers) == 20

    def test_a_key_with_another_parcel_buys_no_second_label(self, carrier: Carrier) -> None:
        request = self.request_to_deliver()
        label = self.bought(carrier, request)
        answer = carrier.buy_label(evolve(request, pieces=3))
        assert answer.label in (None, label)

    def test_how_long_we_wait_is_no_part_of_the_parcel(self, carrier: Carrier) -> None:
        request = self.request_to_deliver()
        waits = (None, carrier.deadline / 2, carrier.deadline / 3)
        answers = [carrier.buy_label(evolve(request, within=within)) for within in waits]
        assert answers == [answers[0]] * 3
        assert answers[0].kind is LabelAnswerKind.MADE

    def test_a_wait_that_is_over_soon_buys_no_second_label(self, carrier: Carrier) -> None:
        request = self.request_to_deliver()
        hasty = carrier.buy_label(evolve(request, within=timedelta(milliseconds=50)))
        assert hasty.kind in (LabelAnswerKind.MADE, LabelAnswerKind.UNKNOWN)
        label = self.bought(carrier, request)
        assert hasty.label in (None, label)

    def test_one_key_in_many_threads_is_one_label(self, carrier: Carrier) -> None:
        request = self.request_to_deliver()
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(carrier.buy_label, [request] * 16))
        assert answers == [answers[0]] * 16

    def test_a_name_with_markup_is_a_name(self, carrier: Carrier) -> None:
        request = evolve(self.request_to_deliver(), recipient='<script>alert("&")</script> ]]> ^FS~JR')
        assert b"<script>" not in self.bought(carrier, request).document

    def bought(self, carrier: Carrier, request: LabelRequest) -> Label:
        """The label of a request that is taken."""
        answer = carrier.buy_label(request)
        assert answer.kind is LabelAnswerKind.MADE
        assert answer.label is not None
        return answer.label
