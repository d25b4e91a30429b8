import tomllib
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any
from xml.etree import ElementTree

import pytest
from attrs import evolve
from babel import Locale

from ordercore.adapters.notifications.formats import money_text
from ordercore.adapters.notifications.rendering import OURS, Rendering
from ordercore.domain.errors import InvalidRequest, NotificationFailed
from ordercore.domain.money import Money, total_of
from ordercore.domain.order import Adjustment, CancelReason, Order, OrderItem
from ordercore.domain.shipment import Shipment, ShipmentLine
from ordercore.ports.notifier import Message, MessageKind
from ordercore.testing.builders import IDS, a_contact, a_message, a_parcel, a_product, an_item, an_order

RENDERING = Rendering(sender="Tea & Mugs <orders@example.com>")
LANGUAGES = ("en", "de")
LATE = Adjustment(id=IDS.new(), kind="shipping", label="Express <b>", amount=Money.of("4.90", "EUR"))


def parsed(mail: EmailMessage) -> EmailMessage:
    """The mail as its reader gets it: written, and read again by the rules."""
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not [defect for part in read.walk() for defect in part.defects]
    return read


def written(message: Message, rendering: Rendering = RENDERING) -> tuple[EmailMessage, str, str]:
    """The mail, its text, its HTML."""
    mail = parsed(rendering.mail(message))
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return mail, text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


class Seen(HTMLParser):
    """What a reader of the HTML sees, and the elements that make it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.tags = "", list[str]()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self.tags.append(tag)


def two_lines(**details: Any) -> Order:
    items = (an_item(a_product("MUG", price="12.50"), 3), an_item(a_product("POT", price="1999.99"), 1))
    order = an_order(items=items, **details)
    total = total_of((*(item.line_total for item in items), LATE.amount), "EUR")
    return evolve(order, adjustments=(LATE,), total=total)


@pytest.mark.parametrize(("kind", "language"), [*product(MessageKind, LANGUAGES)])
def test_every_message_says_what_it_is_about_in_text_and_html(kind: MessageKind, language: str) -> None:
    message = a_message(kind, locale=language)
    mail, text, html = written(message)
    seen = Seen(html).words
    total = money_text(message.order.total, Locale(language))
    for body in (text, seen):
        assert "Ada Lovelace" in body
        assert "1001" in body
        assert total in body
        assert "Product MUG" in body
    assert "1001" in mail["Subject"]
    assert mail["Content-Language"] == language
    assert f'<html lang="{language}" dir="ltr">' in html


def test_the_languages_differ_in_every_word_they_have() -> None:
    english, german = (tomllib.loads((OURS / f"{name}.toml").read_text("utf-8")) for name in LANGUAGES)
    assert english.keys() == german.keys()
    for key, words in english.items():
        assert {field for _, field, _, _ in Formatter().parse(words)} - {None} == {
            field for _, field, _, _ in Formatter().parse(german[key])
        } - {None}, key
    assert [key for key in english if english[key] == german[key]] == []


@pytest.mark.parametrize("locale", ["fr-FR", "tlh", "", "x-klingon"])
def test_a_language_without_words_gets_english_words_and_formats(locale: str) -> None:
    mail, text, _ = written(a_message(locale=locale))
    assert mail["Content-Language"] == "en"
    assert "€12.50" in text


def test_a_region_chooses_the_formats() -> None:
    assert "€\xa012,50" in written(a_message(locale="de-AT"))[1]
    assert "12,50\xa0€" in written(a_message(locale="de-DE"))[1]


def test_a_receipt_has_its_lines_extras_and_total_and_they_add_up() -> None:
    _, text, html = written(a_message(order=two_lines(captured=True)))
    assert "3 x Product MUG (MUG), €12.50: €37.50\n" in text
    assert "1 x Product POT (POT), €1,999.99: €1,999.99\n" in text
    assert "Express <b>: €4.90\nTotal: €2,042.39\n" in text
    cells = [cell.strip() for cell in Seen(html).words.splitlines() if cell.strip()]
    for cell in ("3", "€12.50", "€37.50", "€1,999.99", "Express <b>", "€4.90", "€2,042.39"):
        assert cell in cells


def test_a_parcel_shows_its_tracking_number_and_only_what_is_in_it() -> None:
    order = two_lines(shipped=True)
    parcel = evolve(a_parcel(order), lines=(ShipmentLine(order_item_id=order.items[0].id, quantity=2),))
    _, text, html = written(a_message(MessageKind.SHIPPED, order=order, shipment=parcel))
    for body in (text, Seen(html).words):
        assert "Tracking number (Fake): RA000000005XX" in body
    contents = text.partition("In this parcel:\n")[2].partition("\n\n")[0]
    assert contents.splitlines() == ["2 x Product MUG"]


@pytest.mark.parametrize("without", ["shipment", "label"])
def test_a_message_about_a_parcel_that_is_gone_says_the_rest(without: str) -> None:
    order = an_order(shipped=True)
    parcel: Shipment | None = None if without == "shipment" else evolve(a_parcel(order), label=None)
    _, text, html = written(a_message(MessageKind.SHIPPED, order=order, shipment=parcel))
    assert "Tracking" not in text + html
    assert "handed to the carrier" in text


@pytest.mark.parametrize(("reason", "language"), [*product(CancelReason, LANGUAGES)])
def test_a_cancellation_says_why(reason: CancelReason, language: str) -> None:
    order = evolve(a_message(MessageKind.CANCELLED).order, cancel_reason=reason)
    words = tomllib.loads((OURS / f"{language}.toml").read_text("utf-8"))
    assert words[f"cancelled.{reason}"] in written(a_message(MessageKind.CANCELLED, order=order, locale=language))[1]


def test_a_cancellation_says_whether_money_comes_back() -> None:
    charged = a_message(MessageKind.CANCELLED).order
    held = an_order(paid=True).cancel(
        attempt_id=IDS.new(), entry_id=IDS.new(), at=charged.ordered_at, actor_id=charged.placed_by
    )
    assert "is given back to you" in written(a_message(MessageKind.CANCELLED, order=charged))[1]
    assert "have not been charged" in written(a_message(MessageKind.CANCELLED, order=held))[1]


@pytest.mark.parametrize(("currency", "expected"), [("JPY", "¥123,456"), ("BHD", "BHD123.456"), ("EUR", "€1,234.56")])
def test_a_refund_names_its_amount(currency: str, expected: str) -> None:
    _, text, html = written(a_message(MessageKind.REFUNDED, amount=Money(123456, currency)))
    assert f"given back {expected} to you" in text
    assert f"given back {expected} to you" in Seen(html).words


# -- hostile content ------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script>&amp;\"{receipt}{0}{{7*7}}"


def a_hostile_order() -> Order:
    item: OrderItem = evolve(an_item(), name=HOSTILE, sku=HOSTILE[:40])
    return an_order(items=(item,), contact=a_contact(name=HOSTILE), shipped=True)


@pytest.mark.parametrize("kind", MessageKind)
def test_what_customers_type_is_shown_and_does_nothing(kind: MessageKind) -> None:
    order = a_hostile_order()
    message = a_message(kind, order=evolve(order, cancel_reason=CancelReason.EXPIRED), amount=order.total)
    mail, text, html = written(evolve(message, shipment=a_parcel(order, tracking_number=HOSTILE)))
    seen = Seen(html)
    assert "script" not in seen.tags
    assert seen.words.count(HOSTILE) >= 2
    assert HOSTILE in text
    assert mail["To"].addresses[0].display_name == HOSTILE


@pytest.mark.parametrize("kind", MessageKind)
def test_the_html_is_well_formed(kind: MessageKind) -> None:
    """Void elements aside it is XML, so that a tag left open is seen."""
    html = written(a_message(kind, order=None))[2].removeprefix("<!DOCTYPE html>\n")
    for void in (
        "<br>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
    ):
        html = html.replace(void, "")
    ElementTree.fromstring(html)


def test_line_ends_in_a_name_begin_no_line_anywhere() -> None:
    name = "Ada\r\nBcc: eve@example.com\r\n\r\nGive me your password"
    contact = a_contact()
    contact.__dict__["name"] = name  # as an old row may have it
    mail, text, _ = written(a_message(to=contact))
    assert mail["Bcc"] is None
    assert mail["To"].addresses[0].addr_spec == "ada@example.com"
    assert "Hello Ada Bcc: eve@example.com Give me your password," in text.splitlines()


# -- headers --------------------------------------------------------------------------------------------------------


def test_the_headers_say_who_when_and_which() -> None:
    mail, _, _ = written(a_message(id="order/7/3"))
    assert (
        str(mail["From"]) == '"Tea & Mugs" <orders@example.com>'
        or str(mail["From"]) == "Tea & Mugs <orders@example.com>"
    )
    assert str(mail["To"]) == "Ada Lovelace <ada@example.com>"
    assert mail["Message-ID"] == "<order.7.3@example.com>"
    assert mail["Date"].datetime == a_message().occurred_at
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_repeat_is_the_same_byte_for_byte_and_another_event_is_not() -> None:
    message = a_message()
    assert RENDERING.mail(message).as_bytes() == RENDERING.mail(message).as_bytes()
    other = RENDERING.mail(evolve(message, id="order/7/4"))
    assert other["Message-ID"] != RENDERING.mail(message)["Message-ID"]


@pytest.mark.parametrize(
    ("email", "header"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("zoë@example.com", "zoë@example.com"),
        ('a"d,a<@example.com', '"a\\"d,a<"@example.com'),
        ("o'neill+tag@example.com", "o'neill+tag@example.com"),
    ],
)
def test_unusual_addresses_arrive_whole(email: str, header: str) -> None:
    mail = RENDERING.mail(a_message(to=a_contact(email=email)))
    (address,) = mail["To"].addresses
    assert address.addr_spec == header
    assert len(parsed(mail)["To"].addresses) == 1


@pytest.mark.parametrize("email", ["ada@a>,<eve", "ada@a,b", "ada@-", "ada@a..b", "ada@" + "a" * 64])
def test_an_address_that_would_break_the_header_is_refused_for_good(email: str) -> None:
    with pytest.raises(NotificationFailed) as refused:
        RENDERING.mail(a_message(to=a_contact(email=email)))
    assert not refused.value.is_retryable
    assert email not in str(refused.value)


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("orders@example.com", ("", "orders@example.com")),
        ("<orders@example.com>", ("", "orders@example.com")),
        ("Shop <orders@example.com>", ("Shop", "orders@example.com")),
        ('"Shop, Inc." <orders@example.com>', ("Shop, Inc.", "orders@example.com")),
        ("Läden <orders@bücher.example>", ("Läden", "orders@xn--bcher-kva.example")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str, shown: tuple[str, str]) -> None:
    (address,) = parsed(Rendering(sender=sender).mail(a_message()))["From"].addresses
    assert (address.display_name, address.addr_spec) == shown


@pytest.mark.parametrize("sender", ["", "Shop", "Shop <orders>", "a@b c", "x@y\nBcc: z@example.com>"])
def test_a_sender_that_is_none_is_refused_by_the_settings_name(sender: str) -> None:
    with pytest.raises(InvalidRequest, match="ORDERCORE_MAIL_FROM"):
        Rendering(sender=sender)


def test_without_a_name_the_shop_is_called_after_its_host() -> None:
    assert written(a_message(), Rendering(sender="orders@example.com"))[1].rstrip().endswith("example.com")


# -- the shop's own templates ---------------------------------------------------------------------------------------


def own(folder: Path, **files: str) -> Rendering:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return Rendering(sender="orders@example.com", templates=folder)


def test_a_template_of_the_shop_hides_ours_by_name_and_may_extend_it(tmp_path: Path) -> None:
    html = '{% extends "layout.html" %}{% block body %}<p>Hi {{ receipt.name }}, {{ receipt.total }}!</p>{% endblock %}'
    rendering = own(tmp_path, confirmation_html=html)
    message = a_message(to=a_contact(name="<i>"))
    _, text, seen = written(message, rendering)
    assert "<p>Hi &lt;i&gt;, €12.50!</p>" in seen
    assert "<p>Hi" not in written(message)[2]
    assert "Thank you for your order." in text


def test_the_template_of_the_documentation_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "mails.md").read_text("utf-8")
    rendering = own(tmp_path, shipped_html=page.partition("```html\n")[2].partition("```")[0])
    assert "<p>Fake has it: RA000000005XX</p>" in written(a_message(MessageKind.SHIPPED), rendering)[2]
    assert "has it" not in written(a_message(MessageKind.SHIPPED, shipment=None), rendering)[2]


def test_a_catalogue_of_the_shop_replaces_words_and_adds_languages(tmp_path: Path) -> None:
    rendering = own(
        tmp_path,
        en_toml='"confirmation.subject" = "Yay, {number}!"',
        fr_toml='"confirmation.subject" = "Votre commande {number}"',
    )
    assert written(a_message(), rendering)[0]["Subject"] == "Yay, 1001!"
    mail, text, _ = written(a_message(locale="fr-CA"), rendering)
    assert (mail["Subject"], mail["Content-Language"]) == ("Votre commande 1001", "fr")
    assert "12,50\xa0€" in text
    assert "Thank you for your order." in text, "what is not translated is English"


def test_a_language_that_is_written_to_the_left_says_so(tmp_path: Path) -> None:
    html = written(a_message(locale="ar"), own(tmp_path, ar_toml=""))[2]
    assert '<html lang="ar" dir="rtl">' in html


@pytest.mark.parametrize(
    "files",
    [
        {"confirmation_txt": "{{ receipt.nonsense }}"},
        {"confirmation_txt": "{% if %}"},
        {"confirmation_html": '{{ text("no.such.word") }}'},
        {"confirmation_html": '{% include "nowhere.html" %}'},
        {"en_toml": '"confirmation.body" = "{nobody}"'},
        {"en_toml": "no toml"},
    ],
)
def test_a_broken_template_can_be_mended_and_tells_nothing_of_the_customer(
    tmp_path: Path, files: dict[str, str]
) -> None:
    with pytest.raises(NotificationFailed, match="the templates of confirmation cannot be used") as refused:
        own(tmp_path, **files).mail(a_message())
    assert refused.value.is_retryable
    assert "Ada" not in str(refused.value)


def test_a_folder_of_templates_that_is_none_is_refused_by_the_settings_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="ORDERCORE_MAIL_TEMPLATES"):
        Rendering(sender="orders@example.com", templates=tmp_path / "nowhere")
