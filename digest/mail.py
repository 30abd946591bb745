"""A mail for one reader, as bytes ready for SMTP: pure, and the same bytes whenever it is asked for again.

Message-ID and boundary come from the issue and the reader, so that a second attempt is recognised by receivers as
the same mail. Headers are folded here and not by `EmailPolicy`, which rewrites long addresses as encoded words
(python/cpython#85725: mail programs then show no unsubscribe button). What the mail says is decided elsewhere.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b64encode
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from digest.errors import MailError
from digest.model import Message, Target

PLACEHOLDER = "%UNSUBSCRIBE_URL%"
"""Where the HTML and the text of a Message want the reader's own address for leaving."""

_LINE = 76  # RFC 5322, 2.1.1 wants 78 columns at most; RFC 2047, 2 wants 76 for a line with an encoded word
_LONGEST = 900  # RFC 5322, 2.1.1: never more than 998 octets; an address cannot be folded
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # RFC 5322, 3.2.3


def mime(message: Message, target: Target, *, token: str = "", secret: str = "", copy: str = "") -> bytes:
    """The mail for `target`: text first, HTML last (the preferred one, RFC 2046, 5.1.4), CRLF lines, pure ASCII.

    `token` replaces {token} in the addresses for leaving. `secret` and `copy` as in `message_id`.
    Raises MailError for a header that would hold a line break, or an address that no header can hold.
    """
    identity = message_id(message, target, secret=secret, copy=copy)
    leave = unsubscribe_url(message, token)
    mail = EmailMessage(policy=_POLICY)
    for name, value in _headers(message, target, identity, token):
        mail[name] = value
    mail.set_content(_text_for(message.text, leave), cte=_encoding(message.text))
    mail.add_alternative(_html_for(message.html, leave), subtype="html", cte=_encoding(message.html))
    if message.language:  # last, since making the parts takes every Content-* header along
        mail["Content-Language"] = _clean("Content-Language", message.language)
    # "=_" can stand in neither base64 nor quoted-printable, so this never occurs in a part (RFC 2045, 6.7).
    mail.set_boundary("=_" + hmac.digest(b"boundary", identity.encode(), "sha256").hex()[:32])
    return mail.as_bytes()


def message_id(message: Message, target: Target, *, secret: str = "", copy: str = "") -> str:
    """`<digest-2026-W47.0123456789abcdef01234567@example.org>`, the same for every attempt at this reader's issue.

    The right side is the sender's domain (rspamd: MID_RHS_MATCH_FROM). The address itself can't be read from it.
    A test mail passes some `copy`, or receivers would drop the real one after it as a double.
    """
    domain = sender_domain(message.sender)
    seen = "\0".join((message.sender, message.list_id, message.week, target.address.lower(), copy))
    mark = hmac.digest(secret.encode() or b"digest", seen.encode(), "sha256").hex()[:24]
    week = re.sub(r"[^A-Za-z0-9-]", "-", message.week)
    return f"<digest-{week}.{mark}@{domain}>"


def token(target: Target, secret: str) -> str:
    """What names the reader in an address for leaving and tells nothing; "" without a secret, as anyone could make it."""
    if not secret:
        return ""
    return hmac.digest(secret.encode(), b"leave\0" + target.address.lower().encode(), "sha256").hex()[:32]


def address_of(mailbox: str) -> str:
    """The bare address of "Name <address>", for the envelope."""
    return parseaddr(mailbox)[1]


def sender_domain(sender: str) -> str:
    """The domain of "Name <address>", lower-case and in its ASCII form. Raises MailError when there is none."""
    _, address = parseaddr(sender)
    return _ascii_address("From", address).rpartition("@")[2].lower()


def unsubscribe_url(message: Message, token: str = "") -> str:
    """Where this reader leaves: the web address, else a mailto one, else "". Percent-encoded, plain ASCII."""
    urls = _unsubscribe_urls(message, token)
    return urls[0] if urls else ""


# --- headers --------------------------------------------------------------------------------------


def _headers(message: Message, target: Target, identity: str, token: str) -> list[tuple[str, str]]:
    """Name and value of every header but those of MIME; absent ones left out. Sources: notes at each."""
    leave = _unsubscribe_urls(message, token)
    one_click = any(url.startswith("https:") for url in leave)
    headers = [
        ("From", _mailbox("From", *parseaddr(_clean("From", message.sender)))),
        ("To", _mailbox("To", target.name, target.address)),
        (
            "Reply-To",
            message.reply_to and _mailbox("Reply-To", *parseaddr(_clean("Reply-To", message.reply_to))),
        ),
        ("Subject", _words(_clean("Subject", message.subject))),
        ("Date", format_datetime(message.date)),
        ("Message-ID", identity),
        # SpamAssassin's MAILING_LIST_MULTI (-1.0) wants List-Id, List-Unsubscribe and Precedence, all three.
        ("List-Id", message.list_id and _list_id(message.list_id)),  # RFC 2919
        ("List-Unsubscribe", ", ".join(f"<{url}>" for url in leave)),  # RFC 2369
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if one_click else ""),  # RFC 8058
        ("List-Archive", _bracketed("List-Archive", message.archive_url)),  # RFC 2369
        ("Archived-At", _bracketed("Archived-At", message.issue_url)),  # RFC 5064
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no vacation replies
    ]
    return [(name, value) for name, value in headers if value]


def _clean(header: str, value: str) -> str:
    """`value`, which has no line break or other control character: nobody adds a header of their own."""
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            shown = value if len(value) < 80 else value[:80] + "…"
            message = f"holds a line break or control character ({character!r}) in {shown!r}; take it out"
            raise MailError(f"mail header {header}", message)
    return value


def _mailbox(header: str, name: str, address: str) -> str:
    """`Name <address>` with the name quoted or encoded as it needs; the address never encoded."""
    address = _ascii_address(header, address)
    name = _clean(header, name).strip()
    return f"{_phrase(name)} <{address}>" if name else address


def _ascii_address(header: str, address: str) -> str:
    """`address` with its domain in ASCII (IDNA); the local part as it is, since only its own server may read it."""
    local, at, domain = _clean(header, address).rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise MailError(f"mail header {header}", f"{domain!r} is not a domain name: {error}") from error
    if not (local and at and domain) or re.search(r'[\s<>()\[\],;:"\\]', local + domain):
        raise MailError(
            f"mail header {header}", f"expected an address such as you@example.org, got {address!r}"
        )
    return f"{local}@{domain}"


def _list_id(value: str) -> str:
    match = re.fullmatch(r"(?P<title>[^<>]*)<(?P<id>[^<>\s]+)>\s*", _clean("List-Id", value))
    title, bare = (match["title"].strip(), match["id"]) if match else ("", value.strip())
    if not re.fullmatch(r"[A-Za-z0-9._-]+", bare):
        message = (
            f'expected "list.example.org" or "Title <list.example.org>", got {value!r}; see [mail] list_id'
        )
        raise MailError("mail header List-Id", message)
    return f"{_phrase(title)} <{bare}>" if title else f"<{bare}>"


def _phrase(name: str) -> str:
    """A display name: bare atoms, a quoted string, or encoded words (RFC 5322, 3.2.5)."""
    if _is_plain(name):
        return name if _ATOMS.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _words(name, encode=True)


def _words(text: str, *, encode: bool = False) -> str:
    """Unstructured text: as it is when plain ASCII, else whole as encoded words (RFC 2047: lines of at most 76).

    Whole, since encoding only some words is where the standard library lost or doubled spaces (cpython#144156).
    """
    if not encode and _is_plain(text):
        return text
    chunks, chunk = [], b""
    for character in text:
        if (
            len(chunk) + len(encoded := character.encode()) > 39
        ):  # 52 of base64, 12 around it, 10 of "Reply-To: "
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    return " ".join(f"=?utf-8?b?{b64encode(c).decode()}?=" for c in [*chunks, chunk] if c)


def _is_plain(text: str) -> bool:
    """Can stand in a header unencoded and be folded at its spaces without a change."""
    return (
        text.isascii()
        and "=?" not in text
        and text == text.strip()
        and "  " not in text
        and max(map(len, text.split(" "))) <= _LONGEST
    )


def _fold(name: str, value: str) -> str:
    """The header's lines, broken at spaces only; what has none (an address, an encoded word) stays whole."""
    lines, line = [], f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > _LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


class _Policy(EmailPolicy):
    """SMTP's policy with our folding for all headers but those of MIME, which the library makes and reads itself."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return super().header_store_parse(name, value) if _is_mime(name) else (name, value)

    def fold(self, name: str, value: Any) -> str:
        return super().fold(name, value) if _is_mime(name) else _fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        # UTF-8 occurs in a local part only (RFC 6532); everything else is ASCII by now.
        return super().fold_binary(name, value) if _is_mime(name) else _fold(name, value).encode()


def _is_mime(name: str) -> bool:
    lower = name.lower()
    return lower == "mime-version" or (lower.startswith("content-") and lower != "content-language")


_POLICY = _Policy(linesep="\r\n", max_line_length=76)  # of quoted-printable lines: RFC 2045, 6.7


# --- addresses ------------------------------------------------------------------------------------


def _unsubscribe_urls(message: Message, token: str) -> list[str]:
    """The web address, then the mailto one. A template that wants a token is left out when there is none."""
    templates = (message.unsubscribe_url, _mailto(message.unsubscribe_mail, token))
    wanted = [t for t in templates if t and (token or "{token}" not in t)]
    return [_header_url("List-Unsubscribe", t.replace("{token}", quote(token, safe=""))) for t in wanted]


def _mailto(address: str, token: str) -> str:
    """A bare address becomes a mailto one with a subject that says what for; a mailto one stays."""
    if not address or address.startswith("mailto:"):
        return address
    return f"mailto:{address}?subject=unsubscribe" + ("%20{token}" if token else "")


def _bracketed(header: str, url: str) -> str:
    return f"<{_header_url(header, url)}>" if url else ""


def _header_url(header: str, url: str) -> str:
    """`url` as a header can hold it: ASCII, no space, bracket or comma of its own (RFC 2369, 2). Idempotent."""
    parts = urlsplit(_clean(header, url).strip())
    try:
        host = parts.netloc.encode("idna").decode("ascii") if not parts.netloc.isascii() else parts.netloc
    except UnicodeError as error:
        raise MailError(f"mail header {header}", f"{parts.netloc!r} is not a host name: {error}") from error
    ascii_url = quote(urlunsplit(parts._replace(netloc=host)), safe="%/:?#[]@!$&'()*+;=~-._")
    if parts.scheme not in {"http", "https", "mailto"} or len(ascii_url) > _LONGEST:
        message = f"expected an https or mailto address of at most {_LONGEST} characters, got {url[:80]!r}"
        raise MailError(f"mail header {header}", message)
    return ascii_url


# --- bodies ---------------------------------------------------------------------------------------


def _encoding(text: str) -> str:
    """The smaller of the two that are safe on the way: base64 is 4/3 of all, QP adds two for each non-ASCII byte.

    A weekly in Chinese: base64 13.5 kB, quoted-printable 20.3 kB. Neither costs points with SpamAssassin.
    """
    size = len(text.encode())
    ascii_size = sum(character.isascii() for character in text)
    return "base64" if (size - ascii_size) * 6 > size else "quoted-printable"


def _html_for(html: str, leave: str) -> str:
    if leave:
        return html.replace(PLACEHOLDER, escape(leave))
    return re.sub(rf"<a\b[^<>]*{PLACEHOLDER}[^<>]*>.*?</a>", "", html, flags=re.DOTALL).replace(
        PLACEHOLDER, ""
    )


def _text_for(text: str, leave: str) -> str:
    if leave:
        return text.replace(PLACEHOLDER, leave)
    return "\n".join(line for line in text.split("\n") if PLACEHOLDER not in line)
