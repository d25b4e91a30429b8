"""The only place that makes a mail of a message: words, templates, headers, text and HTML.

Templates are named after what they tell (`shipped.html`, `shipped.txt`); the shop's own folder hides ours by name.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from hashlib import sha256
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from ordercore.adapters.notifications.formats import FALLBACK, locale_of
from ordercore.adapters.notifications.receipts import one_line, receipt_of
from ordercore.adapters.notifications.texts import Catalogues
from ordercore.domain.errors import InvalidRequest, NotificationFailed
from ordercore.ports.notifier import Message

OURS = Path(__file__).with_name("templates")
_LOCAL = re.compile(r"[^\s@]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


class Rendering:
    """Makes mails that come from one sender, `Name <address>`; safe to use from many threads.

    Raises:
        InvalidRequest: the sender is no address, or the folder is none.
    """

    def __init__(self, *, sender: str, templates: Path | None = None) -> None:
        if templates is not None and not templates.is_dir():
            raise InvalidRequest.of("/ORDERCORE_MAIL_TEMPLATES", "must be a folder", "bad_setting")
        self.sender = sender_of(sender)
        folders = [OURS] if templates is None else [templates, OURS]
        self._catalogues = Catalogues(folders)
        self._templates = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def mail(self, message: Message) -> EmailMessage:
        """The mail: headers, text, and the same as HTML. It is the same, byte for byte, whenever nothing has changed.

        Raises:
            NotificationFailed: the address cannot be written to; or a template is broken, which can be mended.
        """
        to = address_of(message.to.email, message.to.name)
        mail = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
        mail["From"] = self.sender
        mail["To"] = to
        mail["Date"] = message.occurred_at
        mail["Message-ID"] = f"<{message.id.replace('/', '.')}@{self.sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
        try:
            self._write(mail, message)
        except (TemplateError, KeyError, OSError, ValueError) as failure:
            # only its kind: the rest may quote what the template was given
            reason = f"the templates of {message.kind} cannot be used: {type(failure).__name__}"
            raise NotificationFailed(reason=reason) from failure
        return mail

    def _write(self, mail: EmailMessage, message: Message) -> None:
        locale = self._locale(message.locale)
        words = self._catalogues.words(locale.language)
        receipt = receipt_of(message, locale)
        shop = one_line(self.sender.display_name) or self.sender.domain

        def text(key: str, **facts: str) -> str:
            return words[key].format(number=receipt.number, name=receipt.name, shop=shop, **facts)

        given = {"receipt": receipt, "text": text, "shop": shop, "kind": message.kind.value}
        given |= {"language": locale.language, "direction": locale.text_direction}
        mail["Subject"] = one_line(text(f"{message.kind}.subject"))
        mail.set_content(self._rendered(f"{message.kind}.txt", given), cte="quoted-printable")
        html = self._rendered(f"{message.kind}.html", given)
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        mail.set_boundary("=_" + sha256(message.id.encode()).hexdigest()[:32])  # "=_" is nowhere in quoted-printable
        mail["Content-Language"] = locale.language

    def _rendered(self, name: str, given: dict[str, Any]) -> str:
        return self._templates.get_template(name).render(given)

    def _locale(self, tag: str) -> Locale:
        locale = locale_of(tag)
        return locale if self._catalogues.speaks(locale.language) else Locale(FALLBACK)


def sender_of(text: str) -> Address:
    """Who mails come from, as `Name <address>` or the address alone.

    Raises:
        InvalidRequest: it is none.
    """
    name, _, bare = one_line(text).rpartition("<") if text.rstrip().endswith(">") else ("", "", text)
    try:
        return address_of(bare.strip().removesuffix(">"), name.strip().strip('"'))
    except NotificationFailed as failure:
        detail = "must be an address such as Shop <orders@example.com>"
        raise InvalidRequest.of("/ORDERCORE_MAIL_FROM", detail, "bad_setting") from failure


def address_of(email: str, name: str) -> Address:
    """An address for a header: nothing in it ends it early, starts another one, or begins another line.

    Raises:
        NotificationFailed: no mail can be sent there.
    """
    local, _, domain = email.rpartition("@")
    try:
        host = domain.encode("idna").decode()  # what every mail server understands, with or without SMTPUTF8
    except UnicodeError:
        host = ""
    if not _LOCAL.fullmatch(local) or not local.isprintable() or not _HOST.fullmatch(host):
        raise NotificationFailed(reason="the address is none", is_retryable=False)
    return Address(display_name=one_line(name), username=local, domain=host)
