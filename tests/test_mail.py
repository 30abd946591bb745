"""A mail for one reader: what arrives is what was meant, whatever the words and addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import MailError
from digest.mail import PLACEHOLDER, address_of, message_id, mime, sender_domain, token, unsubscribe_url
from digest.model import Message, Target

LONG = "https://digest.example.org/leave/" + "a1b2c3d4e5" * 20 + "?u=1"
MESSAGE = Message(
    week="2026-W47",
    subject="Parallel Experiments 第 47 期：偏好对齐，从 RLHF 到 DPO 再到更长的标题，看它折行后还是不是原样",
    html=f'<p lang="zh-Hans">你好，世界</p>\n<p><a href="{PLACEHOLDER}">退订</a></p>',
    text=f"你好，世界\n.一行以点开头\n退订：{PLACEHOLDER}\n",
    sender='"Lin, H." <Digest@Example.org>',
    date=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    reply_to="Hao <hao@example.org>",
    list_id="Parallel Experiments 周报 <weekly.example.org>",
    archive_url="https://example.org/",
    issue_url="https://example.org/" + "issue/" * 30,
    unsubscribe_url="https://digest.example.org/leave/{token}?a=1&b=2",
    unsubscribe_mail="leave@example.org",
    language="zh-Hans, en",
)
READER = Target("reader@example.net", "张三")


def parsed(data: bytes) -> EmailMessage:
    mail = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects and not any(part.defects for part in mail.walk())
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_the_text_comes_first_and_the_html_last() -> None:
    mail = parsed(mime(MESSAGE, READER, token="t"))
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [(p.get_content_type(), p.get_content_charset()) for p in mail.iter_parts()]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]


def test_headers_come_back_as_they_were_meant() -> None:
    mail = parsed(mime(MESSAGE, READER, token="t/é", secret="s"))
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"].addresses[0].display_name == "Lin, H."
    assert mail["From"].addresses[0].addr_spec == "Digest@Example.org"
    assert mail["To"].addresses[0].display_name == "张三"
    assert mail["To"].addresses[0].addr_spec == "reader@example.net"
    assert mail["Reply-To"].addresses[0].addr_spec == "hao@example.org"
    assert mail["Date"].datetime == MESSAGE.date
    assert mail["List-Id"] == "Parallel Experiments 周报 <weekly.example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Archive"] == "<https://example.org/>"
    assert mail["Archived-At"] == f"<{MESSAGE.issue_url}>"
    assert (mail["Precedence"], mail["Auto-Submitted"]) == ("bulk", "auto-generated")
    assert mail["Content-Language"] == "zh-Hans, en"
    assert mail["Message-ID"] == message_id(MESSAGE, READER, secret="s")


def test_the_unsubscribe_header_holds_both_ways_and_is_never_encoded() -> None:
    data = mime(replace(MESSAGE, unsubscribe_url=LONG + "{token}"), READER, token="t+/=")
    raw = re.search(rb"(?m)^List-Unsubscribe: ([^\r]*(?:\r\n [^\r]*)*)", data)
    assert raw is not None
    assert b"=?" not in raw[1]
    https, mail = f"<{LONG}t%2B%2F%3D>", "<mailto:leave@example.org?subject=unsubscribe%20t%2B%2F%3D>"
    assert raw[1].replace(b"\r\n ", b" ").decode() == f"{https}, {mail}"


@pytest.mark.parametrize(
    ("url", "address", "mark", "expected"),
    [
        ("", "", "t", ""),
        ("https://e.org/{token}", "", "", ""),  # a reader without a token has no address of their own
        ("https://e.org/{token}", "", "a b", "https://e.org/a%20b"),
        ("https://例子.org/退订", "", "", "https://xn--fsqu00a.org/%E9%80%80%E8%AE%A2"),
        ("", "leave@e.org", "", "mailto:leave@e.org?subject=unsubscribe"),
        ("", "mailto:leave@e.org?subject=x{token}", "t", "mailto:leave@e.org?subject=xt"),
        ("https://e.org/%E9?a=<b>, c", "", "", "https://e.org/%E9?a=%3Cb%3E%2C%20c"),
    ],
)
def test_where_a_reader_leaves(url: str, address: str, mark: str, expected: str) -> None:
    message = replace(MESSAGE, unsubscribe_url=url, unsubscribe_mail=address)
    assert unsubscribe_url(message, mark) == expected
    mail = parsed(mime(message, READER, token=mark))
    assert ("List-Unsubscribe" in mail) is bool(expected)
    assert ("List-Unsubscribe-Post" in mail) is expected.startswith("https:")


def test_the_html_gets_the_reader_s_address_escaped() -> None:
    mail = parsed(mime(MESSAGE, READER, token='"><x'))
    url = "https://digest.example.org/leave/%22%3E%3Cx?a=1"
    assert f'href="{url}&amp;b=2"' in body(mail, "html")
    assert f"退订：{url}&b=2\n" in body(mail, "plain")


def test_without_a_way_to_leave_there_is_no_dead_link() -> None:
    mail = parsed(mime(replace(MESSAGE, unsubscribe_url="", unsubscribe_mail=""), READER))
    assert body(mail, "html") == '<p lang="zh-Hans">你好，世界</p>\n<p></p>\n'
    assert body(mail, "plain") == "你好，世界\n.一行以点开头\n"


@pytest.mark.parametrize(
    "text", ["你好，世界。\n" * 200, "Hello, the whole world: 中文 = 3 %.\n" * 200, "x" * 5000, ""]
)
def test_bodies_are_safe_on_the_way_and_the_smaller_of_two_encodings(text: str) -> None:
    message = replace(MESSAGE, text=text, html=f"<p>{text}</p>")
    data = mime(message, READER, token="t")
    assert data.isascii()
    assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    assert b"\n" not in data.replace(b"\r\n", b"")
    mail = parsed(data)
    assert body(mail, "plain").rstrip("\n") == text.rstrip("\n")
    part = mail.get_body(("plain",))
    assert part is not None
    expected = "base64" if text.startswith("你") else "quoted-printable"
    assert part["Content-Transfer-Encoding"] == expected


def test_the_same_mail_again_is_the_same_bytes() -> None:
    assert mime(MESSAGE, READER, token="t") == mime(MESSAGE, READER, token="t")


def test_message_ids_name_the_issue_and_tell_readers_lists_and_test_mails_apart() -> None:
    own = message_id(MESSAGE, READER, secret="s")
    assert re.fullmatch(r"<digest-2026-W47\.[0-9a-f]{24}@example\.org>", own)
    others = [
        message_id(MESSAGE, Target("other@example.net"), secret="s"),
        message_id(replace(MESSAGE, week="2026-W48"), READER, secret="s"),
        message_id(replace(MESSAGE, list_id="other.example.org"), READER, secret="s"),
        message_id(MESSAGE, READER, secret="s", copy="test"),
        message_id(MESSAGE, READER, secret="another"),
    ]
    assert len({own, *others}) == 6
    assert message_id(MESSAGE, Target("Reader@Example.net"), secret="s") == own


def test_a_reader_s_token_needs_the_secret_and_hides_the_address() -> None:
    one = token(READER, "s")
    assert re.fullmatch(r"[0-9a-f]{32}", one)
    assert token(Target("READER@example.net"), "s") == one != token(READER, "t")
    assert token(READER, "") == ""
    assert address_of(MESSAGE.sender) == "Digest@Example.org"


@pytest.mark.parametrize(
    ("change", "header"),
    [
        ({"subject": "a\r\nBcc: victim@example.org"}, "Subject"),
        ({"subject": "a\x85b"}, "Subject"),
        ({"subject": "a\u2028b"}, "Subject"),
        ({"sender": "A\n <a@example.org>"}, "From"),
        ({"sender": "no address"}, "From"),
        ({"reply_to": "a@example.org\rBcc: v@example.org"}, "Reply-To"),
        ({"list_id": "a b c"}, "List-Id"),
        ({"issue_url": "https://example.org/\nBcc: v@example.org"}, "Archived-At"),
        ({"archive_url": "javascript:alert(1)"}, "List-Archive"),
        ({"language": "zh\nX: y"}, "Content-Language"),
    ],
)
def test_nobody_adds_a_header(change: dict[str, str], header: str) -> None:
    with pytest.raises(MailError, match=f"mail header {header}: "):
        mime(replace(MESSAGE, **change), READER)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "reader", [Target("a@b.org\r\nBcc: c@d.org"), Target("a@b.org", "x\ny"), Target("a@b.org, c@d.org")]
)
def test_nor_does_a_reader_s_name_or_address(reader: Target) -> None:
    with pytest.raises(MailError, match="mail header To: "):
        mime(MESSAGE, reader)


def test_addresses_with_letters_of_other_scripts() -> None:
    data = mime(MESSAGE, Target("王@例子.中国"), token="t")
    assert "To: 王@xn--fsqu00a.xn--fiqs8s\r\n".encode() in data
    assert sender_domain("x <x@Bücher.example>") == "xn--bcher-kva.example"


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=300)
PLAIN = st.text("ab  =?,:é中😀\u3000-", min_size=1, max_size=200)


@given(TEXT | PLAIN)
def test_any_subject_and_name_survives(text: str) -> None:
    data = mime(replace(MESSAGE, subject=text), Target("a@example.org", text[:9]), token="t")
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b"=?utf-8" in line)
    mail = parsed(data)
    assert str(mail["Subject"]) == text
    assert mail["To"].addresses[0].display_name.split() == text[:9].split()  # its reader folds white space


@given(st.text(min_size=0, max_size=400), st.text(max_size=40))
def test_any_address_is_refused_or_survives_whole(path: str, mark: str) -> None:
    message = replace(MESSAGE, unsubscribe_url=f"https://example.org/{path}{{token}}", unsubscribe_mail="")
    try:
        url = unsubscribe_url(message, mark)
    except MailError:
        return
    mail = parsed(mime(message, READER, token=mark))
    assert str(mail["List-Unsubscribe"] or "") == (f"<{url}>" if url else "")
    assert url.isascii() and not re.search(r"[\s<>,]", url)
