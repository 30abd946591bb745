"""feeds.opml: read leniently, written cleanly, edited without touching what it does not concern.

    subscriptions(data) -> feeds, warnings      added / removed(data) -> data      written(feeds) -> data

Of the subscription lists that people hand around two in three are no well-formed XML (bare "&", foreign entities,
cut tails), so nothing here asks an XML parser: outlines are scanned as tags with attributes, which reads well-formed
lists just the same, expands no entity and loads nothing. Feed addresses are taken as they are; what may be polled is
others' matter.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count
from xml.sax.saxutils import escape

from digest.durations import duration
from digest.durations import written as duration_written
from digest.errors import OpmlError
from digest.model import Feed

NAMESPACE = "urn:digest:opml"
"""Of our attributes on an outline: interval, full_text, weight."""

_OURS = ("interval", "full_text", "weight")
_PREFIX = "digest"
_PLAIN = {"xmlurl": "xmlUrl", "htmlurl": "htmlUrl", "text": "text", "title": "title", "type": "type", "category": "category"}  # fmt: skip
"""Attributes of an outline that we understand, in whatever case lists write them."""

# Atomic and possessive groups (Python 3.11): an unclosed quote costs one pass, not one pass a character.
_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|
    <(?P<close>/?)(?P<name>outline|body|opml|head)\b(?P<attributes>(?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/<>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even as a reference (section 2.2)."""


@dataclass(frozen=True, slots=True)
class _Outline:
    """An outline in the text: where its tags stand, what it says, what it lies in."""

    start: int
    end: int
    """Of the opening tag."""
    close: int
    """Where its content ends: its closing tag, or where that is missed; `end` for one without content."""
    after: int
    """Behind the whole element."""
    attributes: tuple[tuple[str, str], ...]
    folder: tuple[str, ...]

    def get(self, name: str) -> str:
        return next((value for key, value in self.attributes if _PLAIN.get(key.lower()) == name), "")

    @property
    def url(self) -> str:
        return _address(self.get("xmlUrl"))

    @property
    def name(self) -> str:
        return self.get("text") or self.get("title")


# --- reading --------------------------------------------------------------------------------------


def subscriptions(data: bytes, name: str) -> tuple[tuple[Feed, ...], tuple[str, ...]]:
    """The feeds of a list in its order, each address once, and what could not be understood, in words.

    `name` is the file's, for the error. Raises OpmlError for a document that is no OPML at all.
    """
    text, _ = _decoded(data)
    outlines = list(_outlines(text))
    if not outlines and not re.search(r"<(?:opml|body)\b", text, re.IGNORECASE):
        raise OpmlError(name, f"is no OPML: {_looks_like(text)}")
    prefixes = _prefixes(text)
    feeds: dict[str, Feed] = {}
    warnings: list[str] = []
    for outline in outlines:
        if not (given := outline.get("xmlUrl")):
            continue
        if not outline.url:
            warnings.append(f"{outline.name or 'a feed'}: {given!r} is no web address; left out")
        elif outline.url in feeds:
            warnings.append(f"{outline.url} is listed again; the first one counts")
        else:
            feeds[outline.url] = _feed(outline, prefixes, warnings)
    return tuple(feeds.values()), tuple(warnings)


def _feed(outline: _Outline, prefixes: Mapping[str, str], warnings: list[str]) -> Feed:
    ours: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for key, value in outline.attributes:
        clark = _clark(key, prefixes)
        if clark.startswith(f"{{{NAMESPACE}}}") and clark.rpartition("}")[2] in _OURS:
            ours[clark.rpartition("}")[2]] = value
        elif not key.startswith("xmlns") and _PLAIN.get(key.lower()) not in (
            "xmlUrl",
            "htmlUrl",
            "text",
            "category",
        ):
            others.append((clark, value))
    title = outline.name
    settings = _settings(ours, outline.url, warnings)
    implied = {("title", title), ("type", "rss")}
    return Feed(
        url=outline.url,
        title=title,
        site_url=outline.get("htmlUrl").strip(),
        tags=_tags(outline.get("category")),
        interval=settings[0],
        full_text=settings[1],
        weight=settings[2],
        folder=outline.folder,
        attributes=tuple(pair for pair in others if pair not in implied),
    )


def _settings(
    ours: Mapping[str, str], url: str, warnings: list[str]
) -> tuple[timedelta | None, bool | None, float]:
    """interval, full_text and weight; one that makes no sense is told and counts as not set."""
    interval, full_text, weight = None, None, 1.0
    try:
        interval = duration(ours["interval"]) if "interval" in ours else None
    except ValueError as error:
        warnings.append(f"{url}: interval {ours['interval']!r}: {error}")
    if "full_text" in ours:
        full_text = {"true": True, "false": False}.get(ours["full_text"].strip().lower())
        if full_text is None:
            warnings.append(f'{url}: full_text {ours["full_text"]!r}: expected "true" or "false"')
    if "weight" in ours:
        if re.fullmatch(r"\d{1,6}(\.\d{1,25})?", ours["weight"].strip(), re.ASCII):
            weight = float(ours["weight"])
        else:
            warnings.append(f'{url}: weight {ours["weight"]!r}: expected a number such as "1.5"')
    return interval, full_text, weight


def _tags(category: str) -> tuple[str, ...]:
    """ "/ai,/llm" as OPML 2.0 writes categories; the slash in front is the root of the hierarchy."""
    names = (part.strip().strip("/").strip() for part in category.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _address(text: str) -> str:
    """An address to poll; "feed:" (a scheme of the noughties) taken off, "" for what is none."""
    url = re.sub(r"\s+", "", text)
    url = re.sub(r"^feed:(?://)?(?=https?:)", "", url, flags=re.IGNORECASE)
    url = re.sub(r"^feed:(?://)?", "http://", url, flags=re.IGNORECASE)
    return url if re.match(r"https?://[^/?#]", url, re.IGNORECASE) else ""


def _looks_like(text: str) -> str:
    """What stands there instead, for a person."""
    if not text.strip():
        return "it is empty"
    if title := re.search(r"<title[^>]*>([^<]{1,80})", text, re.IGNORECASE):
        kind = "a web page" if re.search(r"<html", text, re.IGNORECASE) else "a document"
        return f"{kind} titled {html.unescape(title[1]).strip()!r}"
    if root := re.search(r"<([A-Za-z][\w:.-]*)", text):
        return f"a document of <{root[1]}>"
    return f"a text that begins {text.strip()[:40]!r}"


# --- editing --------------------------------------------------------------------------------------


def added(data: bytes, feed: Feed, folder: Sequence[str] = ()) -> bytes:
    """The list with one more feed, at the end of `folder` (made if it isn't there); all else stays byte for byte."""
    text, encoding = _decoded(data)
    outlines = list(_outlines(text))
    depth, home = 0, None
    for outline in outlines:
        if (
            depth < len(folder)
            and not outline.url
            and (*outline.folder, outline.name) == tuple(folder[: depth + 1])
        ):
            depth, home = depth + 1, outline
    line = _outline_written(feed, namespaces := _Namespaces(_prefixes(text)), namespaces.declarations)
    for name in reversed(folder[depth:]):
        line = f"<outline text={_quoted(name)}>{line}</outline>"
    if home is None:
        changed = _into_body(text, line)
    elif home.close == home.end:  # <outline text="Folder"/> becomes a pair
        opening = re.sub(r"\s*/?>$", ">", text[home.start : home.end])
        changed = f"{text[: home.start]}{opening}{line}</outline>{text[home.end :]}"
    else:
        changed = _before(text, home.close, line)
    return _encoded(changed, encoding)


def removed(data: bytes, url: str) -> bytes:
    """The list without the feed of that address, wherever it is listed; all else stays byte for byte."""
    text, encoding = _decoded(data)
    for outline in sorted(_outlines(text), key=lambda o: -o.start):
        if outline.url == url:
            line_start = text.rfind("\n", 0, outline.start) + 1
            alone = not text[line_start : outline.start].strip()
            rest = re.match(r"[ \t]*\r?\n", text[outline.after :]) if alone else None
            start = line_start if rest else outline.start
            text = text[:start] + text[outline.after + (rest.end() if rest else 0) :]
    return _encoded(text, encoding)


def _into_body(text: str, line: str) -> str:
    """`line` at the end of the body; where there is none, of the document."""
    if empty := re.search(r"<body\b[^<>]*/>", text, re.IGNORECASE):
        return f"{text[: empty.start()]}<body>\n{line}\n</body>{text[empty.end() :]}"
    if end := re.search(r"</(?:body|opml)\s*>", text, re.IGNORECASE):
        return _before(text, end.start(), line)
    return f"{text.rstrip()}\n{line}\n"


def _before(text: str, place: int, line: str) -> str:
    """`line` as a line of its own before the closing tag at `place`, indented as what it joins."""
    start = text.rfind("\n", 0, place) + 1
    indent = text[start:place]
    if start == 0 or indent.strip():
        return f"{text[:place]}{line}{text[place:]}"
    return f"{text[:start]}{indent}  {line}\n{text[start:]}"


# --- writing --------------------------------------------------------------------------------------


def written(feeds: Sequence[Feed], title: str = "Subscriptions") -> bytes:
    """A whole list, in the order of `feeds`, folders where they first occur; `subscriptions` reads it back equal."""
    namespaces = _Namespaces({})
    tree: dict[str, object] = {}
    for feed in feeds:
        place = tree
        for name in feed.folder:
            inner = place.setdefault(f"folder {name}", {})
            assert isinstance(inner, dict)
            place = inner
        place[f"feed {feed.url}"] = _outline_written(feed, namespaces)
    body = "".join(_tree_written(tree, 2))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<opml version="2.0"{namespaces.declarations()}>\n'
        f"  <head><title>{escape(_writable(title))}</title></head>\n  <body>\n{body}  </body>\n</opml>\n"
    ).encode()


def _tree_written(tree: Mapping[str, object], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in tree.items():
        if isinstance(value, dict):
            yield f"{indent}<outline text={_quoted(key.removeprefix('folder '))}>\n"
            yield from _tree_written(value, depth + 1)
            yield f"{indent}</outline>\n"
        else:
            yield f"{indent}{value}\n"


def _outline_written(
    feed: Feed, namespaces: _Namespaces, declarations: Callable[[], str] = lambda: ""
) -> str:
    """One outline; `declarations` gives those that must stand on it, once its names are known."""
    pairs = [("type", "rss"), ("text", feed.title), ("title", feed.title), ("xmlUrl", feed.url)]
    if feed.site_url:
        pairs.append(("htmlUrl", feed.site_url))
    if feed.tags:
        pairs.append(("category", ",".join(f"/{tag}" for tag in feed.tags)))
    if feed.interval is not None:
        pairs.append((f"{{{NAMESPACE}}}interval", duration_written(feed.interval)))
    if feed.full_text is not None:
        pairs.append((f"{{{NAMESPACE}}}full_text", str(feed.full_text).lower()))
    if feed.weight != 1.0:
        pairs.append((f"{{{NAMESPACE}}}weight", f"{feed.weight:.17g}"))
    named = dict(pairs) | dict(feed.attributes)  # the outline's own type and title win over ours
    attributes = " ".join(f"{namespaces.prefixed(name)}={_quoted(value)}" for name, value in named.items())
    return f"<outline{declarations()} {attributes}/>"


class _Namespaces:
    """Prefixes for Clark names: those that the document has declared, and new ones, which `declarations` gives."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        self._by_uri = {uri: prefix for prefix, uri in declared.items()}
        self._taken = set(declared)
        self._new: dict[str, str] = {}

    def prefixed(self, name: str) -> str:
        if not name.startswith("{"):
            return name
        uri, _, local = name[1:].rpartition("}")
        if uri not in self._by_uri:
            wanted = [_PREFIX] if uri == NAMESPACE else []
            fresh = (p for p in chain(wanted, (f"ns{n}" for n in count(1))) if p not in self._taken)
            self._by_uri[uri] = self._new[uri] = next(fresh)
            self._taken.add(self._by_uri[uri])
        return f"{self._by_uri[uri]}:{local}"

    def declarations(self) -> str:
        return "".join(f" xmlns:{prefix}={_quoted(uri)}" for uri, prefix in self._new.items())


def _quoted(value: str) -> str:
    entities = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    return f'"{escape(_writable(value), entities)}"'


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("", text)


# --- the text -------------------------------------------------------------------------------------


def _outlines(text: str) -> Iterator[_Outline]:
    """Every outline, in the order of their opening tags; tags that are never closed end with what holds them."""
    found: list[tuple[int, _Outline]] = []
    open_ones: list[tuple[int, re.Match[str], tuple[tuple[str, str], ...], tuple[str, ...]]] = []

    def closed(close: int, after: int) -> None:
        order, tag, attributes, folder = open_ones.pop()
        found.append((order, _Outline(tag.start(), tag.end(), close, after, attributes, folder)))

    order = 0
    for tag in _TAG.finditer(text):
        name = (tag["name"] or "").lower()
        if name == "outline" and not tag["close"]:
            order += 1
            attributes = _attributes(tag["attributes"])
            folder = tuple(_name(held) for _, _, held, _ in open_ones)
            open_ones.append((order, tag, attributes, folder))
            if tag["attributes"].rstrip().endswith("/"):
                closed(tag.end(), tag.end())
        elif name == "outline" and open_ones:
            closed(tag.start(), tag.end())
        elif name in ("body", "opml") and tag["close"]:
            while open_ones:
                closed(tag.start(), tag.start())
    while open_ones:
        closed(len(text), len(text))
    return (outline for _, outline in sorted(found, key=lambda pair: pair[0]))


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (match[1], html.unescape(match[2] or match[3] or (match[4] or "").removesuffix("/")))
        for match in _ATTRIBUTE.finditer(text)
    )


def _name(attributes: tuple[tuple[str, str], ...]) -> str:
    plain = {_PLAIN.get(key.lower(), ""): value for key, value in reversed(attributes)}
    return plain.get("text") or plain.get("title") or ""


def _prefixes(text: str) -> dict[str, str]:
    """Namespace prefixes declared anywhere, to their URIs."""
    return {
        match[1]: html.unescape(match[2])
        for match in re.finditer(r"""\sxmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""", text)
    }


def _clark(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    if colon and prefix in prefixes:
        return f"{{{prefixes[prefix]}}}{local}"
    return _PLAIN.get(name.lower(), name)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and the encoding it came in: by byte order mark, then as declared, then UTF-8, then Windows-1252."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding
    declared = re.match(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", data)
    for encoding in (
        declared[1].decode("ascii") if declared else "utf-8",
        "utf-8",
        "gb18030" if declared is None else "utf-8",
    ):
        try:
            if codecs.lookup(encoding).name.startswith("utf-16"):
                continue  # declared so, but without its mark: it is not
            return data.decode(encoding), encoding
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", "replace"), "cp1252"


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "xmlcharrefreplace")
