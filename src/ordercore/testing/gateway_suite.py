"""The only place that says, as tests, what a payment gateway must keep.

class TestMyGateway(PaymentGatewaySuite):
    @pytest.fixture
    def gateway(self): return MyGateway(...)

What only the provider can do (act as its customer, sign a notification) is asked of the methods at the end; where a
subclass has none, the tests that need it are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import uuid4

import pytest
from attrs import evolve

from ordercore.domain.errors import BadSignature, CardRefused, NotificationIsOld
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.ports.gateway import Card, PaymentGateway, ProviderCall, ProviderRecord

APPROVED, DECLINED, ACTION_REQUIRED = AnswerKind.APPROVED, AnswerKind.DECLINED, AnswerKind.ACTION_REQUIRED


class PaymentGatewaySuite:
    """Subclass it and give it the fixture `gateway`; name your own tokens where the fake's mean nothing.

    `slow_token` is approved after `short_wait` at the earliest, `action_token` when its customer has confirmed; None
    where the provider has no such token.
    """

    good_token: ClassVar[str] = "tok_visa"
    declined_token: ClassVar[str] = "tok_chargeDeclined"
    action_token: ClassVar[str | None] = None
    slow_token: ClassVar[str | None] = "tok_slow"
    short_wait: ClassVar[timedelta] = timedelta(milliseconds=50)
    currency: ClassVar[str] = "EUR"
    good_card: ClassVar[Card] = Card(number="4242424242424242", expiry_month=12, expiry_year=2099, cvc="123")

    @pytest.fixture
    def gateway(self) -> PaymentGateway:
        """The gateway to be tried."""
        raise NotImplementedError

    # -- one attempt --------------------------------------------------------------------------------------------

    def test_it_states_what_it_is(self, gateway: PaymentGateway) -> None:
        traits = gateway.traits
        assert traits.name
        assert timedelta(0) < traits.deadline < traits.key_lifetime
        assert traits.calls_at_once >= 1
        assert all(time is None or time > timedelta(0) for time in (traits.settling_time, traits.hold_lifetime))

    def test_a_good_card_is_approved_with_a_reference(self, gateway: PaymentGateway) -> None:
        answer = gateway.call(self.authorisation())
        assert answer.kind is APPROVED
        assert answer.reference

    def test_an_approval_names_the_amount_that_moved(self, gateway: PaymentGateway) -> None:
        reference = self.authorised(gateway, 1234)
        moves = [self.authorisation(1234), self.change(AttemptKind.CAPTURE, 1000, reference)]
        moves += [self.change(AttemptKind.REFUND, 300, reference)]
        moves += [self.change(AttemptKind.VOID, 600, self.authorised(gateway, 600))]
        assert [gateway.call(move).amount for move in moves] == [move.amount for move in moves]

    def test_a_declined_card_says_why(self, gateway: PaymentGateway) -> None:
        answer = gateway.call(self.authorisation(token=self.declined_token))
        assert answer.kind is DECLINED
        assert answer.decline_code

    def test_an_unknown_token_is_declined(self, gateway: PaymentGateway) -> None:
        assert gateway.call(self.authorisation(token="tok_of_nobody")).kind is DECLINED

    # -- keys ---------------------------------------------------------------------------------------------------

    def test_a_repeated_key_answers_the_same(self, gateway: PaymentGateway) -> None:
        good, bad = self.authorisation(), self.authorisation(token=self.declined_token)
        assert gateway.call(good) == gateway.call(good)
        assert gateway.call(bad) == gateway.call(bad)

    def test_a_repeated_capture_takes_the_money_once(self, gateway: PaymentGateway) -> None:
        capture = self.change(AttemptKind.CAPTURE, 600, self.authorised(gateway, 1200))
        assert gateway.call(capture) == gateway.call(capture)
        rest = self.change(AttemptKind.REFUND, 601, capture.reference)
        assert gateway.call(rest).kind is DECLINED

    def test_a_repeated_refund_gives_back_once(self, gateway: PaymentGateway) -> None:
        reference = self.captured(gateway, 1000)
        refund = self.change(AttemptKind.REFUND, 500, reference)
        assert gateway.call(refund) == gateway.call(refund)
        assert gateway.call(self.change(AttemptKind.REFUND, 500, reference)).kind is APPROVED

    def test_a_key_with_other_content_takes_no_effect(self, gateway: PaymentGateway) -> None:
        first = self.authorisation(1000)
        reference = gateway.call(first).reference
        again = self.authorisation(2000, key=first.key)
        assert gateway.call(again).kind is DECLINED
        assert gateway.call(self.change(AttemptKind.CAPTURE, 2000, reference)).kind is DECLINED

    def test_an_earlier_call_is_found_with_its_answer(self, gateway: PaymentGateway) -> None:
        for request in (self.authorisation(), self.authorisation(token=self.declined_token)):
            assert gateway.find(request) is None
            answer = gateway.call(request)
            assert gateway.find(request) == answer

    @pytest.mark.parametrize("kind", [AttemptKind.CAPTURE, AttemptKind.VOID, AttemptKind.REFUND])
    def test_an_earlier_change_is_found_with_its_answer(self, gateway: PaymentGateway, kind: AttemptKind) -> None:
        made = self.captured if kind is AttemptKind.REFUND else self.authorised
        request = self.change(kind, 1000, made(gateway, 1000))
        assert gateway.find(request) is None
        answer = gateway.call(request)
        assert answer.kind is APPROVED
        assert gateway.find(request) == answer

    def test_asking_for_a_call_does_not_make_it(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        gateway.find(request)
        assert gateway.find(request) is None

    # -- waiting ------------------------------------------------------------------------------------------------

    def test_a_slow_call_is_unknown_when_the_wait_is_over_and_found_later(self, gateway: PaymentGateway) -> None:
        if self.slow_token is None:
            pytest.skip(f"{gateway.traits.name} has no token that is slow")
        request = self.authorisation(token=self.slow_token)
        assert gateway.call(evolve(request, within=self.short_wait)).kind is AnswerKind.UNKNOWN
        answer = gateway.call(request)
        assert answer.kind is APPROVED
        assert gateway.find(request) == answer

    def test_how_long_we_wait_is_no_part_of_what_we_ask(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        waits = (None, gateway.traits.deadline / 2, gateway.traits.deadline / 3)
        answers = [gateway.call(evolve(request, within=within)) for within in waits]
        assert answers == [answers[0]] * 3
        assert answers[0].kind is APPROVED
        assert gateway.find(evolve(request, within=waits[1])) == answers[0]

    # -- bounds -------------------------------------------------------------------------------------------------

    def test_what_was_authorised_can_be_captured_and_refunded(self, gateway: PaymentGateway) -> None:
        reference = self.authorised(gateway, 1000)
        for kind in (AttemptKind.CAPTURE, AttemptKind.REFUND):
            assert gateway.call(self.change(kind, 1000, reference)).kind is APPROVED

    def test_what_is_captured_in_parts_stays_within_the_authorisation(self, gateway: PaymentGateway) -> None:
        if not gateway.traits.captures_many:
            pytest.skip(f"{gateway.traits.name} captures an authorisation once")
        reference = self.authorised(gateway, 1000)
        kinds = [gateway.call(self.change(AttemptKind.CAPTURE, minor, reference)).kind for minor in (400, 600, 1)]
        assert kinds == [APPROVED, APPROVED, DECLINED]

    def test_a_refund_may_come_in_parts_but_not_exceed_the_capture(self, gateway: PaymentGateway) -> None:
        if not gateway.traits.refunds_in_parts:
            pytest.skip(f"{gateway.traits.name} refunds whole captures only")
        reference = self.captured(gateway, 1000)
        kinds = [gateway.call(self.change(AttemptKind.REFUND, minor, reference)).kind for minor in (400, 600, 1)]
        assert kinds == [APPROVED, APPROVED, DECLINED]

    def test_no_more_is_captured_than_was_authorised(self, gateway: PaymentGateway) -> None:
        reference = self.authorised(gateway, 1000)
        self.assert_declined(gateway, self.change(AttemptKind.CAPTURE, 1001, reference))

    def test_a_void_ends_an_authorisation(self, gateway: PaymentGateway) -> None:
        reference = self.authorised(gateway, 1000)
        assert gateway.call(self.change(AttemptKind.VOID, 1000, reference)).kind is APPROVED
        self.assert_declined(gateway, self.change(AttemptKind.CAPTURE, 1000, reference))

    def test_what_is_void_already_may_be_voided_again(self, gateway: PaymentGateway) -> None:
        """Somebody ended it in between: what was asked for is so."""
        reference = self.authorised(gateway, 1000)
        kinds = [gateway.call(self.change(AttemptKind.VOID, 1000, reference)).kind for _ in range(2)]
        assert kinds == [APPROVED, APPROVED]

    def test_what_was_captured_cannot_be_voided(self, gateway: PaymentGateway) -> None:
        self.assert_declined(gateway, self.change(AttemptKind.VOID, 1000, self.captured(gateway, 1000)))

    def test_nothing_captured_cannot_be_refunded(self, gateway: PaymentGateway) -> None:
        self.assert_declined(gateway, self.change(AttemptKind.REFUND, 1, self.authorised(gateway, 1000)))

    @pytest.mark.parametrize("kind", [AttemptKind.CAPTURE, AttemptKind.VOID, AttemptKind.REFUND])
    def test_an_unknown_authorisation_moves_no_money(self, gateway: PaymentGateway, kind: AttemptKind) -> None:
        self.assert_declined(gateway, self.change(kind, 1000, "of_nobody"))

    # -- many threads -------------------------------------------------------------------------------------------

    def test_one_key_in_many_threads_is_one_call(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        answers = in_threads(gateway, [request] * 16)
        assert answers == [answers[0]] * 16

    def test_many_captures_at_once_take_no_more_than_is_due(self, gateway: PaymentGateway) -> None:
        reference = self.authorised(gateway, 1000)
        captures = [self.change(AttemptKind.CAPTURE, 1000, reference) for _ in range(16)]
        kinds = [answer.kind for answer in in_threads(gateway, captures)]
        assert kinds.count(APPROVED) == 1

    # -- the vault ----------------------------------------------------------------------------------------------

    def test_the_token_of_a_good_card_is_approved(self, gateway: PaymentGateway) -> None:
        token = self.open_vault(gateway).tokenise(self.good_card)
        assert token != self.good_card.number
        assert gateway.call(self.authorisation(token=token)).kind is APPROVED

    def test_a_refused_card_is_not_quoted(self, gateway: PaymentGateway) -> None:
        card = Card(number="4242424242424241", expiry_month=12, expiry_year=2099, cvc="123")
        with pytest.raises(CardRefused) as refusal:
            self.open_vault(gateway).tokenise(card)
        assert card.number not in f"{refusal.value!s} {refusal.value!r} {refusal.value.facts}"

    # -- an action of the customer --------------------------------------------------------------------------------

    def test_an_action_is_awaited_until_the_customer_has_acted(self, gateway: PaymentGateway) -> None:
        request = self.waiting(gateway)
        first, again = gateway.find(request), gateway.find(request)
        assert first is not None
        assert first == again
        assert first.next_action is not None
        assert first.next_action.value
        assert first.next_action.value not in repr(first)

    @pytest.mark.parametrize(("confirms", "kind"), [(True, APPROVED), (False, DECLINED)])
    def test_what_the_customer_did_is_found(self, gateway: PaymentGateway, confirms: bool, kind: AnswerKind) -> None:
        request = self.waiting(gateway)
        self.act(gateway, self.found(gateway, request).reference or "", confirms=confirms)
        answer = self.found(gateway, request)
        assert answer.kind is kind
        if confirms:
            assert gateway.call(self.change(AttemptKind.CAPTURE, 1000, answer.reference)).kind is APPROVED

    def test_a_void_ends_the_wait_for_the_customer(self, gateway: PaymentGateway) -> None:
        request = self.waiting(gateway)
        reference = self.found(gateway, request).reference
        assert gateway.call(self.change(AttemptKind.VOID, 1000, reference)).kind is APPROVED
        assert self.found(gateway, request).kind is DECLINED
        self.assert_declined(gateway, self.change(AttemptKind.CAPTURE, 1000, reference))

    # -- notifications --------------------------------------------------------------------------------------------

    def test_a_notification_tells_what_the_provider_would_answer(self, gateway: PaymentGateway) -> None:
        good, bad = self.authorisation(), self.authorisation(token=self.declined_token)
        capture = self.change(AttemptKind.CAPTURE, 600, gateway.call(good).reference)
        for request, answer in ((bad, gateway.call(bad)), (capture, gateway.call(capture))):
            (report,) = gateway.read_notification(*self.notification(gateway, request))
            assert (report.kind, report.key, report.answer.kind) == (request.kind, request.key, answer.kind)
            assert report.answer.amount == answer.amount
            assert report.event_id
            assert report.occurred_at.tzinfo is not None

    def test_the_same_news_has_the_same_event_id(self, gateway: PaymentGateway) -> None:
        first, other = self.authorisation(), self.authorisation()
        for request in (first, other):
            gateway.call(request)
        told = [gateway.read_notification(*self.notification(gateway, each)) for each in (first, first, other)]
        names = [reports[0].event_id for reports in told]
        assert names[0] == names[1] != names[2]

    def test_a_notification_is_believed_only_as_it_was_signed(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        gateway.call(request)
        body, headers = self.notification(gateway, request)
        unsigned = dict.fromkeys(headers, "v1,AAAA")
        for forged in ((body + b" ", headers), (body, unsigned), (body, {}), (b"", headers)):
            with pytest.raises(BadSignature):
                gateway.read_notification(*forged)

    def test_the_names_of_headers_come_in_any_case(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        gateway.call(request)
        body, headers = self.notification(gateway, request)
        assert gateway.read_notification(body, {name.title(): value for name, value in headers.items()})

    def test_a_notification_of_an_hour_ago_is_refused(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        gateway.call(request)
        with pytest.raises(NotificationIsOld):
            gateway.read_notification(*self.notification(gateway, request, age=timedelta(hours=1)))

    # -- books ----------------------------------------------------------------------------------------------------

    def test_the_books_show_where_the_money_of_each_authorisation_is(self, gateway: PaymentGateway) -> None:
        sold, ended, refused = self.authorisation(), self.authorisation(), self.authorisation(token=self.declined_token)
        references = [gateway.call(request).reference for request in (sold, ended, refused)]
        gateway.call(self.change(AttemptKind.CAPTURE, 700, references[0]))
        gateway.call(self.change(AttemptKind.REFUND, 200, references[0]))
        gateway.call(self.change(AttemptKind.VOID, 1000, references[1]))
        found = {record.key: record for record in self.books(gateway)}
        assert refused.key not in found
        assert found[sold.key].reference == references[0]
        assert found[sold.key].captured == Money(700, self.currency)
        assert found[sold.key].refunded == Money(200, self.currency)
        assert found[ended.key].authorised == Money(0, self.currency)
        assert found[ended.key].captured == Money(0, self.currency)

    def test_the_books_of_another_time_show_nothing_of_now(self, gateway: PaymentGateway) -> None:
        request = self.authorisation()
        gateway.call(request)
        (record,) = [each for each in self.books(gateway) if each.key == request.key]
        made_at, tick = record.made_at, timedelta(seconds=1)
        earlier, later = gateway.records(made_at - tick, made_at), gateway.records(made_at + tick, made_at + 2 * tick)
        assert request.key not in {each.key for each in (*earlier, *later)}

    # -- what only the provider can do ------------------------------------------------------------------------------

    def act(self, gateway: PaymentGateway, reference: str, *, confirms: bool) -> None:
        """Do what the customer of that authorisation was asked to do, or fail at it; needed with `action_token`."""
        raise NotImplementedError

    def notification(
        self, gateway: PaymentGateway, request: ProviderCall, *, age: timedelta = timedelta(0)
    ) -> tuple[bytes, Mapping[str, str]]:
        """Body and headers of the provider's notification about that call, signed so long ago."""
        pytest.skip(f"the notifications of {gateway.traits.name} were not tried: no {age} old one of {request.kind}")

    # -- what the tests above are told with ---------------------------------------------------------------------

    def waiting(self, gateway: PaymentGateway) -> ProviderCall:
        """A wish to hold money that its customer has to confirm."""
        if self.action_token is None:
            pytest.skip(f"{gateway.traits.name} asks nothing of customers")
        request = self.authorisation(token=self.action_token)
        assert gateway.call(request).kind is ACTION_REQUIRED
        return request

    def found(self, gateway: PaymentGateway, request: ProviderCall) -> ProviderAnswer:
        """What the provider says by now."""
        answer = gateway.find(request)
        assert answer is not None
        return answer

    def books(self, gateway: PaymentGateway) -> list[ProviderRecord]:
        """The provider's records of today."""
        now = datetime.now(UTC)
        return list(gateway.records(now - timedelta(days=1), now + timedelta(days=1)))

    def authorisation(self, minor: int = 1000, *, token: str | None = None, key: str | None = None) -> ProviderCall:
        """A wish to hold money, with a fresh key unless one is given."""
        return ProviderCall(
            kind=AttemptKind.AUTHORISE,
            key=key or str(uuid4()),
            amount=Money(minor, self.currency),
            token=token or self.good_token,
        )

    def change(self, kind: AttemptKind, minor: int, reference: str | None) -> ProviderCall:
        """A wish to capture, void or refund, with a fresh key."""
        return ProviderCall(kind=kind, key=str(uuid4()), amount=Money(minor, self.currency), reference=reference)

    def authorised(self, gateway: PaymentGateway, minor: int) -> str:
        """The reference of an approved authorisation."""
        reference = gateway.call(self.authorisation(minor)).reference
        assert reference is not None
        return reference

    def captured(self, gateway: PaymentGateway, minor: int) -> str:
        """The reference of an authorisation that was captured whole."""
        reference = self.authorised(gateway, minor)
        assert gateway.call(self.change(AttemptKind.CAPTURE, minor, reference)).kind is APPROVED
        return reference

    def assert_declined(self, gateway: PaymentGateway, request: ProviderCall) -> None:
        """It is declined, says why, and answers the same again."""
        answer = gateway.call(request)
        assert answer.kind is DECLINED
        assert answer.decline_code
        assert gateway.call(request) == answer

    def open_vault(self, gateway: PaymentGateway) -> PaymentGateway:
        """The gateway, where its vault takes cards from us."""
        if not gateway.traits.accepts_cards:
            pytest.skip(f"the vault of {gateway.traits.name} takes no cards from us")
        return gateway


def in_threads(gateway: PaymentGateway, requests: list[ProviderCall]) -> list[ProviderAnswer]:
    """All answers, asked side by side."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(gateway.call, requests))
