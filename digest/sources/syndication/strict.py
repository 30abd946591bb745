"""The strict lane: RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0 from a well-formed tree, each element read by its own rule.

Elements are known by namespace, never by prefix, and by lower-cased name, since feeds write PubDate.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, tostring

from digest.model import Enclosure
from digest.sources.syndication.dates import moment
from digest.sources.syndication.hints import schedule_hints
from digest.sources.syndication.raw import Body, RawEntry, RawFeed, escaped, name_of_author, newest, plain

_PREFIXES = {
    # What the four formats call their own; an item may mix them.
    **dict.fromkeys(
        (
            "http://www.w3.org/2005/atom",
            "http://purl.org/atom/ns#",
            "http://purl.org/rss/1.0/",
            "http://my.netscape.com/rdf/simple/0.9/",
            "http://my.netscape.com/publish/formats/rss-0.91.dtd",
            "http://backend.userland.com/rss",
            "http://backend.userland.com/rss2",
            "http://backend.userland.com/rss091",
            "http://blogs.law.harvard.edu/tech/rss",
            "http://channel.netscape.com/rdf/simple/0.9/",
            "http://example.com/newformat#",
        ),
        "",
    ),
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://purl.org/rss/modules/syndication/": "sy:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
}
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ROOTS = frozenset(("rss", "feed", "rdf:rdf", "channel", "rdf", "entry"))
"""An entry alone is a document too (RFC 4287, 2)."""
_ITEMS = frozenset(("item", "entry"))
_HTML_TYPES = frozenset(("", "html", "text/html", "application/xhtml+xml", "xhtml"))
_PAGE_TYPES = frozenset(("", "text/html", "application/xhtml+xml", "text/plain"))

_Fields = dict[str, list[Element]]


def read(root: Element, max_entries: int) -> RawFeed | None:
    """The feed in this tree; None when it is some other XML."""
    names = _Names(root)
    if names[root.tag] not in _ROOTS:  # a feed inside a page, or inside an envelope of somebody's own
        inside = next((element for element in root.iter() if names[element.tag] in _ROOTS), None)
        if inside is None:
            return None
        root = inside
    kind = names[root.tag]
    channel = next((child for child in root if names[child.tag] == "channel"), root)
    items = [child for parent in _distinct(channel, root) for child in parent if names[child.tag] in _ITEMS]
    # Items in odd places: inside another item, or inside an element of somebody's own.
    if not items or any(names[child.tag] in _ITEMS for item in items for child in item):
        items = [element for element in root.iter() if names[element.tag] in _ITEMS]
    if kind in ("rdf:rdf", "rdf") and channel is root and not items:
        return None
    reader = _Reader(names, atom=kind in ("feed", "entry"), base=_base("", *_distinct(root, channel)))
    kept = newest(items, max_entries, reader.date_of)
    return reader.feed(channel, kept, left_out=len(items) - len(kept))


def _distinct(first: Element, second: Element) -> tuple[Element, ...]:
    return (first,) if first is second else (first, second)


def _base(base: str, *elements: Element) -> str:
    for element in elements:
        if own := element.get(_XML_BASE):
            try:
                base = urljoin(base, own.strip())
            except ValueError:  # "http://["
                continue
    return base


class _Names(dict[str, str]):
    """Short names by tag ("{http://purl.org/dc/elements/1.1/}date" is "dc:date"), worked out once each."""

    def __init__(self, root: Element) -> None:
        super().__init__()
        self._own = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""

    def __missing__(self, tag: str) -> str:
        uri, _, local = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
        prefix = _PREFIXES.get(uri.lower())
        if prefix is None:  # a feed in a namespace of its own invention is still a feed
            prefix = "" if uri in ("", self._own) else "other:"
        self[tag] = name = prefix + local.lower()
        return name


class _Reader:
    """Reads the elements of one document."""

    def __init__(self, names: _Names, *, atom: bool, base: str) -> None:
        self._names = names
        self._atom = atom
        self._base = base

    def feed(self, channel: Element, items: list[Element], left_out: int) -> RawFeed:
        fields = self._fields(child for child in channel if self._names[child.tag] not in _ITEMS)
        language = _text(fields, "language", "dc:language") or channel.get(_XML_LANG, "")
        hours = self._children(fields, "skiphours", "hour")
        days = self._children(fields, "skipdays", "day")
        return RawFeed(
            title=self._title(fields),
            link=self._link(fields, _links(fields)),
            language=language.strip(),
            author=self._authors(fields, "author") if self._atom else "",
            base=self._base,
            hints=schedule_hints(
                _text(fields, "ttl"),
                hours,
                days,
                _text(fields, "sy:updateperiod"),
                _text(fields, "sy:updatefrequency"),
            ),
            entries=tuple(self._entry(item) for item in items),
            left_out=left_out,
        )

    def date_of(self, item: Element) -> datetime | None:
        fields = self._fields(item)
        return _moment(fields, *_PUBLISHED, *_UPDATED)

    def _entry(self, item: Element) -> RawEntry:
        fields = self._fields(item)
        base = _base(self._base, item)
        guid, permalink = self._guid(item, fields)
        links = _links(fields)
        contents = self._bodies(fields, _CONTENTS, base)
        summaries = self._bodies(fields, _SUMMARIES, base)
        if not contents and not summaries:
            summaries = self._descriptions(fields, base)
        return RawEntry(
            guid=guid,
            link=self._link(fields, links) or permalink,
            title=self._title(fields),
            author=self._authors(fields, "author", "dc:creator", "itunes:author"),
            published=_moment(fields, *_PUBLISHED),
            updated=_moment(fields, *_UPDATED),
            contents=contents,
            summaries=summaries,
            language=(item.get(_XML_LANG) or _text(fields, "dc:language", "language")).strip(),
            categories=self._categories(fields),
            enclosures=self._enclosures(fields, links),
            comments=_text(fields, "comments") or _href(links, "replies"),
            via=_href(links, "via"),
            related=_href(links, "related"),
            base=base,
        )

    def _fields(self, elements: Iterable[Element]) -> _Fields:
        fields: _Fields = {}
        names = self._names
        for element in elements:
            fields.setdefault(names[element.tag], []).append(element)
        return fields

    def _children(self, fields: _Fields, parent: str, name: str) -> list[str]:
        return [
            child.text or ""
            for element in fields.get(parent, ())
            for child in element
            if self._names[child.tag] == name
        ]

    def _guid(self, item: Element, fields: _Fields) -> tuple[str, str]:
        """The id, and the address that it is if it is one (RSS 2.0: isPermaLink is true unless it says false)."""
        for element in fields.get("guid", ()):
            if guid := (element.text or "").strip():
                said = element.get("isPermaLink", "").strip().lower()
                is_link = said == "true" or (said != "false" and _is_web(guid))
                return guid, guid if is_link else ""
        guid = _text(fields, "id") or item.get(_ABOUT, "").strip()
        return guid, guid if _is_web(guid) else ""

    def _link(self, fields: _Fields, links: list[Element]) -> str:
        if original := _text(fields, "feedburner:origlink"):
            return original
        written = "" if self._atom else _text(fields, "link")
        return written or _href(links, "alternate") or _text(fields, "link")

    def _title(self, fields: _Fields) -> str:
        for name in ("title", "dc:title", "media:title", "itunes:title"):
            for element in fields.get(name, ()):
                kind = element.get("type", "").strip().lower()
                # RSS leaves open whether a title is HTML, and most of it is; Atom says it, and text is the default.
                is_html = kind in _HTML_TYPES if kind else not self._atom
                text = "".join(element.itertext()) if len(element) else element.text
                if text and (title := plain(text, is_html=is_html)):
                    return title
        return ""

    def _bodies(self, fields: _Fields, names: tuple[str, ...], base: str) -> tuple[Body, ...]:
        elements = [element for name in names if name in fields for element in fields[name]]
        bodies = [self._body(element, base) for element in elements]
        return tuple(body for body in bodies if body.html)

    def _body(self, element: Element, base: str) -> Body:
        base = _base(base, element)
        kind = element.get("type", "").strip().lower()
        if len(element):
            return Body(self._inner(element), base)
        text = (element.text or "").strip()
        if not text or element.get("src"):
            return Body("")
        is_text = kind in ("text", "text/plain") or (not kind and self._atom_names(element))
        return Body(escaped(text) if is_text else text, base)

    def _atom_names(self, element: Element) -> bool:
        """Atom 1.0's own content and summary, which are text when they do not say otherwise (RFC 4287, 3.1.1)."""
        return self._atom and element.tag.startswith("{http://www.w3.org/2005/Atom}")

    def _inner(self, element: Element) -> str:
        """The markup inside, without namespaces; the one div that Atom wants around XHTML is left out."""
        for inside in element.iter():
            inside.tag = inside.tag.rpartition("}")[2]
            for name in [name for name in inside.attrib if name.startswith("{")]:
                del inside.attrib[name]
        children = list(element)
        if len(children) == 1 and children[0].tag == "div" and not (element.text or "").strip():
            element = children[0]
        try:
            markup = [tostring(child, encoding="unicode", method="html") for child in element]
        except RecursionError:  # nested a thousand deep: the words are what is left
            return escaped("".join(element.itertext()))
        return (escaped(element.text or "") if (element.text or "").strip() else "") + "".join(markup).strip()

    def _descriptions(self, fields: _Fields, base: str) -> tuple[Body, ...]:
        """The text beside a video or podcast, when the entry has no other."""
        found = list(self._media(fields, "media:description")) + fields.get("itunes:summary", [])
        texts = [(element, (element.text or "").strip()) for element in found]
        return tuple(
            Body(text if element.get("type") == "html" or "</" in text else escaped(text), base)
            for element, text in texts
            if text
        )

    def _media(self, fields: _Fields, name: str) -> list[Element]:
        """Elements of Media RSS, which stand in the item, in a group or in the content they describe."""
        found = list(fields.get(name, ()))
        for container in ("media:group", "media:content"):
            for element in fields.get(container, ()):
                if len(element):
                    found += (inside for inside in element.iter() if self._names[inside.tag] == name)
        return found

    def _authors(self, fields: _Fields, *names: str) -> str:
        for name in names:
            found = [self._author(element) for element in fields.get(name, ())]
            if kept := list(dict.fromkeys(filter(None, found))):
                return ", ".join(kept)
        return ""

    def _author(self, element: Element) -> str:
        if not len(element):
            return name_of_author(element.text or "")
        parts = self._fields(element)
        return name_of_author(_text(parts, "name") or _text(parts, "email"))

    def _categories(self, fields: _Fields) -> tuple[str, ...]:
        found: list[str] = []
        for name in ("category", "dc:subject", "media:category", "itunes:category"):
            for element in fields.get(name, ()):
                term = (
                    element.get("term") or element.get("text") or element.text or element.get("label") or ""
                )
                if _is_web(term):  # Blogger's kind#post, and schemes whose label is for people
                    term = element.get("label", "")
                found.append(plain(term))
        for element in (*fields.get("itunes:keywords", ()), *self._media(fields, "media:keywords")):
            found += (plain(word) for word in (element.text or element.get("text") or "").split(","))
        return tuple(dict.fromkeys(filter(None, found)))

    def _enclosures(self, fields: _Fields, links: list[Element]) -> tuple[Enclosure, ...]:
        attached = [link for link in links if link.get("rel") == "enclosure"]
        found: dict[str, Enclosure] = {}
        for element in (*fields.get("enclosure", ()), *attached, *self._media(fields, "media:content")):
            url = (element.get("url") or element.get("href") or "").strip()
            length = (element.get("length") or element.get("fileSize") or "").strip()
            size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
            if url:
                found.setdefault(url, Enclosure(url, element.get("type", "").strip(), size or None))
        return tuple(found.values())


_CONTENTS = ("content:encoded", "content", "xhtml:body", "xhtml:div", "body")
_SUMMARIES = ("description", "summary")
_PUBLISHED = ("pubdate", "published", "issued", "dcterms:issued", "dcterms:created", "created", "dc:date")
_UPDATED = ("updated", "modified", "dcterms:modified")


def _moment(fields: _Fields, *names: str) -> datetime | None:
    for name in names:
        for element in fields.get(name, ()):
            if found := moment(element.text or ""):
                return found
    return None


def _links(fields: _Fields) -> list[Element]:
    """Links in Atom's form, which RSS borrows."""
    return [element for element in fields.get("link", ()) if element.get("href")]


def _text(fields: _Fields, *names: str) -> str:
    """The first words under one of these names."""
    for name in names:
        for element in fields.get(name, ()):
            if element.text and (text := element.text.strip()):
                return text
    return ""


def _href(links: list[Element], rel: str) -> str:
    """Where the first link of this relation leads to, a page if there is one."""
    chosen = ""
    for link in links:
        if link.get("rel", "alternate") == rel and (address := link.get("href", "").strip()):
            if link.get("type", "") in _PAGE_TYPES:
                return address
            chosen = chosen or address
    return chosen


def _is_web(text: str) -> bool:
    return text.startswith(("http://", "https://"))
