"""The gate of the strict lane: a document's bytes as a tree, or the reason why they are not well-formed XML.

What is only slightly wrong (a blank line before the declaration, `&eacute;`, a bare `&`, a control character, a
wrong encoding label) is mended and said. No DTD is ever read: a document that declares entities is not for this
lane, so there is nothing to expand and nothing to load.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, XMLParser

_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PROLOG = re.compile(rb"\A(?:\s|(?><\?.*?\?>)|(?><!--.*?-->))*+<!DOCTYPE", re.DOTALL)
_PLAIN_DOCTYPE = re.compile(rb"<!DOCTYPE(?:[^<>\[\]\"']|\"[^\"<>]*\"|'[^'<>]*')*>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?:#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)?",
    re.DOTALL,
)
_TWICE = re.compile(rb"\xc3[\x82\x83]\xc2[\x80-\xbf]")
_AS_WINDOWS = re.compile("[ÂÃ][\u00a0-\u00bfŒœŠšŸŽžƒˆ˜€‰„–†‡™]|â€")
_AS_BYTES = {
    ord(char): byte for byte in range(0x80, 0xA0) if (char := bytes([byte]).decode("cp1252", "ignore"))
}
"""The characters that Windows-1252 has where Latin-1 has controls."""
_XML_ENTITIES = frozenset(("&amp;", "&lt;", "&gt;", "&quot;", "&apos;"))

_UTF8 = frozenset(("utf-8", "utf8", "us-ascii", "ascii"))
_WIDER = {
    # WHATWG Encoding, 4.2: these labels mean the larger set that contains them.
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "iso8859-1", "iso_8859-1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("iso-8859-9",), "cp1254"),
    **dict.fromkeys(("shift_jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("big5",), "big5hkscs"),
}  # fmt: skip


class Malformed(Exception):
    """Not well-formed, also after the small repairs; the message says where and what."""


@dataclass(frozen=True, slots=True)
class Tree:
    root: Element
    warning: str = ""
    """What had to be mended."""


def tree(body: bytes, charset: str = "") -> Tree:
    """The document as a tree. `charset` is what the HTTP header said, believed when the document says nothing."""
    data = _as_utf8(body, charset)
    start = data.lstrip(b" \t\r\n")
    warning = "blank lines before the XML declaration" if start[:5] == b"<?xml" and start is not data else ""
    try:
        root = _parsed(_without_doctype(start))
    except ParseError as error:
        where = _where(error)
        warning = f"malformed XML at {where}, mended"
        try:
            root = _parsed(_without_doctype(_mended(data, charset)))
        except ParseError as second:
            raise Malformed(where) from second
    if _TWICE.search(data):
        warning = _undoubled(root) or warning
    return Tree(root, warning)


def _parsed(data: bytes) -> Element:
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - no DTD passes, see _without_doctype
    parser.feed(data)
    return parser.close()


def _where(error: ParseError) -> str:
    line, column = error.position
    return f"line {line}, column {column + 1} ({str(error).split(':')[0]})"


def _without_doctype(data: bytes) -> bytes:
    """The same without a DOCTYPE that only names a DTD (RSS 0.91 does); one with declarations is refused."""
    match = _PROLOG.match(data)
    if match is None:
        return data
    start = match.end() - len(b"<!DOCTYPE")
    plain = _PLAIN_DOCTYPE.match(data, start)
    if plain is None:
        raise Malformed("the document type, which declares entities")
    return data[:start] + data[plain.end() :]


# --- encodings ------------------------------------------------------------------------------------


def _as_utf8(body: bytes, charset: str) -> bytes:
    """The document in UTF-8 if its mark, declaration or header tells its encoding; as it is otherwise."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :] if encoding == "utf-8" else _recoded(body[len(mark) :], encoding)
    if body.startswith((b"<\x00", b"\x00<")):
        return _recoded(body, "utf-16-le" if body[0] else "utf-16-be")
    declared = _DECLARED.match(body)
    label = (declared[1].decode("ascii") if declared else charset).lower()
    if label in _UTF8 or not label or label.startswith("utf-16") or _is_utf8(body):
        return body
    return _recoded(body, label)


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _is_utf8(body: bytes) -> bool:
    """Many feeds say Latin-1 and are UTF-8; text in another encoding practically never reads as UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return not body.isascii()


def _recoded(body: bytes, label: str) -> bytes:
    try:
        return body.decode(_WIDER.get(label, label), "replace").encode("utf-8", "replace")
    except LookupError:
        return body


def decoded(body: bytes, charset: str = "") -> str:
    """The text by the best guess: as labelled, as UTF-8, else Windows-1252 or, in a Chinese document, GB 18030.

    A UTF-8 text with a few broken bytes (cut through a character) stays UTF-8.
    """
    data = _as_utf8(body, charset)
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    broken = data.decode("utf-8", "replace")
    good = sum(1 for byte in data if byte >= 0xC2 and byte <= 0xF4)
    bad = broken.count("\ufffd")
    if good > 4 * bad:
        return broken
    encoding = _WIDER.get(charset.lower(), charset) or (
        "gb18030" if b"zh" in data[:2000].lower() else "cp1252"
    )
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


def _undoubled(root: Element) -> str:
    """Texts that were UTF-8, were taken for Latin-1 and encoded again ("GarÃ§on") as they were meant; a warning.

    A text counts only if all of it reads so: "Ã" followed by another such letter occurs in no language. Software
    that took it for Windows-1252 left "â€™" for an apostrophe.
    """
    found = False
    for element in root.iter():
        text = element.text
        if text and not text.isascii():
            meant = text.translate(_AS_BYTES) if _AS_WINDOWS.search(text) else text
            try:
                element.text = meant.encode("latin-1").decode()
                found = True
            except UnicodeError:
                continue
    return "text encoded twice, mended" if found else ""


# --- repairs --------------------------------------------------------------------------------------


def _mended(data: bytes, charset: str) -> bytes:
    text = _CONTROL.sub("", decoded(data, charset).lstrip("\ufeff \t\r\n"))
    return _AMPERSAND.sub(_mended_reference, text).encode("utf-8", "replace")


def _mended_reference(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == "<" or found in _XML_ENTITIES:
        return found
    if found == "&":
        return "&amp;"
    meant = html.unescape(found)
    if meant == found:
        return "&amp;" + found[1:]
    return html.escape(_CONTROL.sub("", meant), quote=False)
