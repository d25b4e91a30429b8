"""A mail server on loopback that can be told how to behave."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from attrs import define, field

HANG_UP, TAKE_AND_HANG_UP, DAWDLE = "421 hang up", "421 take it and hang up", "421 dawdle"
LOGIN = LoginPassword(b"shop", b"correct:horse@/%")


@define(eq=False)
class PostOffice:
    """What it was handed, and what it answers at a stage (EHLO, MAIL, RCPT, DATA, QUIT); elsewhere all is well.

    Where the answer is HANG_UP it breaks the connection, TAKE_AND_HANG_UP does so once it has the mail, and where it is
    DAWDLE no answer ever comes.
    """

    answers: Mapping[str, str] = field(factory=dict)
    taken: list[Envelope] = field(factory=list)
    sessions: list[Session] = field(factory=list)
    port: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions.append(session)
        session.host_name = hostname
        refusal = await self._answer("EHLO", server)
        return [refusal] if refusal else responses

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer("MAIL", server) or "250 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server) or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        if self.answers.get("DATA") in (None, TAKE_AND_HANG_UP):
            self.taken.append(envelope)
        return await self._answer("DATA", server) or "250 OK"

    async def handle_QUIT(self, server: SMTP, _: Session, __: Envelope) -> str:
        return await self._answer("QUIT", server) or "221 Bye"

    async def _answer(self, stage: str, server: SMTP) -> str | None:
        answer = self.answers.get(stage)
        if answer in (HANG_UP, TAKE_AND_HANG_UP):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if answer == DAWDLE:
            await asyncio.Event().wait()
        return answer


@contextmanager
def opened(
    answers: Mapping[str, str] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    at_once: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Iterator[PostOffice]:
    """A post office that is open: with `tls` it offers STARTTLS, or speaks TLS from the first byte where `at_once`."""
    office = PostOffice(answers or {})
    loop = asyncio.new_event_loop()
    usual = {"enable_SMTPUTF8": True, "hostname": "localhost", "tls_context": None if at_once else tls}

    def session() -> SMTP:
        return SMTP(office, loop=loop, **{**usual, **(options or {})})

    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0, ssl=tls if at_once else None))
    office.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield office
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_close(server))
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, login: Any) -> AuthResult:
    """Only the shop with its password."""
    return AuthResult(success=login == LOGIN, handled=False)
