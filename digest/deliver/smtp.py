"""SMTP, one connection for all readers.

The dialogue is led step by step, since what an error means depends on the step: until the final dot the server has
nothing and the next run may try again; once the dot was sent and no reply came, the mail may be on its way and is
never sent again by itself. smtplib's `sendmail` doesn't tell the two apart.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import re
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from digest.errors import ConfigError, DeliveryError
from digest.model import Receipt

log = logging.getLogger(__name__)

DOT_TIMEOUT_S = 600
"""How long the reply to the final dot may take (RFC 5321, 4.5.3.2.6): giving up early makes doubles."""

_ABOUT_US = re.compile(
    r"(?i)relay(?:ing)?\s+(?:access\s+)?(?:is\s+)?(?:denied|not\s+(?:permitted|allowed))|unable to relay"
    r"|authenticat(?:ion|e)\s+(?:is\s+)?(?:required|first)"
)
"""A refusal of a recipient that means all of them (Postfix, Exim, Exchange, Sendmail): we are not logged in."""


class _Dropped(Exception):
    """The connection went before the server had the mail: harmless."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how: `starttls` is None where only TLS from the first byte will do."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    starttls: bool | None = None
    ca_bundle: str = ""
    timeout_s: float = 60

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class SmtpDeliverer:
    """One connection, opened by `with`, opened again when the server ends it."""

    channel = "smtp"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        self._client = self._connected()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
            self._drop()

    def deliver(self, mail: bytes, sender: str, recipient: str) -> Receipt:
        """One mail to one reader. A connection that ended before the mail was taken is opened again, once.

        Raises DeliveryError when the server can't be reached, or refuses what is the same for every reader.
        """
        for _ in range(2):
            if self._client is None:
                self._client = self._connected()
            try:
                return self._dialogue(self._client, mail, _envelope(sender), _envelope(recipient))
            except _Dropped as dropped:
                log.info("connection ended server=%s reason=%s", self.server, dropped)
                self._drop()
                reason = str(dropped)
        return Receipt("failed", f"{self.server} ended the connection twice: {reason}", temporary=True)

    # --- one mail ---

    def _dialogue(self, client: smtplib.SMTP, mail: bytes, sender: str, recipient: str) -> Receipt:
        """MAIL, RCPT, DATA, the mail, the dot; a refusal at any step but the first is this reader's."""
        options = [f"SIZE={len(mail)}"] if client.has_extn("size") else []
        if not (sender + recipient).isascii():
            if not client.has_extn("smtputf8"):
                return Receipt("failed", f"{self.server} takes ASCII addresses only (no SMTPUTF8)")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        with _before_the_dot():
            code, words = client.mail(sender, options)
            if code >= 500:
                message = f"refused the sender {sender}: {_said(code, words)}; check [mail] from and smtp"
                raise DeliveryError(str(self.server), message)
            if 200 <= code < 300:
                code, words = client.rcpt(recipient)
                if code >= 500 and _ABOUT_US.search(_said(code, words)):
                    # The server's words may quote the reader's address.
                    said = _said(code, words).replace(recipient, "…")
                    message = f"will not pass mail on for us: {said}; {_LOGIN_HINT}"
                    raise DeliveryError(str(self.server), message)
            if 200 <= code < 300:
                code, words = client.docmd("DATA")
            if code == 421:  # RFC 5321, 3.8: it closes now; a new connection may do
                raise _Dropped(_said(code, words))
            if code != 354:
                return self._refused(client, code, words)
            client.send(_stuffed(mail))
        return self._after_the_dot(client)

    def _after_the_dot(self, client: smtplib.SMTP) -> Receipt:
        assert client.sock is not None
        try:
            client.sock.settimeout(max(DOT_TIMEOUT_S, self.server.timeout_s))
            client.send(b".\r\n")
            code, words = client.getreply()
            client.sock.settimeout(self.server.timeout_s)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            detail = f"the connection to {self.server} was lost while it took the mail: {_words(error)}"
            return Receipt("uncertain", detail)
        if 200 <= code < 300:
            return Receipt("sent", _said(code, words))
        return self._refused(client, code, words)

    def _refused(self, client: smtplib.SMTP, code: int, words: bytes) -> Receipt:
        """A refusal by number: 4xx may be tried again, 5xx not. Clears the server's half-made mail."""
        if code == 421:
            self._drop()
        else:
            try:
                client.rset()
            except (OSError, smtplib.SMTPException):
                self._drop()
        return Receipt("failed", _said(code, words), temporary=code < 500)

    # --- the connection ---

    def _drop(self) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.close()
            self._client = None

    def _connected(self) -> smtplib.SMTP:
        server = self.server
        try:
            context = _tls_context(server.ca_bundle)
            if server.starttls is None:
                client: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=server.timeout_s, context=context
                )
            else:
                client = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        except (OSError, smtplib.SMTPException) as error:
            raise self._unreachable(error) from error
        try:
            self._greet(client, context)
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            raise self._unreachable(error) from error
        except DeliveryError:
            client.close()
            raise
        return client

    def _greet(self, client: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """EHLO, then TLS where it is wanted, then login: never a password in the clear."""
        server = self.server
        client.ehlo_or_helo_if_needed()
        if server.starttls:
            if not client.has_extn("starttls"):
                message = (
                    "offers no STARTTLS, and mail would cross the network in the clear; use smtps://, or add"
                    " ?starttls=no for a relay that you trust"
                )
                raise DeliveryError(str(server), message)
            client.starttls(context=context)
            client.ehlo()
        if not server.user:
            return
        try:
            client.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            said = _said(error.smtp_code, error.smtp_error)
            message = f"refused the login of {server.user}: {said}; check DIGEST_SMTP_PASSWORD (many providers want an app password)"
            raise DeliveryError(str(server), message, temporary=error.smtp_code < 500) from error
        except smtplib.SMTPNotSupportedError as error:
            message = f"offers no login; take {server.user}@ out of [mail] smtp if it needs none"
            raise DeliveryError(str(server), message) from error

    def _unreachable(self, error: Exception) -> DeliveryError:
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "check the host name in [mail] smtp, or set fetch.ca_bundle to its authority"
        elif isinstance(error, ssl.SSLError):
            hint = "check scheme and port in [mail] smtp: smtps:// is usually 465, smtp:// 587"
        else:
            hint = "check host and port in [mail] smtp, and that the server runs and can be reached from here"
        return DeliveryError(str(self.server), f"cannot be used: {_words(error)}; {hint}")


_LOGIN_HINT = "name a user in [mail] smtp (smtps://user@host) and set DIGEST_SMTP_PASSWORD"


def open_deliverer(url: str, *, password: str, ca_bundle: str, timeout_s: float, **_: Any) -> SmtpDeliverer:
    """`smtps://user@host:465` or `smtp://user@host:587[?starttls=yes|no]`. Raises ConfigError.

    Without a port: 465, 587, or 25 on this machine. A relay on this machine is spoken to plainly unless a login is
    wanted: nobody listens there, and its certificate is as a rule self-made.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise ConfigError("mail.smtp", f"{url!r} is no address: {error}") from error
    user = unquote(parts.username or "")
    asked = parse_qs(parts.query).get("starttls", [""])[0]
    if not host or asked not in {"", "yes", "no"} or parts.password:
        expected = '"smtps://user@host:465" or "smtp://user@host:587?starttls=no", without a password'
        raise ConfigError("mail.smtp", f"expected {expected}, got {url.replace(parts.password or '', '')!r}")
    if user and not password:
        raise ConfigError("mail.smtp", f"names the user {user}, but DIGEST_SMTP_PASSWORD is not set")
    local = _is_loopback(host)
    starttls = None
    if parts.scheme.lower() == "smtp":
        starttls = asked == "yes" or (asked == "" and (bool(user) or not local))
        if user and not starttls:
            raise ConfigError("mail.smtp", "a login needs TLS: drop ?starttls=no, or the user before the @")
    default = 465 if starttls is None else 25 if local else 587
    return SmtpDeliverer(Server(host, port or default, user, password, starttls, ca_bundle, timeout_s))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _tls_context(ca_bundle: str) -> ssl.SSLContext:
    if ca_bundle and not Path(ca_bundle).is_file():
        raise ConfigError("fetch.ca_bundle", f"{ca_bundle!r} is not a file")
    return ssl.create_default_context(cafile=ca_bundle or None)


@contextlib.contextmanager
def _before_the_dot() -> Iterator[None]:
    """A connection that is lost becomes _Dropped."""
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise _Dropped(_words(error)) from error


def _envelope(address: str) -> str:
    """The address with its domain in ASCII (IDNA), as SMTP without extensions wants it."""
    local, _, domain = address.rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"


def _stuffed(mail: bytes) -> bytes:
    """The mail with CRLF lines, leading dots doubled (RFC 5321, 4.5.2), its last line ended."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}".strip()[:500]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__
