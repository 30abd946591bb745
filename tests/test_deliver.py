"""Ways out, against real servers on loopback: TLS, STARTTLS, login, and every way in which a delivery can fail."""

from __future__ import annotations

import mailbox
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from digest.deliver import open_deliverer
from digest.deliver.smtp import Server, SmtpDeliverer
from digest.errors import ConfigError, DeliveryError

MAIL = b"Subject: x\r\n\r\n.a line with a dot\r\n..two\r\nlast without end"
SENT = "Subject: x\r\n\r\n.a line with a dot\r\n..two\r\nlast without end\r\n"
SENDER = "digest@example.org"
server = pytest.mark.server


class Inbox:
    """A server's handler: `script` holds replies (or deeds) for a step, taken one by one."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.connections = 0
        self.script: dict[str, list[str | Callable[[SMTP], None]]] = {}

    async def _step(self, smtp: SMTP, step: str, default: str) -> str:
        todo = self.script.get(step, [])
        reply = todo.pop(0) if todo else default
        if callable(reply):
            reply(smtp)
            return "250 too late"
        return reply

    async def handle_EHLO(
        self, smtp: SMTP, session: Any, envelope: Any, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        self.connections += 1
        return replies

    async def handle_MAIL(
        self, smtp: SMTP, session: Any, envelope: Any, sender: str, options: list[str]
    ) -> str:
        envelope.mail_from = sender
        return await self._step(smtp, "MAIL", "250 ok")

    async def handle_RCPT(
        self, smtp: SMTP, session: Any, envelope: Any, reader: str, options: list[str]
    ) -> str:
        reply = await self._step(smtp, "RCPT", "250 ok")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(reader)
        return reply

    async def handle_DATA(self, smtp: SMTP, session: Any, envelope: Any) -> str:
        reply = await self._step(smtp, "DATA", "250 queued as 1")
        if reply.startswith("250"):
            self.mails.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return reply


def hang_up(smtp: SMTP) -> None:
    assert smtp.transport is not None
    smtp.transport.abort()


@contextmanager
def running(inbox: Inbox, **options: Any) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context for localhost and the bundle to trust it by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return context, str(bundle)


def password_is(word: bytes) -> Callable[..., AuthResult]:
    def authenticator(smtp: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=isinstance(data, LoginPassword) and data.password == word, handled=False)

    return authenticator


# --- ways to connect ------------------------------------------------------------------------------


@server
def test_one_connection_serves_all_readers_and_the_bytes_arrive(inbox: Inbox) -> None:
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        assert way.channel == "smtp"
        for reader in ("a@example.net", "b@example.net"):
            receipt = way.deliver(MAIL, SENDER, reader)
            assert (receipt.status, receipt.detail) == ("sent", "250 queued as 1")
    assert inbox.mails == [("a@example.net", SENT), ("b@example.net", SENT)]
    assert inbox.connections == 1


@server
@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server cannot tell that its socket is TLS already
def test_tls_from_the_first_byte_with_login(inbox: Inbox, tls: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = tls
    options = {"authenticator": password_is(b"s3cret"), "auth_required": True, "auth_require_tls": False}
    with running(inbox, ssl_context=context, **options) as port:
        url = f"smtps://me%40example.org@localhost:{port}"
        with open_deliverer(url, password="s3cret", ca_bundle=bundle) as way:
            assert way.deliver(MAIL, SENDER, "a@example.net").status == "sent"
        with (
            pytest.raises(DeliveryError, match=r"login of me@example\.org.*DIGEST_SMTP_PASSWORD") as caught,
            open_deliverer(url, password="wr0ng", ca_bundle=bundle),
        ):
            pass
    assert "wr0ng" not in str(caught.value)
    assert caught.value.temporary is False
    assert len(inbox.mails) == 1


@server
def test_a_certificate_of_nobody_is_refused(inbox: Inbox, tls: tuple[ssl.SSLContext, str]) -> None:
    with (
        running(inbox, ssl_context=tls[0]) as port,
        pytest.raises(DeliveryError, match="ca_bundle"),
        open_deliverer(f"smtps://localhost:{port}"),
    ):
        pass


@server
def test_starttls_then_login(inbox: Inbox, tls: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = tls
    options = {"authenticator": password_is(b"s3cret"), "auth_required": True}
    with running(inbox, tls_context=context, require_starttls=True, **options) as port:
        url = f"smtp://me@localhost:{port}"
        with open_deliverer(url, password="s3cret", ca_bundle=bundle) as way:
            assert way.deliver(MAIL, SENDER, "a@example.net").status == "sent"


@server
def test_no_password_and_no_mail_in_the_clear(inbox: Inbox) -> None:
    with running(inbox) as port:
        with pytest.raises(DeliveryError, match="STARTTLS"):
            open_deliverer(f"smtp://me@127.0.0.1:{port}", password="s").__enter__()
        with pytest.raises(DeliveryError, match="STARTTLS"):
            # As for any host but this machine.
            SmtpDeliverer(Server("127.0.0.1", port, starttls=True)).__enter__()
    assert inbox.mails == []


@server
def test_a_server_that_is_down_is_named_with_what_to_check() -> None:
    with running(Inbox()) as port:
        pass
    with pytest.raises(
        DeliveryError, match=f"127.0.0.1:{port}: cannot be used: .*check host and port"
    ) as caught:
        open_deliverer(f"smtp://127.0.0.1:{port}").__enter__()
    assert caught.value.subject == f"127.0.0.1:{port}"
    assert caught.value.temporary


# --- refusals and losses --------------------------------------------------------------------------


@server
@pytest.mark.parametrize(
    ("step", "reply", "temporary"),
    [
        ("RCPT", "550 5.1.1 no such user", False),
        ("RCPT", "450 4.2.0 greylisted", True),
        ("MAIL", "451 4.7.1 slow down", True),
        ("DATA", "554 5.7.1 looks like spam", False),
        ("DATA", "452 4.3.1 disk full", True),
    ],
)
def test_a_refusal_is_that_reader_s_alone(inbox: Inbox, step: str, reply: str, temporary: bool) -> None:
    inbox.script = {step: [reply]}
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        receipt = way.deliver(MAIL, SENDER, "a@example.net")
        assert (receipt.status, receipt.detail, receipt.temporary) == ("failed", reply, temporary)
        assert way.deliver(MAIL, SENDER, "b@example.net").status == "sent"
    assert [reader for reader, _ in inbox.mails] == ["b@example.net"]
    assert inbox.connections == 1


@server
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("deed", ["421 4.3.2 too many mails on this connection", hang_up])
def test_a_connection_that_ends_early_is_opened_again(
    inbox: Inbox, step: str, deed: str | Callable[[SMTP], None]
) -> None:
    inbox.script = {step: [deed]}
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        assert way.deliver(MAIL, SENDER, "a@example.net").status == "sent"
    assert [reader for reader, _ in inbox.mails] == ["a@example.net"]
    assert inbox.connections == 2


@server
def test_a_connection_that_always_ends_early_is_a_failure_for_later(inbox: Inbox) -> None:
    inbox.script = {"RCPT": [hang_up, hang_up]}
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        receipt = way.deliver(MAIL, SENDER, "a@example.net")
        assert (receipt.status, receipt.temporary) == ("failed", True)
        assert way.deliver(MAIL, SENDER, "b@example.net").status == "sent"


@server
def test_a_connection_lost_after_the_final_dot_is_in_doubt_and_not_tried_again(inbox: Inbox) -> None:
    inbox.script = {"DATA": [hang_up]}
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        receipt = way.deliver(MAIL, SENDER, "a@example.net")
        assert receipt.status == "uncertain"
        assert f"127.0.0.1:{port} was lost" in receipt.detail
        assert way.deliver(MAIL, SENDER, "b@example.net").status == "sent"
    assert [reader for reader, _ in inbox.mails] == ["a@example.net", "b@example.net"]


@server
def test_a_421_after_the_dot_is_a_refusal_and_the_next_reader_gets_a_new_connection(inbox: Inbox) -> None:
    inbox.script = {"DATA": ["421 4.3.0 shutting down"]}
    with running(inbox) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        receipt = way.deliver(MAIL, SENDER, "a@example.net")
        assert (receipt.status, receipt.temporary) == ("failed", True)
        assert way.deliver(MAIL, SENDER, "b@example.net").status == "sent"
    assert inbox.connections == 2


@server
@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("MAIL", "553 5.7.1 sender address rejected: not owned by user"),
        ("RCPT", "554 5.7.1 <a@example.net>: Relay access denied"),
        ("RCPT", "550 relay not permitted"),
    ],
)
def test_what_concerns_every_reader_stops_the_run_and_names_none(inbox: Inbox, step: str, reply: str) -> None:
    inbox.script = {step: [reply]}
    with (
        running(inbox) as port,
        open_deliverer(f"smtp://127.0.0.1:{port}") as way,
        pytest.raises(DeliveryError, match=r"\[mail\]") as caught,
    ):
        way.deliver(MAIL, SENDER, "a@example.net")
    assert "a@example.net" not in str(caught.value)


@server
def test_a_server_that_goes_away_between_two_readers(inbox: Inbox) -> None:
    with running(inbox) as port:
        way = open_deliverer(f"smtp://127.0.0.1:{port}").__enter__()
        assert way.deliver(MAIL, SENDER, "a@example.net").status == "sent"
    with pytest.raises(DeliveryError, match="check host and port"):
        way.deliver(MAIL, SENDER, "b@example.net")
    way.__exit__()


@server
def test_a_server_that_never_answers_is_given_up(inbox: Inbox) -> None:
    def stall(smtp: SMTP) -> None:
        time.sleep(0.6)
        hang_up(smtp)

    inbox.script = {"RCPT": [stall, stall]}
    with running(inbox) as port:
        url = f"smtp://127.0.0.1:{port}"
        with open_deliverer(url, timeout_s=0.3) as way:
            try:
                assert way.deliver(MAIL, SENDER, "a@example.net").temporary
            except DeliveryError as error:  # the stalled server did not take the second connection either
                assert error.temporary


@server
@pytest.mark.parametrize("smtputf8", [True, False])
def test_addresses_of_other_scripts_where_the_server_takes_them(inbox: Inbox, smtputf8: bool) -> None:
    with running(inbox, enable_SMTPUTF8=smtputf8) as port, open_deliverer(f"smtp://127.0.0.1:{port}") as way:
        receipt = way.deliver(MAIL, SENDER, "王@例子.中国")
        assert way.deliver(MAIL, SENDER, "b@bücher.example").status == "sent"
    if smtputf8:
        assert inbox.mails[0][0] == "王@xn--fsqu00a.xn--fiqs8s"
    else:
        assert (receipt.status, receipt.temporary) == ("failed", False)
        assert "SMTPUTF8" in receipt.detail
    assert inbox.mails[-1][0] == "b@xn--bcher-kva.example"


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://me@mail.example", Server("mail.example", 465, "me", "p", None)),
        ("smtp://me%40x.org@mail.example", Server("mail.example", 587, "me@x.org", "p", True)),
        ("smtp://mail.example:25?starttls=no", Server("mail.example", 25, "", "p", False)),
        ("smtp://mail.example", Server("mail.example", 587, "", "p", True)),
        ("smtp://localhost", Server("localhost", 25, "", "p", False)),
        ("smtp://[::1]:2525", Server("::1", 2525, "", "p", False)),
        ("smtp://127.0.0.1?starttls=yes", Server("127.0.0.1", 25, "", "p", True)),
        ("smtp://me@localhost:1025", Server("localhost", 1025, "me", "p", True)),
    ],
)
def test_what_an_address_means(url: str, expected: Server) -> None:
    way = open_deliverer(url, password="p")
    assert isinstance(way, SmtpDeliverer)
    assert way.server == replace(expected, timeout_s=60)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://mail.example", "expected"),
        ("smtps://", "expected"),
        ("smtps://me:geheim@mail.example", "without a password"),
        ("smtp://mail.example:port", "no address"),
        ("smtp://mail.example?starttls=maybe", "expected"),
        ("smtp://me@mail.example?starttls=no", "needs TLS"),
        ("maildir:", "folder"),
    ],
)
def test_a_mistaken_address_is_a_configuration_error(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        open_deliverer(url, password="p")
    assert "geheim" not in str(caught.value)


def test_a_user_without_a_password_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="DIGEST_SMTP_PASSWORD is not set"):
        open_deliverer("smtps://me@mail.example")


# --- a local folder -------------------------------------------------------------------------------


def test_a_folder_gets_one_message_a_reader(tmp_path: Path) -> None:
    with open_deliverer("maildir:out/mail", base=tmp_path) as way:
        assert way.channel == "maildir"
        receipts = [way.deliver(MAIL, SENDER, f"../{name}@example.net") for name in "ab"]
    assert [r.status for r in receipts] == ["sent", "sent"]
    folder = tmp_path / "out" / "mail"
    assert sorted(r.detail for r in receipts) == sorted(map(str, (folder / "new").iterdir()))
    assert not list((folder / "tmp").iterdir())
    box = mailbox.Maildir(folder)
    assert {m["Delivered-To"] for m in box} == {"../a@example.net", "../b@example.net"}
    assert {m["Return-Path"] for m in box} == {"<digest@example.org>"}
    assert next(iter(box)).get_payload() == ".a line with a dot\n..two\nlast without end"


def test_a_reader_s_address_adds_no_header_to_a_message_in_a_folder(tmp_path: Path) -> None:
    with open_deliverer(f"maildir:{tmp_path}/m") as way:
        assert way.deliver(MAIL, SENDER, "a@example.net\nX: y").status == "failed"
    assert not list((tmp_path / "m" / "new").iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DeliveryError, match="cannot be written") as caught:
        open_deliverer("maildir:file", base=tmp_path).__enter__()
    assert caught.value.subject == str(tmp_path / "file")
