"""Subscription lists: OPML in and out, text only. Reading takes what people's files really hold; editing splices.

The reader is a tokenizer of start and end tags, not an XML parser: two of three lists in the wild are not well-formed,
it knows where each outline stands, so that adding and removing leave the rest of the user's file as it was, and
without a DTD there are no entities to expand and nothing to load.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from digest.durations import duration
from digest.durations import written as duration_written
from digest.errors import OpmlError
from digest.model import Feed

NAMESPACE = "urn:digest:opml"
"""Of interval ("6h"), full_text ("true") and weight ("1.5"), which OPML has no words for."""

_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
_UNDECLARED = "urn:undeclared-prefix:"

_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>"
    # A start or end tag: attribute values may hold a stray "<", though not a whole tag of ours.
    r"|<(?P<end>/?)(?P<name>[A-Za-z_][\w:.-]*)"
    r"(?P<attributes>(?:[^<>\"']|\"(?:[^\"<]|<(?!/?(?i:outline|body|opml)\b))*\"|'(?:[^'<]|<(?!/?(?i:outline|body|opml)\b))*')*)>"
    # The same with its quotes broken: up to the last ">" before the next tag.
    r"|<(?P<end2>/?)(?P<name2>[A-Za-z_][\w:.-]*)(?P<attributes2>[^<]*)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w:.-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Subscriptions = tuple[tuple[Feed, ...], tuple[str, ...]]


# --- reading --------------------------------------------------------------------------------------


def subscriptions(data: bytes, name: str) -> Subscriptions:
    """The feeds in the order of the file, each address once, and what was odd, each with its line.

    Raises OpmlError, with `name` as its subject, for a document that is no OPML at all.
    """
    text = _decoded(data).text
    if not _is_opml(text):
        raise OpmlError(
            name, f"this is {_kind(text)}, not OPML: a list begins with <opml> and holds <outline> elements"
        )
    feeds: dict[str, Feed] = {}
    warnings: list[str] = []
    for outline in _outlines(text):
        line = text.count("\n", 0, outline.start) + 1
        feed = _feed(outline)
        if feed is None:
            if outline.address is not None:
                warnings.append(
                    f"line {line}: an outline without an address ({_title(outline) or 'no title'})"
                )
        elif feed.url in feeds:
            warnings.append(f"line {line}: {feed.url} again; the first one counts")
        else:
            feeds[feed.url] = feed
            warnings += [f"line {line}: {feed.url}: {words}" for words in _misunderstood(outline, feed)]
    return tuple(feeds.values()), tuple(warnings)


def _misunderstood(outline: _Outline, feed: Feed) -> Iterator[str]:
    """Settings of ours that are there and make no sense; they count as not set."""
    expected = {
        "interval": (feed.interval, 'a duration such as "6h"'),
        "full_text": (feed.full_text, '"true" or "false"'),
        "weight": (_number(outline.attributes.get(f"{{{NAMESPACE}}}weight", "")), 'a number such as "1.5"'),
    }
    for name, (value, form) in expected.items():
        if value is None and (given := outline.attributes.get(f"{{{NAMESPACE}}}{name}")):
            yield f"{name} {given!r} is not {form}"


@dataclass(slots=True)
class _Outline:
    """One outline element: its attributes by lower-cased name or, with a namespace, in Clark notation; its place."""

    attributes: dict[str, str]
    folder: tuple[str, ...]
    start: int
    tag_end: int
    """After the start tag."""
    end: int
    """After the end tag."""
    is_empty: bool
    """Written as <outline/>."""
    names: dict[str, str] = field(default_factory=dict)
    """Attribute names as written, by the key above."""

    @property
    def address(self) -> str | None:
        """The feed's address, "" if the attribute is there and empty, None if this is no subscription."""
        address = self.attributes.get("xmlurl")
        if address is None and self.attributes.get("type", "").lower() in ("rss", "atom"):
            address = self.attributes.get("url")
        return None if address is None else _address(address)


def _outlines(text: str) -> Iterator[_Outline]:
    """All outlines, parents before children."""
    found: list[_Outline] = []
    stack: list[_Open] = []
    for token in _tags(text):
        if token.name not in _NESTING:
            continue
        if token.is_end:
            _close(stack, token)
            continue
        around = stack[-1] if stack else _Open("", {})
        scope = {**around.scope, **prefixes} if (prefixes := token.prefixes()) else around.scope
        inner = _Open(token.name, scope, around.folder)
        if token.name == "outline":
            attributes, names = token.attributes(scope)
            outline = _Outline(
                attributes, around.folder, token.start, token.end, token.end, token.is_empty, names
            )
            found.append(outline)
            title = _title(outline)
            folder = (*around.folder, title) if title and len(around.folder) < _MAX_DEPTH else around.folder
            inner = _Open(token.name, scope, folder, outline)
        if not token.is_empty:
            stack.append(inner)
    for left in stack:  # never closed: up to the end
        if left.outline:
            left.outline.end = len(text)
    return iter(found)


_NESTING = frozenset(("opml", "body", "outline"))
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that has begun: the namespaces that hold in it by prefix, and the folder that it is."""

    name: str
    scope: dict[str, str]
    folder: tuple[str, ...] = ()
    outline: _Outline | None = None


def _close(stack: list[_Open], token: _Tag) -> None:
    """Ends the nearest open element of this name and what is open inside it; a stray end tag ends nothing."""
    if all(inner.name != token.name for inner in stack):
        return
    while stack:
        inner = stack.pop()
        if inner.outline:
            inner.outline.end = token.end if inner.name == token.name else token.start
        if inner.name == token.name:
            return


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    """Lower case."""
    written: str
    """What stands between the name and ">"."""
    is_end: bool
    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        return self.written.rstrip().endswith("/")

    def prefixes(self) -> dict[str, str]:
        """Namespaces by the prefixes declared here."""
        return {
            name[6:]: value
            for name, value in _attributes(self.written)
            if name.startswith("xmlns:") and len(name) > 6
        }

    def attributes(self, scope: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        found: dict[str, str] = {}
        names: dict[str, str] = {}
        for name, value in _attributes(self.written):
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            prefix, colon, local = name.partition(":")
            if colon and prefix and local:
                key = f"{{{scope.get(prefix, _XML_NAMESPACE if prefix == 'xml' else _UNDECLARED + prefix)}}}{local}"
            else:
                key = name.lower()
            if key not in found:
                found[key] = value
                names[key] = name
        return found, names


def _tags(text: str) -> Iterator[_Tag]:
    for match in _TOKEN.finditer(text):
        name = match["name"] or match["name2"]
        if name:
            written = match["attributes"] if match["name"] else match["attributes2"]
            yield _Tag(name.lower(), written, bool(match["end"] or match["end2"]), match.start(), match.end())


def _attributes(written: str) -> Iterator[tuple[str, str]]:
    """Name and value; entities and control characters resolved, white space as XML normalises it."""
    for name, double, single, bare in _ATTRIBUTE.findall(written.rstrip("/ \t\r\n") + " "):
        value = re.sub(r"[\t\r\n]", " ", double or single or bare)
        yield name, _CONTROL.sub("", html.unescape(value) if "&" in value else value)


def _title(outline: _Outline) -> str:
    return outline.attributes.get("text", "").strip() or outline.attributes.get("title", "").strip()


def _address(text: str) -> str:
    """feed://x and feed:https://x, which browsers once used, are http addresses."""
    text = re.sub(r"(?i)^feed:(?://)?(?=https?:)", "", text.strip())
    return re.sub(r"(?i)^feed://", "https://", text)


_OURS = frozenset(("interval", "full_text", "weight"))
_READ = frozenset(("xmlurl", "htmlurl", "text", "category", *(f"{{{NAMESPACE}}}{name}" for name in _OURS)))


def _feed(outline: _Outline) -> Feed | None:
    if not outline.address:
        return None
    values = outline.attributes
    title = _title(outline)
    dropped = set(_READ)
    if "xmlurl" not in values:
        dropped.add("url")
    if values.get("title", "").strip() in ("", title):
        dropped.add("title")
    if values.get("type", "").lower() in ("", "rss"):
        dropped.add("type")
    weight = _number(values.get(f"{{{NAMESPACE}}}weight", ""))
    return Feed(
        url=outline.address,
        title=title,
        site_url=values.get("htmlurl", "").strip(),
        tags=_tags_of(values.get("category", "")),
        interval=_interval(values.get(f"{{{NAMESPACE}}}interval", "")),
        full_text={"true": True, "false": False}.get(
            values.get(f"{{{NAMESPACE}}}full_text", "").strip().lower()
        ),
        weight=1.0 if weight is None else weight,
        folder=outline.folder,
        attributes=tuple(
            (key if key.startswith("{") else outline.names[key], value)
            for key, value in values.items()
            if key not in dropped
        ),
    )


def _tags_of(category: str) -> tuple[str, ...]:
    """OPML 2.0: comma-separated, slash-delimited; "/ai,/llm" are the tags ai and llm."""
    paths = (filter(None, (step.strip() for step in path.split("/"))) for path in category.split(","))
    return tuple(dict.fromkeys(tag for path in paths if (tag := "/".join(path))))


def _interval(text: str) -> timedelta | None:
    try:
        return duration(text) or None
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None


# --- what a document is, and its encoding ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    encoding: str
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        return self.mark + text.encode(self.encoding, "xmlcharrefreplace")


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _decoded(data: bytes) -> _Decoded:
    """By its mark, as UTF-8, by its declaration, else as Windows-1252 with every byte meaning something."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _Decoded(data[len(mark) :].decode(encoding, "replace"), encoding, mark)
    declared = _DECLARED.match(data)
    label = declared[1].decode("ascii").lower() if declared else "utf-8"
    for encoding in ("utf-8", "gb18030" if label in ("gb2312", "gbk") else label, "cp1252"):
        try:
            return _Decoded(data.decode(encoding), encoding)
        except (UnicodeError, LookupError):
            continue
    return _Decoded(data.decode("latin-1"), "latin-1")


def _is_opml(text: str) -> bool:
    names = {tag.name for tag in _tags(text[:200_000])}
    return "opml" in names or ("outline" in names and "html" not in names)


def _kind(text: str) -> str:
    head = text[:2_000].strip("\ufeff \t\r\n")
    root = next((tag.name for tag in _tags(head)), "")
    if not head:
        return "an empty file"
    if root in ("rss", "feed", "rdf:rdf"):
        return "a feed (subscribe to it with `digest feeds add`)"
    if root == "html" or head[:9].lower() == "<!doctype":
        return "an HTML page"
    if root:
        return f"an XML document with the root <{root}>"
    if head[0] in "{[":
        return "JSON"
    words = " ".join(head[:40].split())
    return f"text that begins with {words!r}" if words.isprintable() else "a binary file"


# --- writing --------------------------------------------------------------------------------------


def written(feeds: Sequence[Feed], title: str = "Subscriptions") -> bytes:
    """A new list with these feeds in their order and folders: what `subscriptions` reads back as it was."""
    prefixes = _prefixes(feeds)
    declarations = "".join(f' xmlns:{prefix}="{_quoted(uri)}"' for uri, prefix in prefixes.items())
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0"{declarations}>',
        f"  <head>\n    <title>{html.escape(_CONTROL.sub('', title), quote=False)}</title>\n  </head>",
        "  <body>",
    ]
    open_folders: tuple[str, ...] = ()
    for feed in feeds:
        common = _common(open_folders, feed.folder)
        lines += (f"{_indent(depth)}</outline>" for depth in range(len(open_folders), common, -1))
        for depth, name in enumerate(feed.folder[common:], common + 1):
            lines.append(f'{_indent(depth)}<outline text="{_quoted(name)}" title="{_quoted(name)}">')
        lines.append(_indent(len(feed.folder) + 1) + _outline_of(feed, prefixes))
        open_folders = feed.folder
    lines += (f"{_indent(depth)}</outline>" for depth in range(len(open_folders), 0, -1))
    lines += ["  </body>", "</opml>", ""]
    return "\n".join(lines).encode()


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _indent(depth: int) -> str:
    return "    " + "  " * (depth - 1)


def _prefixes(feeds: Sequence[Feed]) -> dict[str, str]:
    """A prefix for every namespace in use."""
    uris = {key[1:].partition("}")[0] for feed in feeds for key, _ in feed.attributes if key.startswith("{")}
    prefixes = {NAMESPACE: "digest"} if any(_own_values(feed) for feed in feeds) else {}
    for uri in sorted(uris - {_XML_NAMESPACE, NAMESPACE}):
        prefixes[uri] = f"ns{len(prefixes)}"
    return prefixes


def _own_values(feed: Feed) -> list[tuple[str, str]]:
    values = []
    if feed.interval is not None:
        values.append(("interval", duration_written(feed.interval)))
    if feed.full_text is not None:
        values.append(("full_text", "true" if feed.full_text else "false"))
    if feed.weight != 1.0:
        values.append(
            ("weight", f"{feed.weight:g}" if float(f"{feed.weight:g}") == feed.weight else repr(feed.weight))
        )
    return values


def _outline_of(feed: Feed, prefixes: dict[str, str], declarations: str = "") -> str:
    title = next((value for key, value in feed.attributes if key == "title"), feed.title)
    kind = next((value for key, value in feed.attributes if key == "type"), "rss")
    values = [("text", feed.title), ("title", title), ("type", kind), ("xmlUrl", feed.url)]
    if feed.site_url:
        values.append(("htmlUrl", feed.site_url))
    if feed.tags:
        values.append(("category", ",".join(f"/{tag}" for tag in feed.tags)))
    values += ((f"{prefixes[NAMESPACE]}:{name}", value) for name, value in _own_values(feed))
    for key, value in feed.attributes:
        if key.startswith("{"):
            uri, _, local = key[1:].partition("}")
            values.append((f"{'xml' if uri == _XML_NAMESPACE else prefixes[uri]}:{local}", value))
        elif key not in ("title", "type"):
            values.append((key, value))
    return (
        "<outline " + " ".join(f'{name}="{_quoted(value)}"' for name, value in values) + f"{declarations}/>"
    )


def _quoted(text: str) -> str:
    return (
        html.escape(_CONTROL.sub("", text))
        .replace("\n", "&#10;")
        .replace("\r", "&#13;")
        .replace("\t", "&#9;")
    )


# --- editing --------------------------------------------------------------------------------------


def added(data: bytes, feed: Feed, folder: tuple[str, ...] = ()) -> bytes:
    """The user's file with one more subscription at the end of a folder, which is made if it is not there.

    Everything else stays as it was; a feed that is already there changes nothing.
    """
    return all_added(data, (feed,), folder)


def all_added(data: bytes, feeds: Iterable[Feed], folder: tuple[str, ...] = ()) -> bytes:
    """`added` for many feeds of one folder, with one reading of the file."""
    document = _decoded(data)
    text = document.text
    if not _is_opml(text):
        raise OpmlError("", f"this is {_kind(text)}, not OPML: nothing was added")
    outlines = list(_outlines(text))
    there = {outline.address for outline in outlines}
    new = {_address(feed.url): feed for feed in feeds if _address(feed.url) not in there}
    fresh = [_standalone(feed) for feed in new.values()]
    if not fresh:
        return data
    parent, missing = _nearest(outlines, folder)
    lines = [
        *((depth, f'<outline text="{_quoted(n)}" title="{_quoted(n)}">') for depth, n in enumerate(missing)),
        *((len(missing), element) for element in fresh),
        *((depth, "</outline>") for depth in reversed(range(len(missing)))),
    ]
    if parent is None:
        body = next((tag for tag in _tags(text) if tag.name == "body" and tag.is_empty), None)
        if body:  # <body/> becomes a pair
            text = f"{text[: body.start]}<body>\n</body>{text[body.end :]}"
        return document.encoded(_before_end(text, lines, *_end_of_body(text)))
    if parent.is_empty:
        head = text[parent.start : parent.tag_end].rstrip("> \t\r\n").rstrip("/").rstrip()
        inside = "".join(element for _, element in lines)
        return document.encoded(f"{text[: parent.start]}{head}>{inside}</outline>{text[parent.tag_end :]}")
    end_tag = text.rfind("</", parent.tag_end, parent.end)
    at = end_tag if end_tag >= 0 and text[parent.end - 1] == ">" else parent.end
    return document.encoded(_before_end(text, lines, at, _indent_at(text, parent.start)))


def _standalone(feed: Feed) -> str:
    """The outline with the namespaces it uses declared on itself: nothing else in the file has to change."""
    prefixes = _prefixes([feed])
    declarations = "".join(f' xmlns:{prefix}="{_quoted(uri)}"' for uri, prefix in prefixes.items())
    return _outline_of(feed, prefixes, declarations)


def _nearest(outlines: list[_Outline], folder: tuple[str, ...]) -> tuple[_Outline | None, tuple[str, ...]]:
    """The outline of the deepest part of that folder that exists, and the parts that do not."""
    for depth in range(len(folder), 0, -1):
        for outline in outlines:
            if outline.address is None and (*outline.folder, _title(outline)) == folder[:depth]:
                return outline, folder[depth:]
    return None, folder


def _end_of_body(text: str) -> tuple[int, str]:
    """Where </body> stands, or </opml>, or the end; and how far it is indented."""
    ends = {tag.name: tag.start for tag in _tags(text) if tag.is_end}
    at = ends.get("body", ends.get("opml", len(text)))
    return at, _indent_at(text, at)


def _indent_at(text: str, at: int) -> str:
    """The white space before an element that begins its line."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line if not line.strip() else ""


def _before_end(text: str, elements: Sequence[tuple[int, str]], at: int, indent: str) -> str:
    """Put in before an end tag: each on a line of its own, deeper by its depth and one, if the end tag has one."""
    line = text.rfind("\n", 0, at) + 1
    if text[line:at].strip():
        return text[:at] + "".join(element for _, element in elements) + text[at:]
    ending = "\r\n" if text[max(line - 2, 0) : line] == "\r\n" else "\n"
    step = "\t" if "\t" in indent else "  "
    lines = "".join(f"{indent}{step * (depth + 1)}{element}{ending}" for depth, element in elements)
    return f"{text[:line]}{lines}{text[line:]}"


def removed(data: bytes, url: str) -> bytes:
    """The user's file without the subscriptions to this address; everything else as it was."""
    document = _decoded(data)
    text = document.text
    for outline in sorted(_outlines(text), key=lambda outline: outline.start, reverse=True):
        if outline.address == _address(url):
            start, end = _with_its_line(text, outline.start, outline.end)
            text = text[:start] + text[end:]
    return data if text == document.text else document.encoded(text)


def _with_its_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole line, if there is nothing else on it."""
    line = text.rfind("\n", 0, start) + 1
    after = re.compile(r"[ \t]*(?:\r?\n|\Z)").match(text, end)
    if after and not text[line:start].strip():
        return line, after.end()
    return start, end
